/**
 * Mutations of bytes that know nothing of a module but its sections: flips, integers rewritten in place, truncation,
 * splices of two modules, sections moved, doubled, dropped, exchanged. Those that know instructions are in rewrite.ts.
 */
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import type { Random } from "../random.ts";

export type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const INTERESTING = [
  0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1000, 1001, 10_000, 50_000,
];
const LARGE = [65_535, 65_536, 65_537, 1_000_000, 10_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
/** Bytes that mean something in many places: opcodes, types, prefixes, flags. */
const BYTES = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x1a, 0x1b, 0x1c, 0x1f, 0x20, 0x21,
  0x40, 0x41, 0x4e, 0x4f, 0x50, 0x5e, 0x5f, 0x60, 0x63, 0x64, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71,
  0x72, 0x73, 0x74, 0x77, 0x78, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xd0, 0xd2, 0xd4, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
];

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

/** The sections as far as their sizes make sense; what is left over comes back apart. */
export function splitSections(bytes: Uint8Array): { readonly sections: readonly Section[]; readonly rest: Uint8Array } {
  const sections: Section[] = [];
  let at = 8;
  while (at < bytes.length) {
    let [size, shift, cursor] = [0, 0, at + 1];
    let byte = 128;
    while (byte >= 128 && shift < 35 && cursor < bytes.length) {
      byte = bytes[cursor] as number;
      size += (byte & 127) * 2 ** shift;
      shift += 7;
      cursor += 1;
    }
    if (byte >= 128 || cursor + size > bytes.length) break;
    sections.push({ id: bytes[at] as number, body: bytes.subarray(cursor, cursor + size) });
    at = cursor + size;
  }
  return { sections, rest: bytes.subarray(at) };
}

export function joinSections(head: Uint8Array, sections: readonly Section[], rest: Uint8Array): Uint8Array {
  const out = new ByteWriter(head.length + rest.length + 1024);
  out.raw(head.subarray(0, 8));
  for (const { id, body } of sections) {
    out.byte(id);
    out.block(body);
  }
  out.raw(rest);
  return out.bytes.slice();
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}

/** A position, past a module's header nearly always. */
function position(bytes: Uint8Array, random: Random): number {
  const header = bytes[0] === 0 && bytes[1] === 0x61 && !random.chance(0.01) ? 8 : 0;
  return header + random.below(Math.max(0, bytes.length - header) + 1);
}

function flip(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  for (let left = 1 + random.small(4); left > 0; left -= 1) {
    const at = position(bytes, random);
    const old = out[at] ?? 0;
    if (at >= out.length) continue;
    const values = [old ^ (1 << random.below(8)), random.pick(BYTES), old + 1, old - 1, random.below(256)];
    out[at] = random.pick(values);
  }
  return out;
}

/** An integer in LEB128, sometimes in more bytes than it needs, or than are allowed. */
export function anyLeb(random: Random): Uint8Array {
  const out = new ByteWriter(12);
  const value = random.chance(0.8) ? random.pick(INTERESTING) : random.chance(0.7) ? random.pick(LARGE) : random.u32();
  if (random.chance(0.2)) out.s33(-value);
  else out.u32(value);
  return random.chance(0.2) ? padded(out.bytes, 1 + random.below(10)) : out.bytes.slice();
}

/** The same unsigned number, `extra` bytes longer. */
export function padded(leb: Uint8Array, extra: number): Uint8Array {
  const out = new Uint8Array(leb.length + extra).fill(0x80);
  out.set(leb);
  out[leb.length - 1] = (leb.at(-1) ?? 0) | 0x80;
  out[out.length - 1] = 0;
  return out;
}

/** Rewrites what reads as an integer at a random place of a section, and mends the section's size. */
function integer(bytes: Uint8Array, random: Random): Uint8Array {
  const { sections, rest } = splitSections(bytes);
  if (sections.length === 0) return flip(bytes, random);
  const chosen = random.below(sections.length);
  const edited = sections.map((one, n) => {
    if (n !== chosen) return one;
    const at = random.chance(0.15) ? 0 : random.below(one.body.length + 1);
    let end = at;
    while (end < one.body.length && (one.body[end] as number) >= 128) end += 1;
    const tail = one.body.subarray(end + 1);
    const middle =
      random.chance(0.2) && end < one.body.length
        ? padded(one.body.subarray(at, end + 1), 1 + random.below(5))
        : anyLeb(random);
    return { id: one.id, body: concat(one.body.subarray(0, at), middle, tail) };
  });
  return joinSections(bytes, edited, rest);
}

function shuffle(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const { sections, rest } = splitSections(bytes);
  const list = [...sections];
  const at = random.below(list.length + 1);
  const one = list[at];
  switch (random.below(6)) {
    case 0:
      if (one !== undefined) list.splice(random.below(list.length), 0, ...list.splice(at, 1));
      break;
    case 1:
      if (one !== undefined) list.splice(random.below(list.length + 1), 0, one);
      break;
    case 2:
      list.splice(at, 1);
      break;
    case 3: {
      const from = splitSections(other).sections;
      const found = from.find(({ id }) => id === one?.id) ?? from[random.below(from.length)];
      if (found !== undefined) list.splice(at, random.chance(0.7) ? 1 : 0, found);
      break;
    }
    case 4:
      list.splice(at, 0, { id: random.chance(0.8) ? 0 : random.below(16), body: custom(random) });
      break;
    default:
      // A size that lies.
      if (one !== undefined) list[at] = { id: random.below(16), body: one.body };
  }
  return joinSections(bytes, list, rest);
}

function custom(random: Random): Uint8Array {
  const out = new ByteWriter(32);
  out.name(random.pick(["", "name", "producers", "a", "metadata.code.branch_hint", "dylink.0", "\u{1f980}"]));
  for (let left = random.below(12); left > 0; left -= 1) out.byte(random.pick(BYTES));
  return out.bytes.slice(0, out.length - random.small(3));
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  const [a, b] = [position(bytes, random), position(bytes, random)];
  if (random.chance(0.3)) return bytes.slice(0, a);
  const length = random.chance(0.8) ? 1 + random.small(8) : Math.abs(a - b);
  return concat(bytes.subarray(0, a), bytes.subarray(a + length));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = position(bytes, random);
  const count = 1 + random.small(6);
  const more = Uint8Array.from({ length: count }, () => random.pick(BYTES));
  return concat(bytes.subarray(0, at), more, bytes.subarray(at));
}

function splice(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const [a, b] = [position(bytes, random), position(other, random)];
  if (random.chance(0.3)) return concat(bytes.subarray(0, a), other.subarray(b));
  const length = random.below(24);
  const to = random.chance(0.5) ? a : a + length;
  return concat(bytes.subarray(0, a), other.subarray(b, b + length), bytes.subarray(to));
}

/** Keeps sizes true: bytes change inside one section only. */
function inside(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const { sections, rest } = splitSections(bytes);
  const chosen = random.below(sections.length);
  const from = splitSections(other).sections;
  const edit = random.pick([flip, insert, cut, splice]);
  const edited = sections.map((one, n) => {
    if (n !== chosen) return one;
    const donor = from.find(({ id }) => id === one.id)?.body ?? one.body;
    return { id: one.id, body: edit(one.body, random, donor) };
  });
  return joinSections(bytes, edited, rest);
}

export const byteMutations: readonly Mutation[] = [
  flip,
  flip,
  integer,
  integer,
  shuffle,
  cut,
  insert,
  splice,
  inside,
  inside,
];
