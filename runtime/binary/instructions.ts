/**
 * Walks an instruction sequence by the opcode table and finds out whether it is well-formed (section 5.4): known opcodes,
 * whole immediates, blocks that end. Nothing is built; whoever reads the same bytes later needs no checks.
 */
import { ENGINE_LIMITS } from "../limits.ts";
import { type Immediates, OPCODES, opcodes, PREFIXES } from "../module/opcodes.ts";
import { HEAP_BYTES } from "../module/val-type.ts";
import type { Reader } from "./reader.ts";
import { readHeapType, readValType } from "./types.ts";

/** Kinds of immediates as numbers, so that the hot switch is dense. */
const KIND: Readonly<Record<Immediates, number>> = {
  "": 0,
  local: 1,
  func: 1,
  global: 1,
  label: 1,
  type: 1,
  table: 1,
  tag: 1,
  memory: 1,
  elem: 1,
  i32: 2,
  memarg: 3,
  block: 4,
  i64: 5,
  f32: 6,
  f64: 7,
  labels: 8,
  "type-table": 9,
  "table-table": 9,
  "memory-memory": 9,
  "elem-table": 9,
  "type-field": 9,
  "type-count": 9,
  "type-elem": 9,
  "type-type": 9,
  "memarg-lane": 10,
  v128: 11,
  lanes: 11,
  lane: 12,
  heap: 13,
  types: 14,
  catches: 15,
  cast: 16,
  fence: 17,
  data: 18,
  "data-memory": 19,
  "type-data": 20,
};
const UNKNOWN = 255;
const kinds = Uint8Array.from({ length: OPCODES }, (_, code) => {
  const one = opcodes[code];
  return one === undefined ? UNKNOWN : KIND[one.immediates];
});

const IF = 0x04;
const ELSE = 0x05;
const TRY = 0x06;
const CATCH = 0x07;
const END = 0x0b;
const DELEGATE = 0x18;
const CATCH_ALL = 0x19;
const AT_BLOCK = 0;
const AT_IF = 1;
const AT_ELSE = 2;
const AT_TRY = 3;
const AT_CATCH = 4;
const AT_CATCH_ALL = 5;

/** What the walk learns for the checks between sections. */
export interface CodeFacts {
  /** Offset of the first instruction that needs the data count section, or -1. */
  needsDataCount: number;
}

const nesting = new Uint8Array(ENGINE_LIMITS.nesting);

