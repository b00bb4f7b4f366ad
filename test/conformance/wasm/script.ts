/**
 * Test scripts of the specification's suite (`.wast`): a lexer and nested lists with offsets, from which commands are
 * read. Text modules are not parsed here; their source goes to the assembler.
 */

export interface List {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly start: number;
  readonly end: number;
}

export interface Atom {
  readonly kind: "atom";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A string literal as its bytes. */
export interface Text {
  readonly kind: "string";
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export type Node = List | Atom | Text;

const TOKEN = /\(;|;;[^\n]*|"(?:[^"\\]|\\[\s\S])*"|\(|\)|[^\s()";]+|\s+|;/gy;

/** Parses a script given as Latin-1 text, one character per byte. */
export function parseScript(source: string): readonly Node[] {
  const top: Node[] = [];
  const open: { items: Node[]; start: number }[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const start = TOKEN.lastIndex;
    if (start >= source.length) break;
    const match = TOKEN.exec(source);
    if (match === null) throw new Error(`unreadable script at ${start}`);
    const text = match[0];
    const into = open.at(-1)?.items ?? top;
    if (text === "(;") TOKEN.lastIndex = endOfComment(source, start);
    else if (text === "(") open.push({ items: [], start });
    else if (text === ")") {
      const list = open.pop();
      if (list === undefined) throw new Error(`unbalanced parenthesis at ${start}`);
      const [first] = list.items;
      // Annotations may stand anywhere and mean nothing to a script.
      if (first?.kind === "atom" && first.text.startsWith("@")) continue;
      (open.at(-1)?.items ?? top).push({ kind: "list", items: list.items, start: list.start, end: start + 1 });
    } else if (text.startsWith('"')) {
      into.push({ kind: "string", bytes: unescaped(text.slice(1, -1)), start, end: start + text.length });
    } else if (!/^[\s;]/.test(text)) into.push({ kind: "atom", text, start, end: start + text.length });
  }
  if (open.length > 0) throw new Error("unbalanced parenthesis at the end");
  return top;
}

/** Block comments nest. */
function endOfComment(source: string, start: number): number {
  let depth = 0;
  const mark = /\(;|;\)/g;
  mark.lastIndex = start;
  for (let found = mark.exec(source); found !== null; found = mark.exec(source)) {
    depth += found[0] === "(;" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return source.length;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '"': 34, "'": 39, "\\": 92 };

function unescaped(text: string): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char !== 92) {
      out.push(char);
      continue;
    }
    const next = text[at + 1] ?? "";
    const plain = ESCAPES[next];
    if (plain !== undefined) {
      out.push(plain);
      at += 1;
    } else if (next === "u") {
      const close = text.indexOf("}", at);
      const point = Number.parseInt(text.slice(at + 3, close).replaceAll("_", ""), 16);
      out.push(...new TextEncoder().encode(String.fromCodePoint(point)));
      at = close;
    } else {
      out.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Uint8Array.from(out);
}

/** The source of a text module with bytes beyond ASCII in strings escaped, which the assembler takes as they are meant. */
export function asciiSource(source: string, start: number, end: number): string {
  return source
    .slice(start, end)
    .replace(/"(?:[^"\\]|\\[\s\S])*"|\(;[\s\S]*?;\)|;;[^\n]*/g, (token) =>
      token.startsWith(";;") || token.startsWith("(;")
        ? token.replace(/[\u0080-\u00ff]/g, "?")
        : token.replace(/[\u0080-\u00ff]/g, (byte) => `\\${byte.charCodeAt(0).toString(16).padStart(2, "0")}`),
    );
}

export const head = (node: Node | undefined): string =>
  node?.kind === "list" && node.items[0]?.kind === "atom" ? node.items[0].text : "";

export const isId = (node: Node | undefined): node is Atom => node?.kind === "atom" && node.text.startsWith("$");

export function lineOf(source: string, at: number): number {
  let line = 1;
  for (let found = source.indexOf("\n"); found !== -1 && found < at; found = source.indexOf("\n", found + 1)) line += 1;
  return line;
}
