/** One module running in each tier, behind one face: call an export, look at what it left. */
import { trapFault } from "../../../runtime/faults.ts";
import { type FunctionInstance, type Instance, Store, type StoreOptions } from "../../../runtime/interpret/index.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS, type MeterOptions, WHY } from "../../../runtime/metered/index.ts";
import { ALL_FEATURES } from "../../../runtime/module/features.ts";
import { type ValidModule, validateModule } from "../../../runtime/validate/module.ts";
import { WORDINGS } from "../../conformance/wasm/v8.ts";
import type { Driven } from "./drive.ts";
import { HOST, NOTE, type Notes, note } from "./host.ts";

/** How a call ended. */
export type Ending =
  | { readonly kind: "returned" }
  /** In the suite's words; V8's are fewer, so each of its own stands for several. */
  | { readonly kind: "trap"; readonly wordings: readonly string[] }
  | { readonly kind: "exception"; readonly tag: number }
  | { readonly kind: "fuel" }
  /** The stack or a heap of the engine's is full: says nothing about the others. */
  | { readonly kind: "exhausted"; readonly what: string };

export interface Running {
  /** What the host was called with. */
  readonly notes: readonly string[];
  call(name: string): Ending;
  memory(name: string): Uint8Array;
  /** Indices of the functions in a table, null for an empty element. */
  table(index: number): readonly (number | null)[];
  /** Units in the tank; only where they are counted. */
  fuel: number;
}

export interface Subject {
  readonly name: string;
  /** Fuel is the interpreter's to the unit, or at least as much but for bulk instructions, or not counted. */
  readonly fuel: MeterOptions["fuel"];
  /** Takes what the module wants of the host, if anything; an ending other than `returned` when segments do not fit. */
  start(): Running | Ending;
}

export const PLENTY = 2 ** 40;
const TABLE_SHOWN = 64;
const SLICE = 23;
const LIMITS = { stackSlots: 1 << 16, callDepth: 1 << 12, codeWords: 1 << 24, memoryBytes: 1 << 26 };

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
    interpreted("interpreter-slices", driven, { blocks: "eager" }, SLICE),
    compiled("v8", driven, () => driven.bytes, "none"),
    ...METERED.map(([name, options]) =>
      compiled(name, driven, () => unwrap(instrument(valid, options)).bytes, options.fuel),
    ),
  ];
}

// --- the interpreter

/** `slice`: calls stand still whenever so many units are used up, and then go on. */
function interpreted(name: string, driven: Driven, options: StoreOptions, slice = PLENTY): Subject {
  return {
    name,
    fuel: "exact",
    start() {
      const store = new Store({ ...options, limits: LIMITS, fuel: PLENTY });
      // A store has its own registry: the module is validated into it.
      const valid = unwrap(validateModule(driven.module, { registry: store.registry, features: ALL_FEATURES }));
      const notes: Notes = [];
      const host = store.hostFunction(NOTE.params, NOTE.results, ([a, b]) => {
        if (a?.type !== "i32" || b?.type !== "i64") throw new Error("the host was called with other types");
        return [{ type: "i32", value: note(notes, a.value, b.value) }];
      });
      const made = store.instantiate(valid, () => host);
      if (made.ok) return interpreting(store, made.value, notes, slice);
      const ending = endingOf(made.error.code, made.error.facts);
      return ending.kind === "exception" ? { kind: "exception", tag: -1 } : ending;
    },
  };
}

function interpreting(store: Store, { exports }: Instance, notes: Notes, slice: number): Running {
  // What is not in the store's tank yet.
  let reserve = 0;
  const give = () => {
    const units = Math.min(slice, reserve);
    reserve -= units;
    store.fuel += units;
  };
  /** Undefined when the call returned. */
  const invoke = (f: FunctionInstance): Fault | undefined => {
    if (slice === PLENTY) {
      const done = store.invoke(f, []);
      return done.ok ? undefined : done.error;
    }
    const begun = store.begin(f, []);
    if (!begun.ok) return begun.error;
    for (;;) {
      const progress = begun.value.run();
      if (progress.state === "done") return undefined;
      if (progress.state === "failed") return progress.fault;
      if (progress.state !== "fuel") throw new Error(`the call is ${progress.state}`);
      while (store.fuel < 0 && reserve > 0) give();
      if (store.fuel >= 0) continue;
      begun.value.discard();
      return trapFault("TRAP_FUEL", { where: [] });
    }
  };
  const firstTag = exports.get("e0");
  const indices = new Map<unknown, number>();
  for (let n = 0; exports.has(`f${n}`); n += 1) indices.set(exports.get(`f${n}`), n);
  return {
    notes,
    call(name) {
      const f = exports.get(name);
      if (f?.kind !== "function") throw new Error(`no export ${name}`);
      const fault = invoke(f);
      if (fault === undefined) return { kind: "returned" };
      const ending = endingOf(fault.code, fault.facts);
      return ending.kind === "exception" && firstTag?.kind === "tag"
        ? { kind: "exception", tag: ending.tag - firstTag.id }
        : ending;
    },
    memory(name) {
      const memory = exports.get(name);
      if (memory?.kind !== "memory") throw new Error(`no memory ${name}`);
      return memory.bytes;
    },
    table(index) {
      const table = exports.get(`t${index}`);
      if (table?.kind !== "table") throw new Error(`no table ${index}`);
      return table.elements.slice(0, TABLE_SHOWN).map((one) => indices.get(one) ?? null);
    },
    get fuel() {
      return store.fuel + reserve;
    },
    set fuel(units) {
      reserve = units;
      store.fuel = 0;
      give();
    },
  };
}

function endingOf(code: string, { reason, tag }: Readonly<Record<string, unknown>>): Ending {
  if (code === "TRAP_FUEL") return { kind: "fuel" };
  if (code === "TRAP_EXCEPTION") return { kind: "exception", tag: Number(tag) };
  if (code === "TRAP_STACK" || code === "TRAP_GC_HEAP") return { kind: "exhausted", what: code };
  if (!code.startsWith("TRAP_")) throw new Error(`unexpected: ${code} ${reason}`);
  return { kind: "trap", wordings: [String(reason)] };
}

// --- V8

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
