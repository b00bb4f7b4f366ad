/**
 * The embedding API of the interpreter (core specification, appendix "Embedding"): a store holds instances; modules that
 * Loader and Validator have passed are instantiated in it, linked with what the host gives, and called. Limits, fuel
 * and probes belong to the store.
 */

import { linkFault, trapFault } from "../faults.ts";
import { Fault } from "../kernel/fault.ts";
import { attemptSync, err, ok, type Result, unwrap } from "../kernel/result.ts";
import type { GlobalType, MemoryType, TableType } from "../module/module.ts";
import { createRegistry, type TypeRegistry } from "../module/registry.ts";
import type { ValType } from "../module/val-type.ts";
import type { ValidModule } from "../validate/module.ts";
import { Activation, type Runner } from "./activation.ts";
import { framesOf } from "./backtrace.ts";
import { HotCode } from "./hot-code.ts";
import { Instance, type InstanceStore, type Resolve, type Stage } from "./instance.ts";
import { GlobalInstance, MemoryInstance, TableInstance, TagInstance } from "./instances.ts";
import { run } from "./loop.ts";
import { type Lowered, lower, totalWords } from "./lower.ts";
import { Machine, type MachineLimits } from "./machine.ts";
import { readCell, readValues, writeCell, writeValues } from "./marshal.ts";
import { PROBE_WORDS, type Probe, siteOf } from "./probe.ts";
import { unwind } from "./slow/calls.ts";
import { slowHandlers } from "./slow-handlers.ts";
import { STATUS } from "./status.ts";
import { TRAP, TRAPS } from "./traps.ts";
import { type ExceptionRef, FunctionInstance, type HostCall, PENDING, type Ref, type Value } from "./value.ts";

export interface StoreLimits extends MachineLimits {
  /** Bytes of one memory. */
  readonly memoryBytes: number;
  readonly tableElements: number;
  /** Invocations nested through host functions. */
  readonly nesting: number;
}

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  stackSlots: 1 << 17,
  callDepth: 1 << 14,
  codeWords: 1 << 26,
  gcBytes: 64 * 1024 * 1024,
  memoryBytes: 4 * 1024 * 1024 * 1024,
  tableElements: 10_000_000,
  nesting: 64,
};

export interface StoreOptions {
  readonly limits?: Partial<StoreLimits>;
  readonly registry?: TypeRegistry;
  /** Units of fuel; without it there is no bound. */
  readonly fuel?: number;
  /** Sees every instruction before it runs; everything is slower then. May stop the call there. */
  readonly probe?: Probe;
  /**
   * Hot functions may become generated JavaScript: results, fuel and snapshots stay the same. Off unless asked for;
   * without effect beside a probe, and where the host forbids code from text. `eager` is for tests.
   */
  readonly blocks?: boolean | "eager";
}

/** A host function throws this to raise a WebAssembly exception in its caller. */
export class WasmException extends Error {
  readonly exception: ExceptionRef;

  constructor(exception: ExceptionRef) {
    super("a WebAssembly exception");
    this.name = "WasmException";
    this.exception = exception;
  }
}

export class Store implements InstanceStore {
  readonly limits: StoreLimits;
  readonly registry: TypeRegistry;
  readonly machine: Machine;
  readonly instances: Instance[] = [];
  /** Functions are lowered one instruction at a time, with a probe before each. */
  readonly probed: boolean;
  #nesting = 0;
  /** The call stands at a probe that has been seen: the next step goes past it. */
  #passing = false;

  constructor(options: StoreOptions = {}) {
    this.limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };
    this.registry = options.registry ?? createRegistry();
    this.probed = options.probe !== undefined;
    const { probe } = options;
    this.machine = new Machine(
      this.limits,
      this.registry,
      { lower: (f) => this.#lower(f), callHost: (f, base) => this.#callHost(f, base) },
      slowHandlers((m, pc, fp) => {
        if (this.#passing) this.#passing = false;
        else if (probe?.(siteOf(m, pc, fp)) === "stop") {
          this.#passing = true;
          return -STATUS.probe;
        }
        return pc + PROBE_WORDS;
      }),
    );
    const { blocks = false } = options;
    if (blocks !== false && !this.probed) this.machine.hot = new HotCode(blocks === "eager");
    this.fuel = options.fuel ?? Number.POSITIVE_INFINITY;
    this.#runner = {
      machine: this.machine,
      drive: () => this.#drive(),
      host: (f, base) => this.#callHost(f, base),
      faultOf: (status) => this.#faultOf(status),
      settled: () => {
        this.#nesting -= 1;
      },
    };
  }

