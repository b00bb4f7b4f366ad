/** Plain instructions, variables, calls: each knows what it needs and what it leaves. */
import { opcodes } from "../../../runtime/module/opcodes.ts";
import { concrete, FUNCREF, heapOf, I32, I64, isRef, refType, type ValType } from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import type { Body, Make } from "./generate-body.ts";
import { anyHeap, anyValType } from "./generate-types.ts";

export type Weighted = readonly [weight: number, make: Make];

const TYPE_OF: Readonly<Record<string, ValType>> = { i: 1, l: 2, f: 3, d: 4, v: 5 };

export const anyRef = (body: Body): ValType =>
  refType(anyHeap(body.random, body.shape.space.types.length), body.random.chance(0.7));
export const indexed = (limits: { readonly address: "i32" | "i64" }): ValType => (limits.address === "i64" ? I64 : I32);

/** The index of an entry that satisfies, or undefined. */
export function find<T>(random: Random, list: readonly T[], satisfies: (one: T, n: number) => boolean) {
  const found = list.flatMap((one, n) => (satisfies(one, n) ? [n] : []));
  return found.length === 0 ? undefined : random.pick(found);
}

// --- plain instructions

interface Plain {
  readonly code: number;
  readonly params: string;
  readonly results: string;
  readonly immediates: string;
  readonly natural: number;
  readonly exact: boolean;
  readonly lanes: number;
}

const plains: readonly Plain[] = opcodes.flatMap((one) => {
  if (one?.signature === undefined || one.feature === "wide-arithmetic") return [];
  const { code, name, immediates, signature } = one;
  return [
    { code, immediates, ...signature, natural: natural(name), exact: one.feature === "threads", lanes: lanes(name) },
  ];
});

/** log2 of the bytes that the instruction touches. */
function natural(name: string): number {
  if (/load(8x8|16x4|32x2)/.test(name) || name.endsWith("wait64")) return 3;
  if (name.endsWith("notify") || name.endsWith("wait32")) return 2;
  const bits = /(?:load|store|rmw)(8|16|32|64)/.exec(name)?.[1];
  if (bits !== undefined) return [8, 16, 32, 64].indexOf(Number(bits));
  return name.startsWith("v128") ? 4 : /^[if]64/.test(name) ? 3 : 2;
}

function lanes(name: string): number {
  const memory = /^v128\.(?:load|store)(8|16|32|64)_lane/.exec(name)?.[1];
  return memory === undefined ? Number(/x(\d+)\./.exec(name)?.[1] ?? 0) : 128 / Number(memory);
}

const ofMemory = plains.filter((one) => /memarg|memory/.test(one.immediates));

const byResult = new Map<ValType, readonly Plain[]>();
for (const one of plains) {
  const type = one.results.length === 1 ? TYPE_OF[one.results] : undefined;
  if (type !== undefined) byResult.set(type, [...(byResult.get(type) ?? []), one]);
}

function plain(body: Body, one: Plain): void {
  const { random, shape } = body;
  const memory = /memarg|memory/.test(one.immediates) ? random.below(shape.memories.length) : 0;
  const address = indexed(shape.memories[memory]?.limits ?? { address: "i32" });
  const types = (letters: string) => Array.from(letters, (letter) => TYPE_OF[letter] ?? address);
  body.need(...types(one.params));
  body.code(one.code);
  immediates(body, one, memory, address);
  body.push(...types(one.results));
}

function immediates(body: Body, one: Plain, memory: number, address: ValType): void {
  const { out, random } = body;
  switch (one.immediates) {
    case "memarg":
    case "memarg-lane": {
      const align = one.exact ? one.natural : random.below(one.natural + 1);
      const named = memory > 0 || random.chance(0.1);
      out.u32(align | (named ? 64 : 0));
      if (named) out.u32(memory);
      if (address === I64 && random.chance(0.2)) out.u64(random.u64());
      else out.u32(random.chance(0.8) ? random.small(1000) : random.u32());
      if (one.immediates === "memarg-lane") out.byte(random.below(one.lanes));
      return;
    }
    case "memory":
      out.u32(memory);
      return;
    case "i32":
    case "i64":
      out.s33(random.small(300) - 100);
      return;
    case "f32":
    case "f64":
    case "v128":
      for (let left = { f32: 4, f64: 8, v128: 16 }[one.immediates]; left > 0; left -= 1) out.byte(random.below(256));
      return;
    case "lanes":
      for (let left = 16; left > 0; left -= 1) out.byte(random.below(32));
      return;
    case "lane":
      out.byte(random.below(one.lanes));
      return;
    case "fence":
      out.byte(0);
  }
}

const possible = (body: Body, one: Plain | undefined): Plain | undefined =>
  one === undefined || (/memarg|memory/.test(one.immediates) && body.shape.memories.length === 0) ? undefined : one;

const CONSTANT_OPS: Readonly<Record<number, readonly number[]>> = { 1: [0x6a, 0x6b, 0x6c], 2: [0x7c, 0x7d, 0x7e] };

