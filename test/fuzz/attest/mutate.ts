/**
 * Documents made wrong on purpose, knowing their structure: JSON by its tree, by its text and by its bytes, and what is
 * inside its base64 (JSON again, or DER). Each mutation draws from a chance of its own, so that a finding can be told
 * with fewer of them.
 */
import type { Random } from "../random.ts";
import { changedDer, twinned } from "./der.ts";

export interface Mutation {
  readonly how: string;
  /** Undefined where it does not apply. `others` are documents of the same kind, to take parts from. */
  make(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array | undefined;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A place in a JSON tree: what holds the value, and under which name. */
interface Place {
  readonly path: string;
  readonly value: Json;
  /** Dropped where undefined. True, so that a mutation can end with it. */
  set(value: Json | undefined): true;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "utf8"));
const isTree = (value: Json): value is Json[] | { [name: string]: Json } => typeof value === "object" && value !== null;

export function readTree(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The documents in a file: one, or one a line. */
export function documentsOf(bytes: Uint8Array): readonly string[] {
  const text = textOf(bytes);
  const lines = text.split("\n").filter((one) => one.trim() !== "");
  return lines.length > 1 && isTree(readTree(lines[0] ?? "") ?? null) ? lines : [text];
}

/** What nests deeper is left as it is: no document does, and the fuzzer's own stack has an end. */
const DEPTH_MAX = 100;

/** All places of a tree; `name` of an object's member is written as it is, an index in brackets. */
function placesIn(root: Json): readonly Place[] {
  const places: Place[] = [];
  const visit = (value: Json, path: string, depth = 0): void => {
    if (depth > DEPTH_MAX) return;
    if (Array.isArray(value)) {
      value.forEach((one, index) => {
        const set = (next: Json | undefined) => {
          value.splice(index, 1, ...(next === undefined ? [] : [next]));
          return true as const;
        };
        places.push({ path: `${path}[${index}]`, value: one, set });
        visit(one, `${path}[${index}]`, depth + 1);
      });
    } else if (isTree(value)) {
      for (const [name, one] of Object.entries(value)) {
        const set = (next: Json | undefined) => {
          if (next === undefined) delete value[name];
          else
            Object.defineProperty(value, name, { value: next, enumerable: true, writable: true, configurable: true });
          return true as const;
        };
        places.push({ path: `${path}.${name}`, value: one, set });
        visit(one, `${path}.${name}`, depth + 1);
      }
    }
  };
  visit(root, "");
  return places;
}

/** Changes one document of the file as a tree. */
function onTree(bytes: Uint8Array, random: Random, change: (root: Json) => boolean): Uint8Array | undefined {
  const documents = [...documentsOf(bytes)];
  const index = random.below(documents.length);
  const root = readTree(documents[index] ?? "");
  if (root === undefined || !change(root)) return undefined;
  documents[index] = JSON.stringify(root);
  return bytesOf(documents.join("\n"));
}

function tree(how: string, change: (place: Place, random: Random, all: readonly Place[]) => boolean): Mutation {
  return {
    how,
    make: (bytes, random) =>
      onTree(bytes, random, (root) => {
        const all = placesIn(root);
        return all.length > 0 && change(random.pick(all), random, all);
      }),
  };
}

/** Changes what stands in a base64 field, or a field of text. */
function field(how: string, change: (text: string, random: Random) => string | undefined): Mutation {
  return {
    how,
    make: (bytes, random) =>
      onTree(bytes, random, (root) => {
        const texts = placesIn(root).filter((one) => typeof one.value === "string" && one.value !== "");
        if (texts.length === 0) return false;
        const place = random.pick(texts);
        const next = change(String(place.value), random);
        if (next === undefined) return false;
        place.set(next);
        return true;
      }),
  };
}

function encoded(how: string, change: (inner: Buffer, random: Random) => Uint8Array | undefined): Mutation {
  return field(how, (text, random) => {
    const inner = Buffer.from(text, "base64");
    if (inner.length < 4 || inner.toString("base64") !== text) return undefined;
    const next = change(inner, random);
    return next === undefined ? undefined : Buffer.from(next).toString("base64");
  });
}

const NUMBERS = ["0", "-1", "-0", "00", "01", "+1", "1.0", "1e3", "0x10", " 7", "9007199254740993", "9".repeat(40), ""];
const VALUES: readonly Json[] = [null, true, 0, -1, 1e300, "", "x", [], {}, [[]], { a: 1 }];

function deep(depth: number): Json {
  let value: Json = [];
  for (let left = depth; left > 0; left -= 1) value = random2(left) ? [value] : { a: value };
  return value;
}
const random2 = (n: number) => n % 2 === 0;

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let left = 1 + random.small(3); left > 0 && out.length > 0; left -= 1) {
    const at = random.below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  }
  return out;
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.below(bytes.length);
  const to = Math.min(bytes.length, from + 1 + random.small(200));
  return random.chance(0.5)
    ? Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    : Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
}