  /** What is left in the tank. A basic block that was begun may have left a debt below zero. */
  get fuel(): number {
    return this.machine.fuel + this.machine.reserve;
  }

  set fuel(units: number) {
    const m = this.machine;
    m.fuel = m.hot === undefined ? units : Math.min(units, m.hot.slice);
    m.reserve = m.fuel === units ? 0 : units - m.fuel;
  }

  // --- what the host makes

  /** A function of the host's; types of references in terms of abstract heap types or canonical ids. */
  hostFunction(params: readonly ValType[], results: readonly ValType[], call: HostCall): FunctionInstance {
    const type = this.registry.functionType(params, results);
    return this.addFunction({ type, params, results, instance: -1, index: -1, host: call });
  }

  addFunction(of: Omit<ConstructorParameters<typeof FunctionInstance>[0], "id">): FunctionInstance {
    const f = new FunctionInstance({ ...of, id: this.machine.functions.length });
    this.machine.addFunction(f);
    return f;
  }

  newMemory(type: MemoryType): MemoryInstance {
    const { memories } = this.machine;
    const pageBytes = 2 ** type.pageSizeLog2;
    const most = Math.floor(this.limits.memoryBytes / pageBytes);
    const declared = type.limits.max === undefined ? most : Number(type.limits.max);
    if (Number(type.limits.min) > most) {
      throw linkFault("LINK_LIMIT", {
        what: "memory",
        wanted: Number(type.limits.min) * pageBytes,
        limit: this.limits.memoryBytes,
      });
    }
    try {
      const memory = new MemoryInstance(memories.length, type, Math.min(most, declared));
      memories.push(memory);
      return memory;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const wanted = Number(type.limits.min) * pageBytes;
      throw linkFault("LINK_LIMIT", { what: "memory", wanted, limit: this.limits.memoryBytes }, error);
    }
  }

  newTable(type: TableType, init: Ref = null): TableInstance {
    const { tables } = this.machine;
    const most = this.limits.tableElements;
    if (type.limits.min > BigInt(most)) {
      throw linkFault("LINK_LIMIT", { what: "table", wanted: Number(type.limits.min), limit: most });
    }
    const declared = type.limits.max === undefined ? most : Number(type.limits.max);
    const table = new TableInstance(tables.length, type, Math.min(most, declared), init);
    tables.push(table);
    return table;
  }

  newGlobal(type: GlobalType, value: Value): GlobalInstance {
    const { machine } = this;
    const cell = machine.addCell();
    const read = () => readCell(machine, type.type, cell);
    const write = (next: Value) => writeCell(machine, type.type, cell, next);
    const global = new GlobalInstance(machine.globalList.length, type, cell, read, write);
    machine.globalList.push(global);
    write(value);
    return global;
  }

  newTag(params: readonly ValType[], type = this.registry.functionType(params, [])): TagInstance {
    const tag = new TagInstance(this.machine.tags.length, type, params);
    this.machine.tags.push(tag);
    return tag;
  }

  // --- modules

  /** Links and instantiates. LINK_* when an import is missing or does not match; TRAP_* when a segment or start traps. */
  instantiate(valid: ValidModule, resolve: Resolve, stage: Stage = "started"): Result<Instance, Fault> {
    return attemptSync(() => Instance.make(this, valid, resolve, stage));
  }

  /** Evaluates a constant expression as a function that is forgotten afterwards. Traps are thrown. */
  evaluate(of: Omit<ConstructorParameters<typeof FunctionInstance>[0], "id">): Value {
    const m = this.machine;
    const { codeEnd, hot } = m;
    const ranges = m.ranges.length;
    // Doors into what is forgotten would stay.
    m.hot = undefined;
    const f = this.addFunction(of);
    const outcome = this.invoke(f, []);
    m.hot = hot;
    m.functions.pop();
    m.ranges.length = ranges;
    m.codeEnd = codeEnd;
    return unwrap(outcome)[0] as Value;
  }

  trapFault(number: number): Fault {
    return this.#trap(number);
  }

  /** Links and allocates without running segments and start: for `restore`, which brings the state. */
  adopt(valid: ValidModule, resolve: Resolve): Result<Instance, Fault> {
    return attemptSync(() => Instance.make(this, valid, resolve, "defined"));
  }

  /** The call that a restored machine holds. */
  resumed(f: FunctionInstance, base: number): Activation {
    this.#nesting += 1;
    return new Activation(this.#runner, f, base, true);
  }

  #lower(f: FunctionInstance): Lowered {
    const instance = this.instances[f.instance];
    if (instance === undefined) throw new Error("a function without an instance");
    return lower(instance.bodyOf(f), instance.linkage);
  }