/** An instruction that leaves a value of the type, for operands that are made on the way. */
export function maker(body: Body, type: ValType): Make | undefined {
  const { random, shape } = body;
  if (body.constant) {
    const code = CONSTANT_OPS[type];
    if (code === undefined) return undefined;
    return () => {
      body.need(type, type);
      body.code(random.pick(code));
      body.push(type);
    };
  }
  if (random.chance(0.15)) {
    const index = find(random, shape.functions, (one) => {
      const [result, ...more] = resultsOf(body, one);
      return result !== undefined && more.length === 0 && body.matches(result, type);
    });
    if (index !== undefined) return () => call(body, index);
  }
  if (isRef(type)) {
    if (!random.chance(0.5)) return undefined;
    return () => {
      const from = refType(shape.space.top(heapOf(type)), true);
      body.need(from);
      body.op((type & 0x10) !== 0 ? "ref.cast_null" : "ref.cast");
      body.heap(type);
      body.push(type);
    };
  }
  const one = possible(body, random.pick(byResult.get(type) ?? plains));
  return one === undefined || one.results.length !== 1 || TYPE_OF[one.results] !== type
    ? undefined
    : () => plain(body, one);
}

// --- calls

function func(body: Body, type: number) {
  const composite = body.shape.space.composite(type);
  if (composite.kind !== "func") throw new Error("a function has a function type");
  return composite;
}
const resultsOf = (body: Body, type: number) => func(body, type).results;

function call(body: Body, index: number): void {
  const { params, results } = func(body, body.shape.functions[index] as number);
  body.need(...params);
  body.op("call");
  body.u32(index);
  body.push(...results);
}

const givesWhatWeGive = (body: Body, type: number): boolean => {
  const results = resultsOf(body, type);
  return (
    results.length === body.results.length && results.every((one, n) => body.matches(one, body.results[n] as ValType))
  );
};

function calls(body: Body): void {
  const { random, shape } = body;
  const tail = random.chance(0.15);
  const fits = (type: number) => !tail || givesWhatWeGive(body, type);
  const type = find(random, shape.space.types, (one, n) => one.composite.kind === "func" && fits(n));
  const leave = (results: readonly ValType[]) => (tail ? body.jump() : body.push(...results));
  switch (random.below(3)) {
    case 0: {
      const index = find(random, shape.functions, fits);
      if (index === undefined) return;
      const { params, results } = func(body, shape.functions[index] as number);
      body.need(...params);
      body.op(tail ? "return_call" : "call");
      body.u32(index);
      return leave(results);
    }
    case 1: {
      const table = find(random, shape.tables, ({ element }) => body.matches(element, FUNCREF));
      if (type === undefined || table === undefined) return;
      const { params, results } = func(body, type);
      body.need(...params, indexed(shape.tables[table]?.limits ?? { address: "i32" }));
      body.op(tail ? "return_call_indirect" : "call_indirect");
      body.u32(type);
      body.u32(table);
      return leave(results);
    }
    default: {
      if (type === undefined) return;
      const { params, results } = func(body, type);
      body.need(...params, refType(concrete(type), true));
      body.op(tail ? "return_call_ref" : "call_ref");
      body.u32(type);
      leave(results);
    }
  }
}

// --- variables

function variables(body: Body): void {
  const { random, shape, locals } = body;
  if (random.chance(0.3)) {
    const index = find(random, shape.globals, (one) => one.mutable);
    if (index === undefined) return;
    body.need(shape.globals[index]?.type ?? I32);
    body.op("global.set");
    body.u32(index);
    return;
  }
  const unset = random.chance(0.3) ? find(random, locals, (_, n) => !body.isReadable(n)) : undefined;
  const index = unset ?? find(random, locals, () => true);
  if (index === undefined) return;
  const type = locals[index] as ValType;
  if (body.isReadable(index) && random.chance(0.4)) {
    body.op("local.get");
    body.u32(index);
    body.push(type);
    return;
  }
  body.need(type);
  const tee = random.chance(0.4);
  body.op(tee ? "local.tee" : "local.set");
  body.u32(index);
  body.setLocal(index);
  if (tee) body.push(type);
}

function parametric(body: Body): void {
  const { random, shape } = body;
  const kind = random.below(3);
  if (kind === 0) {
    const type = body.top ?? anyValType(random, shape.space.types.length);
    body.need(type);
    body.op("drop");
    return;
  }
  const numeric = kind === 1 && !body.slips();
  const type = numeric ? random.pick([1, 2, 3, 4, 5]) : anyValType(random, shape.space.types.length);
  body.need(type, type, I32);
  // Both forms are named select.
  body.code(kind === 1 ? 0x1b : 0x1c);
  if (kind === 2) {
    body.u32(1);
    body.type(type);
  }
  body.push(type);
}

function anyPlain(body: Body, among: readonly Plain[]): void {
  const one = possible(body, body.random.pick(among));
  if (one !== undefined) plain(body, one);
}

export const INSTRUCTIONS: readonly Weighted[] = [
  [20, (body) => anyPlain(body, plains)],
  [10, (body) => anyPlain(body, ofMemory)],
  [10, (body) => body.make(anyValType(body.random, body.shape.space.types.length))],
  [12, variables],
  [8, parametric],
  [8, calls],
  [1, (body) => body.op("nop")],
];
