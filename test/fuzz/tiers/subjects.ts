/** The tiers that one module is run in, and those of them in which V8 runs it, as it is or instrumented. */
import { unwrap } from "../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS, type MeterOptions, WHY } from "../../../runtime/metered/index.ts";
import type { ValidModule } from "../../../runtime/validate/module.ts";
import { WORDINGS } from "../../conformance/wasm/v8.ts";
import type { Driven } from "./drive.ts";
import { HOST, type Notes, note } from "./host.ts";
import { type Ending, PLENTY, type Running, type Subject, TABLE_SHOWN } from "./subject.ts";
import { interpreted } from "./subject-interpreter.ts";

const METERED: readonly (readonly [name: string, options: MeterOptions])[] = [
  ["metered-exact", { epoch: true, fuel: "exact", reentry: true, turns: 2, piece: 5 }],
  ["metered-block", { epoch: true, fuel: "block", reentry: true, turns: 3, piece: 64 }],
  ["metered-epoch", { epoch: true, fuel: "none", reentry: true, turns: 2 }],
  ["metered-plain", { epoch: false, fuel: "exact", reentry: false }],
];

/** Every tier for one module; the first is the one that the others are compared with. */
export function subjectsOf(valid: ValidModule, driven: Driven): readonly Subject[] {
  return [
    interpreted("interpreter", driven, {}),
    interpreted("interpreter-blocks", driven, { blocks: "eager" }),
    interpreted("interpreter-slices", driven, { blocks: "eager", slice: 23 }),
    interpreted("interpreter-moved", driven, { blocks: "eager", slice: 101, moved: true }),
    compiled("v8", driven, () => driven.bytes, "none"),
    ...METERED.map(([name, options]) =>
      compiled(name, driven, () => unwrap(instrument(valid, options)).bytes, options.fuel),
    ),
  ];
}

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

function compiled(name: string, driven: Driven, make: () => Uint8Array, fuel: MeterOptions["fuel"]): Subject {
  let module: WebAssembly.Module | undefined;
  return {
    name,
    fuel,
    start() {
      module ??= new WebAssembly.Module(make());
      try {
        const notes: Notes = [];
        const host = { note0: (a: number, b: bigint) => note(notes, a, b) };
        const running = inV8(new WebAssembly.Instance(module, { [HOST]: host }).exports, driven, notes);
        const ending = running.begin();
        return ending.kind === "returned" ? running : ending.kind === "exception" ? { ...ending, tag: -1 } : ending;
      } catch (error) {
        return thrown(error, {}, driven);
      }
    },
  };
}

function inV8(exports: Exports, driven: Driven, notes: Notes): Running & { begin(): Ending } {
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
      if (why !== undefined && why.value !== WHY.nothing) return { kind: "fuel" };
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

function thrown(error: unknown, exports: Exports, driven: Driven): Ending {
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
