/**
 * The state of everything that runs in one store, as plain arrays: operand stack, control frames, linear code, cells of
 * globals. The dispatch loop works on it; a snapshot is a copy of it. Guest calls push control frames of three words
 * (return address, caller's frame, caller's instance); the base of each invocation returns to the `halt` instruction.
 */

import type { Fault } from "../kernel/fault.ts";
import type { CompositeType } from "../module/module.ts";
import type { TypeRegistry } from "../module/registry.ts";
import type { GlobalInstance, MemoryInstance, TableInstance, TagInstance } from "./instances.ts";
import type { Handler, Lowered } from "./lower.ts";
import { loweredOp, SLOW_BASE } from "./ops.ts";
import { STATUS } from "./status.ts";
import { TRAP } from "./traps.ts";
import type { ExceptionRef, FunctionInstance, Ref } from "./value.ts";
import { type StackViews, stackViews } from "./views.ts";

export interface MachineLimits {
  /** Value slots of 8 bytes. */
  readonly stackSlots: number;
  /** Nested guest calls. */
  readonly callDepth: number;
  /** Words of lowered code. */
  readonly codeWords: number;
  /** Bytes of live garbage-collected objects. */
  readonly gcBytes: number;
}

/** Words at the beginning of the stack that hold interned constants; the first four are scratch. */
const CONSTANT_WORDS = 8192;
export const SCRATCH = 0;
export const STACK_BASE = CONSTANT_WORDS;
/** Where `halt` is: word 0 stays empty, because entry 0 means "not lowered yet". */
export const HALT_PC = 1;
const CODE_BASE = 4;

export type SlowHandler = (m: Machine, pc: number, fp: number) => number;

/** What the machine asks of its store. */
export interface MachineHost {
  lower(f: FunctionInstance): Lowered;
  /** Runs a host function with arguments at `base`, results to the same place; a status. */
  callHost(f: FunctionInstance, base: number): number;
}

/** Code made from hot functions: see hot-code.ts. */
export interface GeneratedCode {
  /** Functions that were compiled. */
  readonly compiled: number;
  /** Fuel until the next sample. */
  readonly slice: number;
  /** Runs from a door on; the next pc, or minus a status. */
  enter(m: Machine, door: number): number;
  /** A function has been lowered. */
  lowered(m: Machine, range: CodeRange): void;
  /** Fuel for a sample has been spent. */
  sample(m: Machine): void;
  /** Lowered code as it was before doors were cut into it. */
  restored(code: Int32Array): Int32Array;
  /** The doors went with the code. */
  forget(): void;
}

export interface CodeRange {
  readonly f: number;
  readonly start: number;
  readonly end: number;
  /** Stack words of one frame. */
  readonly frameWords: number;
  readonly positions: Int32Array;
  readonly handlers: readonly Handler[];
}

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));

export class Machine {
  readonly limits: MachineLimits;
  readonly registry: TypeRegistry;
  readonly host: MachineHost;
  readonly slowHandlers: readonly SlowHandler[];
  readonly views: StackViews;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly refs: Ref[];
  readonly frames: Int32Array;
  readonly framesEnd: number;
  readonly stackEnd: number;
  code: Int32Array = new Int32Array(4096);
  codeEnd = CODE_BASE;
  readonly ranges: CodeRange[] = [];
  entries: Int32Array = new Int32Array(64);
  instanceOf: Int32Array = new Int32Array(64);
  globals: Int32Array = new Int32Array(256);
  readonly globalRefs: Ref[] = [];
  readonly functions: FunctionInstance[] = [];
  readonly memories: MemoryInstance[] = [];
  readonly tables: TableInstance[] = [];
  readonly globalList: GlobalInstance[] = [];
  readonly tags: TagInstance[] = [];
  /** Passive segments by number; dropped ones are empty. */
  readonly datas: Uint8Array[] = [];
  readonly elementSegments: (readonly Ref[])[] = [];
  /** Memory 0 of each instance. */
  readonly firstMemories: (MemoryInstance | undefined)[] = [];

  pc = HALT_PC;
  fp: number = STACK_BASE;
  /** Words of `frames` in use. */
  frame = 0;
  instance = -1;
  fuel = Number.POSITIVE_INFINITY;
  /** Fuel that is kept back, so that the loop stops for a sample. */
  reserve = 0;
  /** Generated code, where the store may have it. */
  hot: GeneratedCode | undefined;
  view: DataView = EMPTY_VIEW;
  /** A helper changed something that the loop keeps in variables. */
  changed = false;
  /** First stack word that a nested invocation may use. */
  top: number = STACK_BASE;
  fault: Fault | undefined;
  exception: ExceptionRef | undefined;
  /** A host function whose results are awaited at `base`. */
  pending: { readonly f: number; readonly base: number } | undefined;
  /** Bytes allocated since the last census of the GC heap, and what may be allocated before the next. */
  gcAllocated = 0;
  gcCensusAt: number;

  readonly #constants = new Map<string, number>();
  #constantEnd = 8;

  constructor(limits: MachineLimits, registry: TypeRegistry, host: MachineHost, slowHandlers: readonly SlowHandler[]) {
    this.limits = limits;
    this.registry = registry;
    this.host = host;
    this.slowHandlers = slowHandlers;
    const words = STACK_BASE + limits.stackSlots * 2;
    this.views = stackViews(new ArrayBuffer(words * 4));
    this.i32 = this.views.i32;
    this.f32 = this.views.f32;
    this.f64 = this.views.f64;
    this.refs = new Array<Ref>(words >> 1).fill(null);
    this.frames = new Int32Array(limits.callDepth * 3);
    this.framesEnd = this.frames.length;
    this.stackEnd = words;
    this.gcCensusAt = limits.gcBytes;
    this.code[HALT_PC] = loweredOp("halt");
  }

