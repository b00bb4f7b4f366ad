/** Rules of instructions on memories, tables and segments in bulk (core specification, section 3.4). */
import { opcode } from "../module/opcodes.ts";
import { I32, I64, type ValType } from "../module/val-type.ts";
import type { Rule, Scope } from "./gc.ts";

/** By dense opcode. */
export const bulkRules = new Map<number, Rule>();
const on = (name: string, rule: Rule) => bulkRules.set(opcode(name), rule);

const addressOf = (v: Scope, memory: number): ValType =>
  v.context.memory(memory, v.stacks.at).limits.address === "i64" ? I64 : I32;
const indexOf = (v: Scope, table: number): ValType =>
  v.context.table(table, v.stacks.at).limits.address === "i64" ? I64 : I32;
const lesser = (a: ValType, b: ValType): ValType => (a === I64 && b === I64 ? I64 : I32);

on("memory.init", (v) => {
  const data = v.in.u32();
  const address = addressOf(v, v.in.u32());
  v.context.data(data, v.stacks.at);
  v.stacks.popAll([address, I32, I32]);
});
on("data.drop", (v) => v.context.data(v.in.u32(), v.stacks.at));
on("memory.copy", (v) => {
  const to = addressOf(v, v.in.u32());
  const from = addressOf(v, v.in.u32());
  v.stacks.popAll([to, from, lesser(to, from)]);
});
on("memory.fill", (v) => {
  const address = addressOf(v, v.in.u32());
  v.stacks.popAll([address, I32, address]);
});
on("table.init", (v) => {
  const segment = v.in.u32();
  const table = v.in.u32();
  const index = indexOf(v, table);
  const type = v.context.elementType(segment, v.stacks.at);
  const { element } = v.context.table(table, v.stacks.at);
  if (!v.context.registry.matches(type, element)) throw v.stacks.mismatch(element, type);
  v.stacks.popAll([index, I32, I32]);
});
on("elem.drop", (v) => {
  v.context.elementType(v.in.u32(), v.stacks.at);
});
on("table.copy", (v) => {
  const target = v.in.u32();
  const source = v.in.u32();
  const [to, from] = [indexOf(v, target), indexOf(v, source)];
  const [wanted, found] = [v.context.table(target, v.stacks.at).element, v.context.table(source, v.stacks.at).element];
  if (!v.context.registry.matches(found, wanted)) throw v.stacks.mismatch(wanted, found);
  v.stacks.popAll([to, from, lesser(to, from)]);
});
on("table.get", (v) => {
  const table = v.in.u32();
  v.stacks.pop(indexOf(v, table));
  v.stacks.push(v.context.table(table, v.stacks.at).element);
});
on("table.set", (v) => {
  const table = v.in.u32();
  const index = indexOf(v, table);
  v.stacks.popAll([index, v.context.table(table, v.stacks.at).element]);
});
on("table.size", (v) => v.stacks.push(indexOf(v, v.in.u32())));
on("table.grow", (v) => {
  const table = v.in.u32();
  const index = indexOf(v, table);
  v.stacks.popAll([v.context.table(table, v.stacks.at).element, index]);
  v.stacks.push(index);
});
on("table.fill", (v) => {
  const table = v.in.u32();
  const index = indexOf(v, table);
  v.stacks.popAll([index, v.context.table(table, v.stacks.at).element, index]);
});
