/**
 * The lowering's output: words of linear code, the abstract operand stack, and the basic blocks whose fuel is counted.
 * A stack entry has a canonical slot by its height; until something forces it there it may stand for a local or a
 * constant, so that most `local.get` and `const` cost nothing. Segments are the basic blocks: their cost is known at
 * their end and patched into every edge that enters them.
 */

import { F32, I32, isRef, V128, type ValType } from "../module/val-type.ts";
import type { Linkage } from "./linkage.ts";
import { findLoweredOp, type LoweredOp, loweredOp, OPS } from "./ops.ts";
import { type SlowName, slowOp } from "./slow-ops.ts";

/** Words that a value of this type takes in a frame. */
export const wordsOf = (type: ValType): number => (type === V128 ? 4 : 2);

export const widthOf = (type: ValType): "32" | "64" | "128" | "ref" =>
  isRef(type) ? "ref" : type === V128 ? "128" : type === I32 || type === F32 ? "32" : "64";

const COPY = {
  "32": loweredOp("copy.32"),
  "64": loweredOp("copy.64"),
  "128": loweredOp("copy.128"),
  ref: loweredOp("copy.ref"),
};
const CONST_32 = loweredOp("const.32");
const CONST_64 = loweredOp("const.64");
const EQZ_TAKEN = loweredOp("br:i32.eqz");
const NOT_EQZ_TAKEN = loweredOp("brn:i32.eqz");

/** A basic block: `patches` are words that receive its cost when it closes. */
export interface Segment {
  cost: number;
  closed: boolean;
  readonly patches: number[];
}

/** Where a conditional branch's words are. */
export interface BranchSite {
  readonly start: number;
  readonly to: number;
  readonly taken: number;
  readonly fall: number;
}

export class Emitter {
  readonly link: Linkage;
  code: Int32Array = new Int32Array(512);
  at = 0;
  /** Pairs: word of an instruction's opcode, offset of the WebAssembly instruction it comes from. */
  positions: number[] = [];
  offset = 0;

  types: ValType[] = [];
  /** Slot that holds the entry, or -1 for a constant. */
  locs: number[] = [];
  /** Canonical slot. */
  slots: number[] = [];
  lows: number[] = [];
  highs: number[] = [];
  height = 0;
  /** Frame words in use: locals and canonical slots of the entries. */
  words = 0;
  maxWords = 0;

  segment: Segment = { cost: 0, closed: false, patches: [] };
  /** Word of the destination of the last instruction when it may still be changed, else -1. */
  #lastTarget = -1;
  #lastStart = -1;

  constructor(link: Linkage, localWords: number) {
    this.link = link;
    this.words = localWords;
    this.maxWords = localWords;
  }

  begin(op: number): number {
    if (this.at + 24 > this.code.length) this.#grow();
    this.#lastStart = this.at;
    this.#lastTarget = -1;
    this.positions.push(this.at, this.offset);
    this.code[this.at] = op;
    this.at += 1;
    return this.#lastStart;
  }

  word(value: number): number {
    if (this.at >= this.code.length) this.#grow();
    this.code[this.at] = value;
    this.at += 1;
    return this.at - 1;
  }

  /** A whole instruction whose first operand is a destination that a following `local.set` may take over. */
  into(op: number, target: number, ...operands: readonly number[]): void {
    this.begin(op);
    const word = this.word(target);
    for (const one of operands) this.word(one);
    this.#lastTarget = word;
  }

  emit(op: number, ...operands: readonly number[]): number {
    const start = this.begin(op);
    for (const one of operands) this.word(one);
    return start;
  }

  slow(name: SlowName, ...operands: readonly number[]): number {
    return this.emit(slowOp(name), ...operands);
  }

  /** Nothing before this point may be changed any more: a label is here. */
  barrier(): void {
    this.#lastTarget = -1;
    this.#lastStart = -1;
  }

