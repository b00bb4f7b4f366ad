/** One body of a generated program under construction, and what all parts of the generator need. */
import {
  concrete,
  F32,
  F64,
  HEAP,
  I32,
  I64,
  isRef,
  refType,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { word } from "./observe.ts";
import type { World } from "./program-world.ts";
import type { Writer } from "./write.ts";

/** A label that a branch may name: what it takes; undefined when nothing should branch there. */
export type Label = readonly ValType[] | undefined;

/** One body under construction. */
export interface Maker {
  readonly out: Writer;
  readonly random: Random;
  readonly world: World;
  readonly locals: ValType[];
  /** Locals that only loops may set, or nobody. */
  readonly counters: Set<number>;
  readonly index: number;
  readonly results: readonly ValType[];
  /** Outermost first. */
  readonly labels: Label[];
  loops: number;
  /** Expressions that may still be begun. */
  fuel: number;
  /** Pushes a value of the type, or of one below it. */
  value(maker: Maker, type: ValType): void;
  statements(maker: Maker, most: number): void;
}

export const LETTER: Readonly<Record<string, ValType>> = { i: I32, l: I64, f: F32, d: F64, v: V128 };

export const nonNull = (index: number): ValType => refType(concrete(index), false);

export const unpacked = (type: ValType): ValType => (!isRef(type) && type > V128 ? I32 : type);

export const HEAPS = [
  HEAP.i31,
  HEAP.struct,
  HEAP.array,
  HEAP.eq,
  HEAP.none,
  concrete(1),
  concrete(2),
  concrete(3),
  concrete(6),
];

/** An address in bounds, nearly always, of a memory or below a length; of the width it needs. */
export function below(m: Maker, length: number, wide: boolean): void {
  const { random, out } = m;
  const cut = random.chance(0.985);
  if (random.chance(0.3)) {
    const at = cut ? random.below(length) & -8 : word(random);
    if (wide) out.i64(BigInt(at));
    else out.i32(at);
    return;
  }
  m.value(m, wide ? I64 : I32);
  const mask = (length - 1) & (length > 64 ? -8 : -1);
  if (!cut) return;
  if (wide) out.i64(BigInt(mask)).op("i64.and");
  else out.i32(mask).op("i32.and");
}

export const wideMemory = (m: Maker, n: number) => m.world.memories[n]?.limits.address === "i64";
export const wideTable = (m: Maker, n: number) => m.world.tables[n]?.limits.address === "i64";

/** The name of an access, with alignment and offset. */
export function access(m: Maker, name: string, memory: number): void {
  const { random, out } = m;
  const width = /atomic\.(?:load|store|rmw)(8|16|32)/.exec(name)?.[1] ?? (/^i64/.test(name) ? "64" : "32");
  const align = /atomic/.test(name) ? Math.log2(Number(width) / 8) : 0;
  const offset = random.chance(0.7) ? 0 : random.chance(0.96) ? 8 * random.below(40) : random.below(70_000);
  out.op(name).byte(align | (memory === 0 ? 0 : 0x40));
  if (memory !== 0) out.u32(memory);
  out.u64(BigInt(/atomic/.test(name) ? offset & -8 : offset));
}