/** Passes over instructions up to and including the `end` that closes the sequence. */
export function walkExpression(reader: Reader, facts: CodeFacts): void {
  let depth = 0;
  for (;;) {
    const at = reader.at;
    let op = reader.byte();
    if (op >= 0xfb) {
      const prefix = PREFIXES[op];
      if (prefix === undefined) throw reader.refuse(`illegal opcode ${op.toString(16)}`, at);
      const sub = reader.u32();
      if (sub >= prefix.size) throw reader.refuse(`illegal opcode ${op.toString(16)} ${sub.toString(16)}`, at);
      op = prefix.base + sub;
    }
    switch (kinds[op]) {
      case 0:
        if (op === END) {
          if (depth === 0) return;
          depth -= 1;
        } else if (op === ELSE) {
          if (depth === 0 || nesting[depth - 1] !== AT_IF)
            throw reader.refuse("illegal opcode: else outside if, END opcode expected", at);
          nesting[depth - 1] = AT_ELSE;
        } else if (op === CATCH_ALL) {
          inTry(reader, depth, at, AT_CATCH);
          nesting[depth - 1] = AT_CATCH_ALL;
        }
        break;
      case 1:
        reader.u32();
        if (op === CATCH) {
          inTry(reader, depth, at, AT_CATCH);
          nesting[depth - 1] = AT_CATCH;
        } else if (op === DELEGATE) {
          inTry(reader, depth, at, AT_TRY);
          depth -= 1;
        }
        break;
      case 2:
        reader.skipS32();
        break;
      case 3:
        memArg(reader);
        break;
      case 4:
        blockType(reader);
        if (depth === nesting.length) throw reader.unsupported(`blocks nested deeper than ${depth}`, at);
        nesting[depth] = op === IF ? AT_IF : op === TRY ? AT_TRY : AT_BLOCK;
        depth += 1;
        break;
      case 5:
        reader.skipS64();
        break;
      case 6:
        reader.skip(4);
        break;
      case 7:
        reader.skip(8);
        break;
      case 8:
        for (let left = reader.count(ENGINE_LIMITS.branchTargets) + 1; left > 0; left -= 1) reader.u32();
        break;
      case 9:
        reader.u32();
        reader.u32();
        break;
      case 10:
        memArg(reader);
        reader.byte();
        break;
      case 11:
        reader.skip(16);
        break;
      case 12:
        reader.byte();
        break;
      case 13:
        readHeapType(reader);
        break;
      case 14:
        for (let left = reader.count(ENGINE_LIMITS.typeArity); left > 0; left -= 1) readValType(reader);
        break;
      case 15:
        blockType(reader);
        catches(reader);
        if (depth === nesting.length) throw reader.unsupported(`blocks nested deeper than ${depth}`, at);
        nesting[depth] = AT_BLOCK;
        depth += 1;
        break;
      case 16:
        cast(reader);
        break;
      case 17:
        if (reader.byte() !== 0) throw reader.refuse("zero byte expected", reader.at - 1);
        break;
      case 18:
        reader.u32();
        needsDataCount(facts, at);
        break;
      case 19:
      case 20:
        reader.u32();
        reader.u32();
        needsDataCount(facts, at);
        break;
      default:
        throw reader.refuse(`illegal opcode ${opcodeText(op)}`, at);
    }
  }
}

function needsDataCount(facts: CodeFacts, at: number): void {
  if (facts.needsDataCount === -1) facts.needsDataCount = at;
}

/** `delegate` ends a try without handlers, `catch` follows a try or a catch, and nothing follows `catch_all`. */
function inTry(reader: Reader, depth: number, at: number, last: number): void {
  const inside = depth === 0 ? AT_BLOCK : (nesting[depth - 1] as number);
  if (inside < AT_TRY || inside > last) throw reader.refuse("illegal opcode: catch or delegate outside try", at);
}

function memArg(reader: Reader): void {
  const at = reader.at;
  const flags = reader.u32();
  if (flags >= 128) throw reader.refuse("malformed memop flags", at);
  if ((flags & 64) !== 0) reader.u32();
  reader.skipU64();
}

function blockType(reader: Reader): void {
  const byte = reader.peek();
  if (byte === 0x40) {
    reader.at += 1;
    return;
  }
  if ((byte >= 0x7b && byte <= 0x7f) || byte === 0x63 || byte === 0x64 || HEAP_BYTES[byte] !== undefined) {
    readValType(reader);
    return;
  }
  const at = reader.at;
  if (reader.s33() < 0) throw reader.refuse("malformed block type", at);
}

function catches(reader: Reader): void {
  for (let left = reader.count(); left > 0; left -= 1) {
    const kind = reader.byte();
    if (kind > 3) throw reader.refuse("malformed catch clause", reader.at - 1);
    if (kind < 2) reader.u32();
    reader.u32();
  }
}

function cast(reader: Reader): void {
  const flags = reader.byte();
  if (flags > 3) throw reader.refuse("malformed br_on_cast flags", reader.at - 1);
  reader.u32();
  readHeapType(reader);
  readHeapType(reader);
}

function opcodeText(op: number): string {
  if (op < 256) return op.toString(16);
  const found = Object.entries(PREFIXES).find(([, { base, size }]) => op >= base && op < base + size);
  return found === undefined
    ? op.toString(16)
    : `${Number(found[0]).toString(16)} ${(op - found[1].base).toString(16)}`;
}
