/**
 * Folded stacks as a flame graph: one SVG that needs nothing else. Width is the share of samples, height the depth of
 * calls, callers below; each box says its name and share when it is pointed at. Colours tell neighbours apart, no more.
 */

export interface FlameOptions {
  readonly title: string;
  readonly subtitle?: string;
}

interface Box {
  readonly name: string;
  count: number;
  readonly inside: Map<string, Box>;
}

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 18;
const TOP = 56;
const BOTTOM = 14;
/** Narrower boxes are left away, with what is above them. */
const NARROWEST = 0.3;
const CHARACTER = 6.6;
const DEPTH_MAX = 256;

export function flameGraph(stacks: ReadonlyMap<string, number>, { title, subtitle = "" }: FlameOptions): string {
  const { root, depth } = tree(stacks);
  const height = TOP + (depth + 1) * ROW + BOTTOM;
  const scale = (WIDTH - 2 * MARGIN) / Math.max(1, root.count);
  const parts: string[] = [];
  const pending: { readonly box: Box; readonly x: number; readonly level: number }[] = [
    { box: root, x: MARGIN, level: 0 },
  ];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    const { box, x, level } = one;
    const width = box.count * scale;
    parts.push(boxText(box, x, height - BOTTOM - (level + 1) * ROW, width, root.count));
    let left = x;
    for (const inner of [...box.inside.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const innerWidth = inner.count * scale;
      if (innerWidth >= NARROWEST) pending.push({ box: inner, x: left, level: level + 1 });
      left += innerWidth;
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ` font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">\n`,
    `<style>g:hover rect { stroke: #222; stroke-width: 1 } text { pointer-events: none }</style>\n`,
    `<rect width="100%" height="100%" fill="#fdfcf8"/>\n`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="16">${escaped(title)}</text>\n`,
    `<text x="${WIDTH / 2}" y="42" text-anchor="middle" fill="#555">${escaped(subtitle)}</text>\n`,
    ...parts,
    "</svg>\n",
  ].join("");
}

function tree(stacks: ReadonlyMap<string, number>): { readonly root: Box; readonly depth: number } {
  const root: Box = { name: "all", count: 0, inside: new Map() };
  let depth = 0;
  for (const [stack, count] of stacks) {
    let box = root;
    box.count += count;
    const names = stack.split(";").slice(0, DEPTH_MAX);
    depth = Math.max(depth, names.length);
    for (const name of names) {
      const inner: Box = box.inside.get(name) ?? { name, count: 0, inside: new Map() };
      box.inside.set(name, inner);
      inner.count += count;
      box = inner;
    }
  }
  return { root, depth };
}

function boxText({ name, count }: Box, x: number, y: number, width: number, all: number): string {
  const share = ((100 * count) / Math.max(1, all)).toFixed(1);
  const fits = Math.floor((width - 6) / CHARACTER);
  const label = fits < 3 ? "" : name.length <= fits ? name : `${name.slice(0, fits - 1)}…`;
  const text = label === "" ? "" : `<text x="${fixed(x + 3)}" y="${y + 13}">${escaped(label)}</text>`;
  return (
    `<g><title>${escaped(name)}: ${count} samples, ${share} %</title>` +
    `<rect x="${fixed(x)}" y="${y}" width="${fixed(Math.max(0.2, width - 0.4))}" height="${ROW - 1}" rx="1" ` +
    `fill="${colour(name)}"/>${text}</g>\n`
  );
}

const fixed = (value: number): string => value.toFixed(1);

/** Warm and light enough for dark text; the same name has the same colour in every picture. */
function colour(name: string): string {
  let mixed = 0x811c9dc5;
  for (let n = 0; n < name.length; n += 1) mixed = Math.imul(mixed ^ name.charCodeAt(n), 0x01000193) >>> 0;
  return `hsl(${12 + (mixed % 40)} ${70 + ((mixed >>> 8) % 20)}% ${66 + ((mixed >>> 16) % 14)}%)`;
}

function escaped(text: string): string {
  const known: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML does not admit control characters at all.
  return text.replace(/[&<>"]/g, (one) => known[one] ?? one).replace(/[\u0000-\u001f\ufffe\uffff]/g, "?");
}
