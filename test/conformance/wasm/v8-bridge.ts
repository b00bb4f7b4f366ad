/**
 * Small modules that carry values between JavaScript and a guest without changing a bit. Numbers and vectors cross through
 * a memory, since a float that passes through JavaScript may lose the bits of a NaN and a vector cannot pass at all.
 * References cross as themselves, with a word that says what they are.
 */
import type { GlobalType, Module } from "../../../runtime/module/module.ts";
import {
  F32,
  F64,
  HEAP,
  HEAP_BYTES,
  heapOf,
  I32,
  I64,
  isConcrete,
  isNullable,
  isRef,
  typeIndexOf,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";

/** What a crossing value is found at; the results lie after the arguments. */
export const SLOT = 16;
/** What the word beside a reference says. */
export const KIND = { null: 0, i31: 1, struct: 2, array: 3, func: 4, other: 5, exn: 6 } as const;

export type Hierarchy = "any" | "extern" | "func" | "exn";

const CODE = new Map<ValType, number>([
  [I32, 0x7f],
  [I64, 0x7e],
  [F32, 0x7d],
  [F64, 0x7c],
  [V128, 0x7b],
]);
const LOAD = new Map<ValType, readonly number[]>([
  [I32, [0x28]],
  [I64, [0x29]],
  [F32, [0x2a]],
  [F64, [0x2b]],
  [V128, [0xfd, 0]],
]);
const STORE = new Map<ValType, readonly number[]>([
  [I32, [0x36]],
  [I64, [0x37]],
  [F32, [0x38]],
  [F64, [0x39]],
  [V128, [0xfd, 11]],
]);
const BYTE_OF_HEAP = new Map(Object.entries(HEAP_BYTES).map(([byte, heap]) => [heap, Number(byte)]));

export function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) out.push((rest & 127) | 128);
  return [...out, rest];
}

/** A type index as the signed number that heap types take. */
function signed(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 64; rest >>= 7) out.push((rest & 127) | 128);
  return [...out, rest];
}

export const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  const body = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(body.length), ...body];
};
export const nameBytes = (text: string): number[] => [...unsigned(text.length), ...Buffer.from(text, "latin1")];
export const HEADER: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export function typeBytes(type: ValType): number[] {
  if (!isRef(type)) return [CODE.get(type) ?? 0];
  const heap = heapOf(type);
  const named = isConcrete(heap) ? signed(typeIndexOf(heap)) : [BYTE_OF_HEAP.get(heap) ?? 0];
  return [isNullable(type) ? 0x63 : 0x64, ...named];
}

const ANY: ReadonlySet<number> = new Set([HEAP.any, HEAP.eq, HEAP.i31, HEAP.struct, HEAP.array, HEAP.none]);

export function hierarchyOf(type: ValType, module: Module): Hierarchy {
  const heap = heapOf(type);
  if (isConcrete(heap)) return module.types[typeIndexOf(heap)]?.composite.kind === "func" ? "func" : "any";
  if (ANY.has(heap)) return "any";
  if (heap === HEAP.extern || heap === HEAP.noextern) return "extern";
  return heap === HEAP.exn || heap === HEAP.noexn ? "exn" : "func";
}

/** The types of the module as they stand in its binary, so that the bridge's types are the same ones. */
function rawTypes(bytes: Uint8Array): { count: number; body: number[] } {
  let at = 8;
  const read = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  while (at < bytes.length) {
    const id = read();
    const size = read();
    const end = at + size;
    if (id === 1) return { count: read(), body: [...bytes.subarray(at, end)] };
    at = end;
  }
  return { count: 0, body: [] };
}

export type Subject =
  | { readonly kind: "function"; readonly type: number }
  | { readonly kind: "global"; readonly type: GlobalType };

/** The bridge to one function type or global type of a module: imports "f" and "m", exports "call". */
export function bridge(module: Module, subject: Subject, params: readonly ValType[], results: readonly ValType[]) {
  const raw = rawTypes(module.bytes);
  const refParams = params.filter(isRef);
  const returned = results.filter((one) => isRef(one) && hierarchyOf(one, module) !== "exn");
  const own = [0x60, ...vector(refParams.map(typeBytes)), ...vector(returned.map(typeBytes))];
  const subjectImport =
    subject.kind === "function"
      ? [0, ...unsigned(subject.type)]
      : [3, ...typeBytes(subject.type.type), subject.type.mutable ? 1 : 0];
  const typeSection = [...unsigned(raw.count + 1), ...raw.body, ...own];
  const body = code(module, subject, params, results, refParams.length);
  return Uint8Array.from([
    ...HEADER,
    1,
    ...unsigned(typeSection.length),
    ...typeSection,
    ...section(2, [
      [0, ...nameBytes("f"), ...subjectImport],
      [0, ...nameBytes("m"), 2, 0, 1],
    ]),
    ...section(3, [unsigned(module.types.length)]),
    ...section(7, [[...nameBytes("call"), 0, ...unsigned(subject.kind === "function" ? 1 : 0)]]),
    ...section(10, [[...unsigned(body.length), ...body]]),
  ]);
}

const vector = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
const access = (op: readonly number[], slot: number) => [...op, 0, ...unsigned(slot * SLOT)];

function code(module: Module, subject: Subject, params: readonly ValType[], results: readonly ValType[], refs: number) {
  const out: number[] = [];
  if (subject.kind === "global") out.push(0x23, 0);
  else {
    let ref = 0;
    for (const [n, type] of params.entries()) {
      if (isRef(type)) out.push(0x20, ...unsigned(ref++));
      else out.push(0x41, 0, ...access(LOAD.get(type) ?? [], n));
    }
    out.push(0x10, 0);
  }
  for (const n of results.keys()) out.push(0x21, ...unsigned(refs + results.length - 1 - n));
  const back: number[] = [];
  for (const [n, type] of results.entries()) {
    const local = [0x20, ...unsigned(refs + n)];
    const slot = params.length + n;
    if (!isRef(type)) {
      out.push(0x41, 0, ...local, ...access(STORE.get(type) ?? [], slot));
      continue;
    }
    const hierarchy = hierarchyOf(type, module);
    out.push(0x41, 0, ...kindOf(local, hierarchy), ...access([0x36], slot));
    if (hierarchy !== "exn") back.push(...local);
  }
  const locals = vector(results.map((type) => [1, ...typeBytes(type)]));
  return [...locals, ...out, ...back, 0x0b];
}

/** The word that says what the reference is: the first test that holds decides. */
function kindOf(local: readonly number[], hierarchy: Hierarchy): number[] {
  const tests: (readonly [test: number[], kind: number])[] = [[[0xd1], KIND.null]];
  if (hierarchy === "any") {
    tests.push([[0xfb, 20, 0x6c], KIND.i31], [[0xfb, 20, 0x6b], KIND.struct], [[0xfb, 20, 0x6a], KIND.array]);
  }
  const rest = hierarchy === "func" ? KIND.func : hierarchy === "exn" ? KIND.exn : KIND.other;
  const open = tests.flatMap(([test, kind]) => [...local, ...test, 0x04, 0x7f, 0x41, kind, 0x05]);
  return [...open, 0x41, rest, ...tests.map(() => 0x0b)];
}
