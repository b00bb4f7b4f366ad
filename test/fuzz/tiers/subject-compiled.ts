/** The module as the host's compiler runs it, as it is or instrumented, and what its traps are called. */
import { METER_EXPORTS, type MeterOptions, WHY, whyOf } from "../../../runtime/metered/index.ts";
import { WORDINGS } from "../../conformance/wasm/v8.ts";
import type { Driven } from "./drive.ts";
import { HOST, type Notes, note } from "./host.ts";
import { type Ending, PLENTY, type Running, type Subject, TABLE_SHOWN } from "./subject.ts";

interface Exports {
  readonly [name: string]: unknown;
}
interface TableOf {
  readonly length: number | bigint;
  get(index: number | bigint): unknown;
}
interface TagOf {
  is(tag: unknown): boolean;
}
const Exception = (WebAssembly as unknown as { readonly Exception: abstract new () => TagOf }).Exception;

export function compiled(name: string, driven: Driven, make: () => Uint8Array, fuel: MeterOptions["fuel"]): Subject {
  let module: WebAssembly.Module | undefined;
  return {
    name,
    fuel,
    start() {
      module ??= new WebAssembly.Module(make());
      try {
        const notes: Notes = [];
        const running = inV8(new WebAssembly.Instance(module, hostOf(notes)).exports, driven, notes);
        const ending = running.begin();
        return ending.kind === "returned" ? running : ending.kind === "exception" ? { ...ending, tag: -1 } : ending;
      } catch (error) {
        return thrown(error, {}, driven);
      }
    },
  };
}

export const hostOf = (notes: Notes) => ({ [HOST]: { note0: (a: number, b: bigint) => note(notes, a, b) } });

export function inV8(exports: Exports, driven: Driven, notes: Notes): Running & { begin(): Ending } {
  const tank = exports[METER_EXPORTS.fuel] as { value: bigint } | undefined;
  const why = exports[METER_EXPORTS.why] as { value: number } | undefined;
  if (tank !== undefined) tank.value = BigInt(PLENTY);
  let indices: Map<unknown, number> | undefined;
  const call = (name: string): Ending => {
    if (why !== undefined) why.value = WHY.nothing;
    try {
      (exports[name] as () => void)();
      return { kind: "returned" };
    } catch (error) {
      if (why !== undefined && whyOf(exports) !== WHY.nothing) return { kind: "fuel" };
      return thrown(error, exports, driven);
    }
  };
  return {
    notes,
    begin: () => (METER_EXPORTS.start in exports ? call(METER_EXPORTS.start) : { kind: "returned" }),
    call,
    memory: (name) => new Uint8Array((exports[name] as WebAssembly.Memory).buffer),
    table(index) {
      indices ??= new Map(Array.from({ length: driven.functions }, (_, n) => [exports[`f${n}`], n]));
      const table = exports[`t${index}`] as TableOf;
      const shown = Math.min(TABLE_SHOWN, Number(table.length));
      const at = (n: number) => table.get(typeof table.length === "bigint" ? BigInt(n) : n);
      return Array.from({ length: shown }, (_, n) => indices?.get(at(n)) ?? null);
    },
    get fuel() {
      return Number(tank?.value ?? 0n);
    },
    set fuel(units) {
      if (tank !== undefined) tank.value = BigInt(units);
    },
  };
}

/** What V8 says where the suite never looks, beside the suite's table. */
const MORE_WORDINGS: typeof WORDINGS = [
  [/^null function/, ["uninitialized element", "null "]],
  [/rethrowing null/, ["null exception reference"]],
  // array.init_data looks at the segment first, the specification at the array (section 4.6.9).
  [/data segment/, ["out of bounds memory access", "out of bounds array access"]],
  // An atomic access that is both unaligned and out of bounds is the one or the other, by instruction and compiler.
  [/unaligned accesses/, ["unaligned atomic", "out of bounds memory access"]],
  [/memory access out of bounds/, ["out of bounds memory access", "unaligned atomic"]],
];

export function thrown(error: unknown, exports: Exports, driven: Driven): Ending {
  if (error instanceof Exception) {
    // Before there are exports nobody can say which tag it was.
    const tags = Array.from({ length: "dump" in exports ? driven.tags : 0 }, (_, n) => n);
    return { kind: "exception", tag: tags.find((n) => error.is(exports[`e${n}`])) ?? -1 };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError || /too large/.test(message)) return { kind: "exhausted", what: message };
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  const wordings = [...MORE_WORDINGS, ...WORDINGS].find(([pattern]) => pattern.test(message))?.[1];
  return { kind: "trap", wordings: wordings ?? [message] };
}