  // --- calls

  /** Calls and runs to the end. TRAP_* with a backtrace, TRAP_FUEL, TRAP_EXCEPTION, or the fault a host function threw. */
  invoke(f: FunctionInstance, args: readonly Value[]): Result<readonly Value[], Fault> {
    const begun = this.begin(f, args);
    if (!begun.ok) return begun;
    const progress = begun.value.run();
    if (progress.state === "done") return ok(progress.values);
    if (progress.state === "failed") return err(progress.fault);
    const fault = this.#faultOf(progress.state === "fuel" ? STATUS.fuel : STATUS.waiting);
    begun.value.discard();
    return err(fault);
  }

  /** A call that may stand still. TRAP_STACK when there is no room for it. */
  begin(f: FunctionInstance, args: readonly Value[]): Result<Activation, Fault> {
    const m = this.machine;
    if (args.length !== f.params.length) {
      throw new TypeError(`expected ${f.params.length} arguments, got ${args.length}`);
    }
    const space = Math.max(totalWords(f.params), totalWords(f.results));
    if (this.#nesting >= this.limits.nesting || m.top + space > m.stackEnd || m.frame >= m.framesEnd) {
      return err(this.#trap(TRAP.stackExhausted));
    }
    this.#nesting += 1;
    writeValues(m, f.params, m.top, args);
    return ok(new Activation(this.#runner, f, m.top, false));
  }

  readonly #runner: Runner;

  #drive(): number {
    const m = this.machine;
    let status = run(m);
    for (;;) {
      if (status === STATUS.fuel && m.reserve > 0) {
        const left = this.fuel;
        if (left >= 0) m.hot?.sample(m);
        this.fuel = left;
        if (left < 0) return status;
        status = run(m);
        continue;
      }
      if (status !== STATUS.exception || m.exception === undefined || !this.#raisedByHost) return status;
      // An exception that a host function raised looks for a handler from its caller outwards.
      this.#raisedByHost = false;
      const next = unwind(m, m.exception, m.pc - 1);
      if (next < 0) return -next;
      m.pc = next;
      status = m.fuel < 0 ? STATUS.fuel : run(m);
    }
  }

  #raisedByHost = false;

  #callHost(f: FunctionInstance, base: number): number {
    const m = this.machine;
    const before = { fp: m.fp, frame: m.frame, instance: m.instance, top: m.top, pc: m.pc };
    m.top = base + Math.max(totalWords(f.params), totalWords(f.results));
    if (m.top > m.stackEnd) return TRAP.stackExhausted;
    try {
      const results = (f.host as HostCall)(readValues(m, f.params, base));
      if (results === PENDING) {
        m.pending = { f: f.id, base };
        return STATUS.waiting;
      }
      if (results.length !== f.results.length)
        throw new TypeError(`a host function gave ${results.length} results, not ${f.results.length}`);
      writeValues(m, f.results, base, results);
      return STATUS.done;
    } catch (error) {
      if (error instanceof WasmException) {
        m.exception = error.exception;
        this.#raisedByHost = true;
        return STATUS.exception;
      }
      if (!(error instanceof Fault)) throw error;
      m.fault = error;
      return STATUS.fault;
    } finally {
      m.top = before.top;
      m.fp = before.fp;
      m.frame = before.frame;
      m.instance = before.instance;
      m.pc = before.pc;
      m.view = m.viewOf(m.instance);
    }
  }

  // --- what went wrong

  #faultOf(status: number): Fault {
    const m = this.machine;
    if (status === STATUS.fault && m.fault !== undefined) return m.fault;
    if (status === STATUS.fuel) return trapFault("TRAP_FUEL", { where: this.backtrace() });
    if (status === STATUS.waiting) return trapFault("TRAP_WAITING", { where: this.backtrace() });
    if (status === STATUS.exception)
      return trapFault("TRAP_EXCEPTION", { tag: m.exception?.tag ?? -1, where: this.backtrace() });
    return this.#trap(status);
  }

  #trap(status: number): Fault {
    const row = TRAPS[status];
    if (row === undefined) throw new Error(`no trap ${status}`);
    return trapFault(row.code, { reason: row.reason, where: this.backtrace() });
  }

  /** Frames from the innermost outwards: function name or index, byte offset in the module. At most 32. */
  backtrace(): readonly string[] {
    return framesOf(this.machine).map(({ f, offset }) => {
      return `${this.instances[f.instance]?.nameOf(f.index) ?? `function ${f.index}`} at 0x${offset.toString(16)}`;
    });
  }
}