  viewOf(instance: number): DataView {
    return this.firstMemories[instance]?.view ?? EMPTY_VIEW;
  }

  /** Called outside the loop after a memory has grown. */
  refreshView(): void {
    this.view = this.viewOf(this.instance);
    this.changed = true;
  }

  slow(op: number, pc: number, fp: number): number {
    const handler = this.slowHandlers[op - SLOW_BASE];
    if (handler === undefined) throw new Error(`no handler for lowered instruction ${op}`);
    const next = handler(this, pc, fp);
    if (this.fuel >= 0 || next < 0) return next;
    // A bulk instruction or an exception's handler has been paid: nothing goes on with a debt.
    this.pc = next;
    return -STATUS.fuel;
  }

  enterHot(door: number): number {
    return (this.hot as GeneratedCode).enter(this, door);
  }

  callHost(f: number, base: number): number {
    return this.host.callHost(this.functions[f] as FunctionInstance, base);
  }

  /** Lowers a function and returns where its code begins, or minus a trap number when the code area is full. */
  prepare(f: number): number {
    const { code, positions, handlers } = this.host.lower(this.functions[f] as FunctionInstance);
    const start = this.codeEnd;
    const end = start + code.length;
    if (end > this.limits.codeWords) return -TRAP.stackExhausted;
    if (end > this.code.length) {
      const larger = new Int32Array(Math.min(this.limits.codeWords, Math.max(end, this.code.length * 2)));
      larger.set(this.code.subarray(0, start));
      this.code = larger;
    }
    this.code.set(code, start);
    this.codeEnd = end;
    const range = { f, start, end, frameWords: code[1] as number, positions, handlers };
    this.ranges.push(range);
    this.entries[f] = start;
    this.hot?.lowered(this, range);
    return start;
  }

  /** The function that a table's element names, checked against the expected type; minus a trap number. Section 4.6.9. */
  indirect(table: number, index: number, type: number): number {
    const elements = (this.tables[table] as TableInstance).elements;
    const element = elements[index >>> 0];
    if (element === undefined) return -TRAP.undefinedElement;
    if (element === null) return -TRAP.uninitializedElement;
    const f = element as FunctionInstance;
    if (f.type !== type && !this.registry.isSubtype(f.type, type)) return -TRAP.indirectType;
    return f.id;
  }

  /** The lowered function that a word of code belongs to. */
  rangeOf(pc: number): CodeRange | undefined {
    let low = 0;
    let high = this.ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.ranges[middle] as CodeRange;
      if (pc < range.start) high = middle - 1;
      else if (pc >= range.end) low = middle + 1;
      else return range;
    }
    return undefined;
  }

  /** Position of an interned constant, or -1 when the area is full. */
  constant(words: readonly number[]): number {
    const key = words.join();
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const at = this.#constantEnd;
    if (at + words.length > CONSTANT_WORDS) return -1;
    this.i32.set(words, at);
    this.#constantEnd = at + words.length + (words.length & 1);
    this.#constants.set(key, at);
    return at;
  }

  /** The interned constants, for a snapshot; their words lie below `STACK_BASE`. */
  saveConstants(): { readonly constants: readonly (readonly [string, number])[]; readonly constantEnd: number } {
    return { constants: [...this.#constants], constantEnd: this.#constantEnd };
  }

  loadConstants(words: Int32Array, constants: readonly (readonly [string, number])[], end: number): void {
    this.i32.set(words);
    this.#constants.clear();
    for (const [key, at] of constants) this.#constants.set(key, at);
    this.#constantEnd = end;
  }

  /** Forgets all lowered code, so that functions can be lowered again in another order. */
  forgetCode(): void {
    for (const { f } of this.ranges) this.entries[f] = 0;
    this.ranges.length = 0;
    this.code.fill(0, CODE_BASE, this.codeEnd);
    this.codeEnd = CODE_BASE;
    this.hot?.forget();
  }

  /** Lowered code, without the doors to generated code. */
  plainCode(): Int32Array {
    const code = this.code.subarray(0, this.codeEnd);
    return this.hot === undefined ? code : this.hot.restored(code);
  }

  addFunction(f: FunctionInstance): void {
    const { id } = f;
    if (id >= this.entries.length) {
      this.entries = grown(this.entries);
      this.instanceOf = grown(this.instanceOf);
    }
    this.functions[id] = f;
    this.instanceOf[id] = f.instance;
    this.entries[id] = f.host === undefined ? 0 : -1;
  }

  /** First word of a new cell of four. */
  addCell(): number {
    const cell = this.globalRefs.length * 4;
    if (cell + 4 > this.globals.length) this.globals = grown(this.globals);
    this.globalRefs.push(null);
    return cell;
  }

  composite<K extends CompositeType["kind"]>(type: number, kind: K): Extract<CompositeType, { kind: K }> {
    const { composite } = this.registry.get(type);
    if (composite.kind !== kind) throw new Error(`type ${type} is no ${kind}`);
    return composite as Extract<CompositeType, { kind: K }>;
  }
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
