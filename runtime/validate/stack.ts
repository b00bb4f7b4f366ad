/** Operand and control stacks of the validation algorithm (core specification, appendix "Validation Algorithm"). */
import { validateFault } from "../faults.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { TypeRegistry } from "../module/registry.ts";
import { BOTTOM, isRef, typeName, type ValType } from "../module/val-type.ts";
import { invalid, names } from "./context.ts";

/** A block that is open. Frames are used again: a popped one is good until the next one is pushed. */
export interface Frame {
  readonly opcode: number;
  readonly start: readonly ValType[];
  readonly end: readonly ValType[];
  readonly height: number;
  /** How many locals had been set when the frame began. */
  readonly initialized: number;
  readonly unreachable: boolean;
}

/** Where a block's instruction is, how many operands lie below its own, how many it takes and leaves together. */
export type BlockObserver = (at: number, height: number, arity: number) => void;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Stacks {
  readonly #registry: TypeRegistry;
  #types: ValType[] = [];
  #height = 0;
  /** Height below which the current frame may not pop. */
  #floor = 0;
  #unreachable = false;
  readonly #frames: Mutable<Frame>[] = [];
  #depth = 0;
  /** Offset of the current instruction. */
  at = 0;
  /** Told of every block that begins. */
  onFrame: BlockObserver | undefined;
  /** What is left of the module's transfers, and what it had. */
  #left: number;
  readonly #transfers: number;

  constructor(registry: TypeRegistry, moduleBytes: number) {
    this.#registry = registry;
    this.#transfers = ENGINE_LIMITS.transfers + ENGINE_LIMITS.transfersPerByte * moduleBytes;
    this.#left = this.#transfers;
  }

  /** Pays for work that a few bytes cause: without a bound, a small module keeps the Validator busy for hours. */
  spend(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw this.#limit("operand transfers and locals", this.#transfers);
  }

  #limit(what: string, limit: number): Error {
    return validateFault("VALIDATE_LIMIT", { what, limit, offset: this.at });
  }

  reset(): void {
    this.#depth = 0;
    this.#height = 0;
    this.#floor = 0;
    this.#unreachable = false;
  }

  push(type: ValType): void {
    if (this.#height === ENGINE_LIMITS.operands) throw this.#limit("operands on the stack", ENGINE_LIMITS.operands);
    this.#types[this.#height] = type;
    this.#height += 1;
  }

  pushAll(types: readonly ValType[]): void {
    this.spend(types.length);
    for (let n = 0; n < types.length; n += 1) this.push(types[n] as ValType);
  }

  /** Pops one operand of any type; BOTTOM from an unreachable stack. */
  popAny(): ValType {
    if (this.#height === this.#floor) {
      if (this.#unreachable) return BOTTOM;
      throw invalid("type mismatch: an operand is expected but the stack is empty", this.at);
    }
    this.#height -= 1;
    return this.#types[this.#height] as ValType;
  }

  pop(expected: ValType): ValType {
    if (this.#height === this.#floor) {
      if (this.#unreachable) return BOTTOM;
      throw this.#missing(expected);
    }
    this.#height -= 1;
    const type = this.#types[this.#height] as ValType;
    if (type !== expected && !this.#registry.matches(type, expected)) throw this.mismatch(expected, type);
    return type;
  }

  #missing(expected: ValType): Error {
    return invalid(`type mismatch: instruction requires [${typeName(expected)}] but stack has []`, this.at);
  }

  mismatch(expected: ValType, found: ValType): Error {
    return invalid(
      `type mismatch: instruction requires [${typeName(expected)}] but stack has [${typeName(found)}]`,
      this.at,
    );
  }

  popAll(types: readonly ValType[]): void {
    this.spend(types.length);
    for (let n = types.length - 1; n >= 0; n -= 1) this.pop(types[n] as ValType);
  }

  /** The same type several times. */
  popRepeated(type: ValType, count: number): void {
    this.spend(count);
    for (let left = count; left > 0; left -= 1) this.pop(type);
  }

  popRef(): ValType {
    const type = this.popAny();
    if (type !== BOTTOM && !isRef(type)) {
      throw invalid(`type mismatch: a reference is required but stack has [${typeName(type)}]`, this.at);
    }
    return type;
  }

  /** A conditional branch: what stays has the label's types. */
  passAll(types: readonly ValType[]): void {
    this.popAll(types);
    this.pushAll(types);
  }

  /** br_table checks several labels against the same operands, which keep their own types. */
  peekAll(types: readonly ValType[]): void {
    this.spend(types.length);
    const popped: ValType[] = [];
    for (let n = types.length - 1; n >= 0; n -= 1) popped.push(this.pop(types[n] as ValType));
    for (let n = popped.length - 1; n >= 0; n -= 1) this.push(popped[n] as ValType);
  }

  /** Open blocks, the body itself included. */
  get depth(): number {
    return this.#depth;
  }

  pushFrame(opcode: number, start: readonly ValType[], end: readonly ValType[], initialized: number): void {
    let frame = this.#frames[this.#depth];
    if (frame === undefined) {
      frame = { opcode, start, end, height: 0, initialized, unreachable: false };
      this.#frames.push(frame);
    }
    frame.opcode = opcode;
    frame.start = start;
    frame.end = end;
    frame.height = this.#height;
    frame.initialized = initialized;
    frame.unreachable = false;
    this.onFrame?.(this.at, this.#height, start.length + end.length);
    this.#depth += 1;
    this.#floor = this.#height;
    this.#unreachable = false;
    if (start.length > 0) this.pushAll(start);
  }

  popFrame(): Frame {
    const frame = this.frame(0);
    this.popAll(frame.end);
    if (this.#height !== frame.height) {
      const rest = this.#types.slice(frame.height, this.#height);
      throw invalid(`type mismatch: block requires ${names(frame.end)} but stack has ${names(rest)} besides`, this.at);
    }
    this.#depth -= 1;
    const outer = this.#depth === 0 ? undefined : this.#frames[this.#depth - 1];
    this.#floor = outer?.height ?? 0;
    this.#unreachable = outer?.unreachable ?? false;
    return frame;
  }

  setUnreachable(): void {
    const frame = this.#frames[this.#depth - 1] as Mutable<Frame>;
    frame.unreachable = true;
    this.#unreachable = true;
    this.#height = frame.height;
  }

  frame(depth: number): Frame {
    if (depth >= this.#depth) throw invalid(`unknown label ${depth}`, this.at);
    return this.#frames[this.#depth - 1 - depth] as Frame;
  }
}

const LOOP = 0x03;

/** Types that a branch to the frame takes. */
export const labelTypes = (frame: Frame): readonly ValType[] => (frame.opcode === LOOP ? frame.start : frame.end);
