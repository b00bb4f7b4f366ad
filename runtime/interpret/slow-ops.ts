/**
 * Instructions that the dispatch loop hands to functions outside it: references, tables, bulk memory, GC, exceptions,
 * vectors, atomics, memories other than the plain first one. Operands are named; positions count words from the opcode.
 */
import { SLOW_BASE } from "./ops.ts";

/** name → operand names. `d` is written; `to` words are jump distances; the others are slots, numbers or immediates. */
export const SLOW_OPERANDS = {
  probe: ["offset", "address"],
  "const.128": ["d", "w0", "w1", "w2", "w3"],
  "select.128": ["d", "a", "b", "c"],
  "select.ref": ["d", "a", "b", "c"],
  "global.get.128": ["d", "cell"],
  "global.set.128": ["cell", "a"],
  "global.get.ref": ["d", "cell"],
  "global.set.ref": ["cell", "a"],
  "enter.refs": ["from", "to"],
  load: ["access", "memory", "d", "a", "offsetLow", "offsetHigh"],
  store: ["access", "memory", "a", "b", "offsetLow", "offsetHigh"],
  "vector.load": ["access", "memory", "d", "a", "b", "offsetLow", "offsetHigh", "lane"],
  "vector.store": ["access", "memory", "a", "b", "offsetLow", "offsetHigh", "lane"],
  "vector.shuffle": ["d", "a", "b", "w0", "w1", "w2", "w3"],
  vector: ["access", "d", "a", "b", "c", "lane"],
  atomic: ["access", "memory", "d", "a", "b", "c", "offsetLow", "offsetHigh"],
  "wide.arithmetic": ["access", "d", "a", "b", "c", "e"],
  "memory.size": ["memory", "d"],
  "memory.grow": ["memory", "d", "a"],
  "memory.fill": ["memory", "a", "b", "c"],
  "memory.copy": ["to", "from", "a", "b", "c"],
  "memory.init": ["memory", "segment", "a", "b", "c"],
  "data.drop": ["segment"],
  "table.get": ["table", "d", "a"],
  "table.set": ["table", "a", "b"],
  "table.size": ["table", "d"],
  "table.grow": ["table", "d", "a", "b"],
  "table.fill": ["table", "a", "b", "c"],
  "table.copy": ["to", "from", "a", "b", "c"],
  "table.init": ["table", "segment", "a", "b", "c"],
  "elem.drop": ["segment"],
  "index.narrow": ["d", "a"],
  "ref.null": ["d"],
  "ref.func": ["d", "f"],
  "ref.is_null": ["d", "a"],
  "ref.eq": ["d", "a", "b"],
  "ref.as_non_null": ["d", "a"],
  "ref.test": ["d", "a", "type"],
  "ref.cast": ["d", "a", "type"],
  call_ref: ["a", "base"],
  return_call: ["f", "base", "words"],
  return_call_indirect: ["table", "type", "a", "base", "words"],
  return_call_ref: ["a", "base", "words"],
  throw: ["tag", "base"],
  throw_ref: ["a"],
  "struct.new": ["type", "d", "base"],
  "struct.new_default": ["type", "d"],
  "struct.get": ["type", "field", "d", "a", "signed"],
  "struct.set": ["type", "field", "a", "b"],
  "array.new": ["type", "d", "a", "b"],
  "array.new_default": ["type", "d", "a"],
  "array.new_fixed": ["type", "d", "base", "count"],
  "array.new_data": ["type", "segment", "d", "a", "b"],
  "array.new_elem": ["type", "segment", "d", "a", "b"],
  "array.get": ["type", "d", "a", "b", "signed"],
  "array.set": ["type", "a", "b", "c"],
  "array.len": ["d", "a"],
  "array.fill": ["type", "a", "b", "c", "e"],
  "array.copy": ["type", "from", "a", "b", "c", "e", "g"],
  "array.init_data": ["type", "segment", "a", "b", "c", "e"],
  "array.init_elem": ["type", "segment", "a", "b", "c", "e"],
  "any.convert_extern": ["d", "a"],
  "extern.convert_any": ["d", "a"],
  "ref.i31": ["d", "a"],
  "i31.get": ["d", "a", "signed"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type SlowName = keyof typeof SLOW_OPERANDS;

export const SLOW_NAMES = Object.keys(SLOW_OPERANDS) as readonly SlowName[];

const numbers = new Map<string, number>(SLOW_NAMES.map((name, n) => [name, SLOW_BASE + n]));

export function slowOp(name: SlowName): number {
  return numbers.get(name) as number;
}

export const slowLength = (name: SlowName): number => 1 + SLOW_OPERANDS[name].length;