/** Text that JSON reads as the same, or nearly. */
function respelled(text: string, random: Random): string | undefined {
  const root = readTree(text);
  const at = random.below(text.length);
  switch (random.below(7)) {
    case 0:
      return root === undefined ? undefined : JSON.stringify(root, undefined, 1 + random.below(3));
    case 1:
      return root === undefined ? undefined : JSON.stringify(reordered(root, random));
    case 2:
      return text.replace(/[a-z](?=[a-zA-Z]*")/, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
    case 3:
      return `\ufeff${text}`;
    case 4: {
      const names = [...text.matchAll(/"(\w+)":/g)];
      const name = names.length === 0 ? "a" : random.pick(names)[1];
      return text.replace("{", `{"${name}":${JSON.stringify(random.pick(VALUES))},`);
    }
    case 5:
      return text.slice(0, at) + random.pick([" ", "\t", "\r\n", "\0", "\v", "\u00a0", ",", "/**/"]) + text.slice(at);
    default:
      return text + random.pick([" ", "\n", "\n\n", "{}", "\n{}", "\nnull", "\0"]);
  }
}

function reordered(value: Json, random: Random, depth = 0): Json {
  if (depth > DEPTH_MAX || !isTree(value)) return value;
  if (Array.isArray(value)) return value.map((one) => reordered(one, random, depth + 1));
  const entries = Object.entries(value).map(([name, one]) => [name, reordered(one, random, depth + 1)] as const);
  return Object.fromEntries(entries.sort(() => (random.chance(0.5) ? 1 : -1)));
}

/** Note lines of a checkpoint, or any text of lines. */
function relined(text: string, random: Random): string | undefined {
  const lines = text.split("\n");
  if (lines.length < 3) return undefined;
  const [from, to] = [random.below(lines.length), random.below(lines.length)];
  const line = lines[from] ?? "";
  const kinds = [
    () => lines.splice(from, 1),
    () => lines.splice(to, 0, line),
    () => lines.splice(to, 0, `\u2014 witness.example ${Buffer.from(String(random.u32())).toString("base64")}`),
    () => lines.splice(from, 1, line.replace(/\S+/, "x")),
    () => lines.splice(from, 1, line.replace(/\u2014 \S+/, "\u2014 e")),
    () => lines.splice(from, 1, line.slice(0, random.below(line.length + 1))),
    () => lines.splice(to, 0, random.pick(["", " ", "and so on", "\u2014 a b"])),
  ];
  random.pick(kinds)();
  return lines.join("\n");
}

function respelledBase64(text: string, random: Random): string | undefined {
  if (Buffer.from(text, "base64").toString("base64") !== text) return undefined;
  const at = random.below(text.length);
  const lastBits = text.replace(/.(?==+$)/, (end) => String.fromCharCode(end.charCodeAt(0) + 1));
  return random.pick([
    text.replaceAll("+", "-").replaceAll("/", "_"),
    text.replaceAll("=", ""),
    `${text}=`,
    `${text.slice(0, at)}\n${text.slice(at)}`,
    `${text.slice(0, at)}!${text.slice(at)}`,
    lastBits,
    `${text}AAAA`,
  ]);
}

/** The twin of a signature in the last part of a checkpoint's line. */
function twinnedLine(text: string): string | undefined {
  const line = /(\u2014 \S+ )(\S+)\n/.exec(text);
  const bytes = Buffer.from(line?.[2] ?? "", "base64");
  const twin = bytes.length > 4 ? twinned(bytes.subarray(4)) : undefined;
  if (line === null || twin === undefined) return undefined;
  return text.replace(line[0], `${line[1]}${Buffer.concat([bytes.subarray(0, 4), twin]).toString("base64")}\n`);
}

export const MUTATIONS: readonly Mutation[] = [
  { how: "bits flipped", make: flipped },
  { how: "bytes cut or doubled", make: cut },
  {
    how: "text spelled differently",
    make(bytes, random) {
      const documents = [...documentsOf(bytes)];
      const index = random.below(documents.length);
      const next = respelled(documents[index] ?? "", random);
      if (next === undefined) return undefined;
      documents[index] = next;
      return bytesOf(documents.join("\n"));
    },
  },
  {
    how: "documents dropped, doubled, reordered",
    make(bytes, random, others) {
      const documents = [...documentsOf(bytes)];
      const [from, to] = [random.below(documents.length), random.below(documents.length)];
      const [one = ""] = random.chance(0.5) ? documents.splice(from, 1) : documents;
      documents.splice(
        to,
        0,
        ...(random.chance(0.3) ? [one, one] : random.chance(0.5) ? [textOf(random.pick(others)), one] : []),
      );
      return bytesOf(documents.map((text) => JSON.stringify(readTree(text) ?? null)).join("\n"));
    },
  },
  tree("a field dropped", (place) => place.set(undefined)),
  tree("a value of another kind", (place, random) => place.set(random.pick(VALUES))),
  tree("an item doubled", ({ value, set }) => {
    if (!Array.isArray(value) || value.length === 0) return false;
    set([...value, ...value.slice(-1)]);
    return true;
  }),
  tree("two values swapped", (place, random, all) => {
    const same = all.filter((one) => typeof one.value === typeof place.value && one.path !== place.path);
    if (same.length === 0) return false;
    place.set(structuredClone(random.pick(same).value));
    return true;
  }),
  tree("a field more", ({ value, set }, random) => {
    if (!isTree(value) || Array.isArray(value)) return false;
    const name = random.pick(["x", "__proto__", "constructor", "media_type", "toJSON", ""]);
    set(JSON.parse(`{${JSON.stringify(name)}:1,${JSON.stringify(value).slice(1)}`.replace(",}", "}")));
    return true;
  }),
  tree("nested deep", (place, random) => place.set(deep(random.pick([10, 70, 3000])))),
  field("a number at its edge", (text, random) => (/^\d+$/.test(text) ? random.pick(NUMBERS) : undefined)),
  field("a long text", (text, random) =>
    text.repeat(1 + Math.ceil(random.pick([300, 70_000, 1_100_000]) / text.length)),
  ),
  field("lines moved", relined),
  field("base64 spelled differently", respelledBase64),
  field("a signature's twin in a line", twinnedLine),
  encoded("bits flipped inside base64", flipped),
  encoded("bytes cut or doubled inside base64", cut),
  encoded("DER changed", changedDer),
  encoded("a signature's twin", twinned),
  encoded("JSON changed inside base64", (inner, random) => {
    const root = readTree(inner.toString("utf8"));
    const places = root === undefined ? [] : placesIn(root);
    if (root === undefined || places.length === 0) return undefined;
    random.pick(places).set(random.pick(VALUES));
    return bytesOf(JSON.stringify(root));
  }),
  {
    how: "a part taken from another",
    make: (bytes, random, others) =>
      onTree(bytes, random, (root) => {
        const other = readTree(random.pick(documentsOf(random.pick(others))));
        const theirs = new Map(placesIn(other ?? null).map((one) => [one.path, one.value]));
        const shared = placesIn(root).filter((one) => theirs.has(one.path));
        if (shared.length === 0) return false;
        const place = random.pick(shared);
        place.set(structuredClone(theirs.get(place.path) ?? null));
        return true;
      }),
  },
];