  #grow(): void {
    const larger = new Int32Array(this.code.length * 2 + 24);
    larger.set(this.code);
    this.code = larger;
  }

  // --- the abstract stack

  /** Pushes an entry that lives in its canonical slot, and returns that slot. */
  push(type: ValType): number {
    const slot = this.words;
    this.types[this.height] = type;
    this.locs[this.height] = slot;
    this.slots[this.height] = slot;
    this.height += 1;
    this.words += wordsOf(type);
    if (this.words > this.maxWords) this.maxWords = this.words;
    return slot;
  }

  pushLocal(type: ValType, slot: number): void {
    this.push(type);
    this.locs[this.height - 1] = slot;
  }

  pushConst(type: ValType, low: number, high: number): void {
    this.push(type);
    this.locs[this.height - 1] = -1;
    this.lows[this.height - 1] = low;
    this.highs[this.height - 1] = high;
  }

  /** Pops; the entry's columns stay readable under the returned index until the next push. */
  pop(): number {
    this.height -= 1;
    this.words = this.slots[this.height] as number;
    return this.height;
  }

  isConst(entry: number): boolean {
    return this.locs[entry] === -1;
  }

  /** The slot that holds the entry; a constant is brought into its canonical slot first. */
  slotOf(entry: number): number {
    const slot = this.locs[entry] as number;
    if (slot !== -1) return slot;
    this.settle(entry);
    return this.slots[entry] as number;
  }

  popSlot(): number {
    return this.slotOf(this.pop());
  }

  /** Brings the entry into its canonical slot. */
  settle(entry: number): void {
    const slot = this.slots[entry] as number;
    if (this.locs[entry] === slot) return;
    this.place(entry, slot);
    this.locs[entry] = slot;
  }

  /** Emits what puts the entry's value into `target`; the entry itself stays where it is. */
  place(entry: number, target: number): void {
    const type = this.types[entry] as ValType;
    const from = this.locs[entry] as number;
    if (from !== -1) this.into(COPY[widthOf(type)], target, from);
    else if (widthOf(type) === "32") this.into(CONST_32, target, this.lows[entry] as number);
    else this.into(CONST_64, target, this.lows[entry] as number, this.highs[entry] as number);
  }

  /** Brings every entry, or the top `count`, into canonical slots. */
  flush(count = this.height): void {
    for (let entry = this.height - count; entry < this.height; entry += 1) this.settle(entry);
  }

  /** Entries that stand for this local get their own copy, because it is about to change. */
  settleLocal(slot: number): boolean {
    let any = false;
    for (let entry = 0; entry < this.height; entry += 1) {
      if (this.locs[entry] !== slot || this.slots[entry] === slot) continue;
      this.settle(entry);
      any = true;
    }
    return any;
  }

  /** Moves the popped entry's value into a local: by changing where the last instruction writes, when it may. */
  setLocal(entry: number, slot: number): void {
    const target = this.#lastTarget;
    const mine = this.slots[entry] as number;
    const copied = this.settleLocal(slot);
    if (!copied && target !== -1 && this.locs[entry] === mine && this.code[target] === mine) {
      this.code[target] = slot;
      this.#lastTarget = -1;
    } else if (this.locs[entry] !== slot) this.place(entry, slot);
    this.#lastStart = -1;
    this.#lastTarget = -1;
  }

  // --- fuel

  charge(at: number, segment: Segment): void {
    if (segment.closed) this.code[at] = segment.cost;
    else segment.patches.push(at);
  }

  close(): void {
    const { segment } = this;
    segment.closed = true;
    for (const at of segment.patches) this.code[at] = segment.cost;
  }

  open(patches: readonly number[]): Segment {
    this.segment = { cost: 0, closed: false, patches: [...patches] };
    return this.segment;
  }

  // --- conditions

  /** The last instruction, when it is the comparison that made this entry and nothing else has happened since. */
  takeComparison(entry: number): { readonly op: LoweredOp; readonly operands: readonly number[] } | undefined {
    if (this.#lastStart === -1 || this.#lastTarget === -1) return undefined;
    const op = OPS[this.code[this.#lastStart] as number];
    if (op?.semantics?.form !== "condition" || op.family !== "numeric") return undefined;
    if (this.code[this.#lastTarget] !== this.slots[entry] || this.locs[entry] !== this.slots[entry]) return undefined;
    const operands = [...this.code.subarray(this.#lastStart + 2, this.at)];
    this.at = this.#lastStart;
    this.positions.length -= 2;
    this.barrier();
    return { op, operands };
  }

  /** Emits a branch taken when the entry's truth is `when`; its distance and costs are left to patch. */
  branch(condition: Condition, when: boolean): BranchSite {
    let number = when ? NOT_EQZ_TAKEN : EQZ_TAKEN;
    let operands: readonly number[] = [condition.slot];
    if (condition.comparison !== undefined) {
      const { op } = condition.comparison;
      operands = condition.comparison.operands;
      const suffix = op.name.endsWith("#") ? "#" : "";
      const { inverse } = op.semantics as NonNullable<LoweredOp["semantics"]>;
      number = loweredOp(when ? `br:${op.name}` : inverse === undefined ? `brn:${op.name}` : `br:${inverse}${suffix}`);
    }
    const start = this.begin(number);
    for (const one of operands) this.word(one);
    const site = { start, to: this.word(0), taken: this.word(0), fall: this.word(0) };
    this.barrier();
    return site;
  }

  /** Pops a condition, taking over the comparison that made it. */
  popCondition(): Condition {
    const entry = this.pop();
    const comparison = this.takeComparison(entry);
    return comparison === undefined ? { slot: this.slotOf(entry), comparison } : { slot: -1, comparison };
  }

  /** `eqz` of a comparison just made turns it round; true when it did. */
  invertLast(entry: number): boolean {
    if (this.#lastStart === -1 || this.#lastTarget === -1) return false;
    const op = OPS[this.code[this.#lastStart] as number];
    const inverse = op?.semantics?.inverse;
    if (op === undefined || inverse === undefined || op.family !== "numeric") return false;
    if (this.code[this.#lastTarget] !== this.slots[entry] || this.locs[entry] !== this.slots[entry]) return false;
    this.code[this.#lastStart] = findLoweredOp(op.name.endsWith("#") ? `${inverse}#` : inverse);
    return true;
  }
}

export interface Condition {
  readonly slot: number;
  readonly comparison: { readonly op: LoweredOp; readonly operands: readonly number[] } | undefined;
}
