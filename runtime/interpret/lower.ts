/**
 * Lowering: one validated body → linear code (chapter 4 of the core specification, as instructions of ops.ts and
 * slow-ops.ts). One pass with an abstract stack; unreachable code is passed over. Every label is entered with all
 * operands in their canonical slots, so a frame's state at a block's boundary does not depend on how code before it was
 * fused, and both lowerings (plain, and probed: one instruction at a time) agree there.
 *
 * Fuel: each instruction costs 1, except `block`, `loop`, `try_table`, `else` and `end`, which cost nothing. A basic
 * block is paid for when it is entered: it ends at conditional branches, before a loop's head and at a label that some
 * branch targets. Bulk instructions pay for their length besides, when they run.
 */

import { CodeReader } from "../module/code-reader.ts";
import { COSTS } from "../module/costs.ts";
import { opcode, opcodes } from "../module/opcodes.ts";
import { EXNREF, refType, type ValType } from "../module/val-type.ts";
import { type BranchSite, Emitter, type Segment, widthOf, wordsOf } from "./emitter.ts";
import type { Linkage, Signature } from "./linkage.ts";
import { lowerInstruction } from "./lower-data.ts";
import { loweredOp } from "./ops.ts";

/** A catch clause in force for code words [from, to). Section 4.6.4. */
export interface Handler {
  readonly from: number;
  to: number;
  /** The tag's number, or -1 for catch_all. */
  readonly tag: number;
  readonly withReference: boolean;
  /** Slot where the payload goes. */
  base: number;
  target: number;
  cost: number;
}

export interface Lowered {
  readonly code: Int32Array;
  /** Frame words: locals, operands and outgoing arguments. */
  readonly words: number;
  readonly positions: Int32Array;
  /** Innermost first. */
  readonly handlers: readonly Handler[];
}

export interface BodyToLower {
  readonly signature: Signature;
  readonly locals: readonly { readonly count: number; readonly type: ValType }[];
  readonly start: number;
  /** One instruction at a time with a `probe` before each, for stepping and exact snapshots. */
  readonly probed: boolean;
}

interface Label {
  readonly kind: "function" | "block" | "loop" | "if" | "else" | "try";
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** Entries and words below the parameters. */
  readonly height: number;
  readonly base: number;
  /** Loops: the head. */
  readonly head: number;
  readonly segment: Segment | undefined;
  /** Forward branches: words that receive the distance, each with its instruction's start; costs to charge. */
  readonly jumps: number[];
  readonly costs: number[];
  /** `if`: the branch to the else part. */
  otherwise: BranchSite | undefined;
  readonly handlers: readonly Handler[];
}

interface LabelMore {
  readonly head?: number;
  readonly segment?: Segment;
  readonly otherwise?: BranchSite;
  readonly handlers?: readonly Handler[];
}

const ENTER = loweredOp("enter");
const FUEL = loweredOp("fuel");
const JUMP = loweredOp("jump");
const RETURN = loweredOp("return");
const RETURN_32 = loweredOp("return.32");
const RETURN_64 = loweredOp("return.64");
const BR_TABLE = loweredOp("br_table");
const UNREACHABLE = loweredOp("unreachable");

const OP = {
  unreachable: opcode("unreachable"),
  block: opcode("block"),
  loop: opcode("loop"),
  if: opcode("if"),
  else: opcode("else"),
  end: opcode("end"),
  br: opcode("br"),
  brIf: opcode("br_if"),
  brTable: opcode("br_table"),
  return: opcode("return"),
  returnCall: opcode("return_call"),
  returnCallIndirect: opcode("return_call_indirect"),
  returnCallRef: opcode("return_call_ref"),
  throw: opcode("throw"),
  throwRef: opcode("throw_ref"),
  tryTable: opcode("try_table"),
  brOnNull: opcode("br_on_null"),
  brOnNonNull: opcode("br_on_non_null"),
  brOnCast: opcode("br_on_cast"),
  brOnCastFail: opcode("br_on_cast_fail"),
} as const;

/** Lowers one body. Words of jump distances are relative, so the result can be put anywhere. */
export function lower(body: BodyToLower, link: Linkage): Lowered {
  return new Lowering(body, link).run();
}

class Lowering {
  readonly #body: BodyToLower;
  readonly #link: Linkage;
  readonly #in: CodeReader;
  readonly #out: Emitter;
  readonly #labels: Label[] = [];
  readonly #handlers: Handler[] = [];
  readonly #localTypes: ValType[] = [];
  readonly #localSlots: number[] = [];
  #reachable = true;

  constructor(body: BodyToLower, link: Linkage) {
    this.#body = body;
    this.#link = link;
    this.#in = new CodeReader(link.bytes, body.start);
    let words = 0;
    const add = (type: ValType) => {
      this.#localTypes.push(type);
      this.#localSlots.push(words);
      words += wordsOf(type);
    };
    for (const type of body.signature.params) add(type);
    const firstLocal = words;
    for (const { count, type } of body.locals) for (let n = 0; n < count; n += 1) add(type);
    this.#out = new Emitter(link, words);
    this.#out.offset = body.start;
    this.#prologue(firstLocal, words);
  }

  #prologue(firstLocal: number, words: number): void {
    const out = this.#out;
    out.emit(ENTER, 0, firstLocal, words, 0);
    out.open([4]);
    const references = this.#localTypes.some(
      (type, n) => n >= this.#body.signature.params.length && widthOf(type) === "ref",
    );
    if (references) out.slow("enter.refs", firstLocal, words);
    out.barrier();
    this.#labels.push(this.#label("function", [], this.#body.signature.results, 0, 0));
  }

  #label(
    kind: Label["kind"],
    params: readonly ValType[],
    results: readonly ValType[],
    height: number,
    base: number,
    more: LabelMore = {},
  ): Label {
    const { head = -1, segment, otherwise, handlers = [] } = more;
    return { kind, params, results, height, base, head, segment, jumps: [], costs: [], otherwise, handlers };
  }

  run(): Lowered {
    const out = this.#out;
    while (this.#labels.length > 0) {
      out.offset = this.#in.at;
      const op = this.#in.opcode();
      if (!this.#reachable) this.#passOver(op);
      else {
        if (this.#body.probed) {
          out.flush();
          out.slow("probe", out.offset, this.#addressSlot(op));
          out.barrier();
        }
        out.segment.cost += COSTS[op] as number;
        this.#instruction(op);
      }
    }
    const words = Math.max(
      out.maxWords,
      totalWords(this.#body.signature.results),
      totalWords(this.#body.signature.params),
    );
    out.code[1] = words;
    for (const { handler, segment } of this.#costsOfLoops) handler.cost = segment.cost;
    return {
      code: out.code.slice(0, out.at),
      words,
      positions: Int32Array.from(out.positions),
      handlers: this.#handlers,
    };
  }

  /** Where the address operand of a memory access lies, or -1. */
  #addressSlot(op: number): number {
    const { immediates = "", signature } = opcodes[op] ?? {};
    if (!immediates.startsWith("memarg") || signature === undefined) return -1;
    return this.#out.slots[this.#out.height - signature.params.length] as number;
  }

  /** Unreachable code: only the structure matters, until the label that ends it. */
  #passOver(first: number): void {
    let op = first;
    let depth = 0;
    for (;;) {
      if (op === OP.block || op === OP.loop || op === OP.if || op === OP.tryTable) depth += 1;
      else if (op === OP.end || op === OP.else) {
        if (depth === 0) break;
        if (op === OP.end) depth -= 1;
      }
      this.#in.skip(op);
      this.#out.offset = this.#in.at;
      op = this.#in.opcode();
    }
    if (op === OP.else) this.#else();
    else this.#end();
  }

  #instruction(op: number): void {
    const out = this.#out;
    const input = this.#in;
    switch (op) {
      case OP.unreachable:
        out.emit(UNREACHABLE);
        return this.#dead();
      case OP.block:
      case OP.loop:
      case OP.if:
        return this.#block(op);
      case OP.tryTable:
        return this.#tryTable();
      case OP.else:
        return this.#else();
      case OP.end:
        return this.#end();
      case OP.br: {
        this.#goTo(input.u32());
        return this.#dead();
      }
      case OP.brIf: {
        const depth = input.u32();
        const condition = out.popCondition();
        return this.#branch(depth, (when) => out.branch(condition, when));
      }
      case OP.brTable:
        return this.#brTable();
      case OP.return:
        this.#return();
        return this.#dead();
      case OP.brOnNull:
      case OP.brOnNonNull:
        return this.#brOnNull(input.u32(), op === OP.brOnNull);
      case OP.brOnCast:
      case OP.brOnCastFail:
        return this.#brOnCast(op === OP.brOnCast);
      default:
        lowerInstruction(op, input, out, this.#localTypes, this.#localSlots);
        if (
          op === OP.returnCall ||
          op === OP.returnCallIndirect ||
          op === OP.returnCallRef ||
          op === OP.throw ||
          op === OP.throwRef
        )
          this.#dead();
    }
  }

  #dead(): void {
    this.#out.close();
    this.#out.barrier();
    this.#reachable = false;
  }

  #blockType(): Signature {
    const byte = this.#link.bytes[this.#in.at] as number;
    if (byte === 0x40) {
      this.#in.at += 1;
      return { params: [], results: [] };
    }
    // A value type's byte has bit 6 set and bit 7 clear; type indices are non-negative signed LEB128.
    if (byte < 128 && (byte & 64) !== 0) return { params: [], results: [this.#in.valType()] };
    return this.#link.signature(this.#in.s64());
  }

  #block(op: number): void {
    const out = this.#out;
    const { params, results } = this.#blockType();
    if (op === OP.if) {
      const condition = out.popCondition();
      out.flush();
      const site = out.branch(condition, false);
      out.close();
      out.open([site.fall]);
      this.#enter("if", params, results, { otherwise: site });
      return;
    }
    out.flush();
    if (op === OP.block) return this.#enter("block", params, results);
    const start = out.emit(FUEL, 0);
    out.close();
    const segment = out.open([start + 1]);
    out.barrier();
    this.#enter("loop", params, results, { head: out.at, segment });
  }

  #enter(kind: Label["kind"], params: readonly ValType[], results: readonly ValType[], more: LabelMore = {}): void {
    const out = this.#out;
    out.barrier();
    const height = out.height - params.length;
    const base = params.length === 0 ? out.words : (out.slots[height] as number);
    this.#labels.push(this.#label(kind, params, results, height, base, more));
  }

  #else(): void {
    const out = this.#out;
    const label = this.#labels.pop() as Label;
    if (this.#reachable) {
      out.flush(label.results.length);
      this.#jumpTo(label);
      out.close();
    }
    const site = label.otherwise as BranchSite;
    this.#land(site.to, site.start);
    out.barrier();
    out.open([site.taken]);
    this.#reset(label, label.params);
    this.#reachable = true;
    this.#labels.push({ ...label, kind: "else", otherwise: undefined });
  }

  #end(): void {
    const out = this.#out;
    const label = this.#labels.pop() as Label;
    if (label.kind === "function") return this.#endFunction(label);
    for (const handler of label.handlers) {
      handler.to = out.at;
      this.#handlers.push(handler);
    }
    if (label.otherwise !== undefined) {
      label.jumps.push(label.otherwise.to, label.otherwise.start);
      label.costs.push(label.otherwise.taken);
    }
    if (label.jumps.length === 0) return;
    const entering = [...label.costs];
    if (this.#reachable) {
      out.flush(label.results.length);
      entering.push(out.emit(FUEL, 0) + 1);
      out.close();
    }
    this.#bind(label);
    const patches = entering.filter((at) => at >= 0);
    const segment = out.open(patches);
    for (const at of entering) if (at < 0) this.#chargeHandler(at, segment);
    this.#reset(label, label.results);
    this.#reachable = true;
  }

  #endFunction(label: Label): void {
    const out = this.#out;
    if (this.#reachable) this.#return();
    out.close();
    if (label.jumps.length === 0) return;
    this.#bind(label);
    out.emit(RETURN);
  }

  #bind(label: Label): void {
    this.#out.barrier();
    for (let n = 0; n < label.jumps.length; n += 2) {
      const at = label.jumps[n] as number;
      if (at >= 0) this.#land(at, label.jumps[n + 1] as number);
      else (this.#pendingHandlers[-at - 1] as Handler).target = this.#out.at;
    }
  }

  #land(at: number, start: number): void {
    this.#out.code[at] = this.#out.at - start;
  }

  /** The stack as it is at a label: entries below it, then its types in canonical slots. */
  #reset(label: Label, types: readonly ValType[]): void {
    const out = this.#out;
    out.height = label.height;
    out.words = label.base;
    for (const type of types) out.push(type);
  }

  // --- branches

  #target(depth: number): Label {
    return this.#labels[this.#labels.length - 1 - depth] as Label;
  }

  static #typesOf(label: Label): readonly ValType[] {
    return label.kind === "loop" ? label.params : label.results;
  }

  /** Are the label's operands already where it wants them? */
  #inPlace(label: Label): boolean {
    const out = this.#out;
    const types = Lowering.#typesOf(label);
    let slot = label.base;
    for (let entry = out.height - types.length; entry < out.height; entry += 1) {
      if (out.locs[entry] !== slot) return false;
      slot += wordsOf(out.types[entry] as ValType);
    }
    return true;
  }

  /** Emits the moves of the top entries to `base`; entries themselves stay as they are. Moves go down, in order. */
  #move(count: number, base: number): void {
    const out = this.#out;
    let slot = base;
    for (let entry = out.height - count; entry < out.height; entry += 1) {
      if (out.locs[entry] !== slot) out.place(entry, slot);
      slot += wordsOf(out.types[entry] as ValType);
    }
    if (slot > out.maxWords) out.maxWords = slot;
  }

  #jumpTo(label: Label): void {
    const out = this.#out;
    const start = out.emit(JUMP, 0, 0);
    this.#aim(label, start + 1, start, start + 2);
  }

  /** Lets a distance word and a cost word point to the label. */
  #aim(label: Label, at: number, start: number, cost: number): void {
    if (label.segment !== undefined) {
      this.#out.code[at] = label.head - start;
      this.#out.charge(cost, label.segment);
    } else {
      label.jumps.push(at, start);
      label.costs.push(cost);
    }
  }

  #goTo(depth: number): void {
    const label = this.#target(depth);
    if (label.kind === "function") return this.#return();
    this.#move(Lowering.#typesOf(label).length, label.base);
    this.#jumpTo(label);
  }

  /** A conditional branch: straight to the label, or over the moves that it needs. Ends the basic block. */
  #branch(depth: number, emit: (when: boolean) => BranchSite): void {
    const out = this.#out;
    const label = this.#target(depth);
    if (label.kind !== "function" && this.#inPlace(label)) {
      const site = emit(true);
      out.close();
      out.open([site.fall]);
      this.#aim(label, site.to, site.start, site.taken);
      return;
    }
    const site = emit(false);
    this.#goTo(depth);
    out.close();
    this.#land(site.to, site.start);
    out.barrier();
    out.open([site.taken]);
  }

  #brTable(): void {
    const out = this.#out;
    const input = this.#in;
    const index = out.popSlot();
    const depths: number[] = [];
    for (let left = input.u32() + 1; left > 0; left -= 1) depths.push(input.u32());
    const start = out.emit(BR_TABLE, index, depths.length - 1);
    const stubs = new Map<number, number[]>();
    for (const depth of depths) {
      const at = out.word(0);
      const cost = out.word(0);
      const label = this.#target(depth);
      if (label.kind !== "function" && this.#inPlace(label)) this.#aim(label, at, start, cost);
      else {
        const waiting = stubs.get(depth);
        if (waiting === undefined) stubs.set(depth, [at]);
        else waiting.push(at);
      }
    }
    out.barrier();
    for (const [depth, waiting] of stubs) {
      for (const at of waiting) this.#land(at, start);
      this.#goTo(depth);
      out.barrier();
    }
    this.#dead();
  }

  #return(): void {
    const out = this.#out;
    const { results } = this.#body.signature;
    const [only] = results;
    if (only === undefined) out.emit(RETURN);
    else if (results.length === 1 && (widthOf(only) === "32" || widthOf(only) === "64")) {
      const entry = out.height - 1;
      const constant = out.isConst(entry);
      if (constant) out.place(entry, 0);
      const from = constant ? 0 : (out.locs[entry] as number);
      if (from === 0) out.emit(RETURN);
      else out.emit(widthOf(only) === "32" ? RETURN_32 : RETURN_64, from);
    } else {
      // A result may come from a local that an earlier result is moved over: bring all into operand slots first.
      for (let entry = out.height - results.length; entry < out.height; entry += 1) {
        const slot = out.slots[entry] as number;
        if (out.locs[entry] !== slot) out.place(entry, slot);
      }
      this.#moveSettled(results);
      out.emit(RETURN);
    }
  }

  #moveSettled(results: readonly ValType[]): void {
    const out = this.#out;
    let to = 0;
    for (const [n, type] of results.entries()) {
      const from = out.slots[out.height - results.length + n] as number;
      if (from !== to) out.into(loweredOp(`copy.${widthOf(type)}`), to, from);
      to += wordsOf(type);
    }
  }

  // --- references

  #brOnNull(depth: number, whenNull: boolean): void {
    const out = this.#out;
    const entry = out.pop();
    const slot = out.slotOf(entry);
    const type = out.types[entry] as ValType;
    // The test's result goes above the reference, which stays where it is for whoever continues with it.
    const test = out.words + 2;
    if (test + 2 > out.maxWords) out.maxWords = test + 2;
    out.slow("ref.is_null", test, slot);
    const condition = { slot: test, comparison: undefined };
    if (whenNull) {
      this.#branch(depth, (when) => out.branch(condition, when));
      this.#pushAt(type, slot);
    } else {
      this.#pushAt(type, slot);
      this.#branch(depth, (when) => out.branch(condition, !when));
      out.pop();
    }
  }

  #brOnCast(whenCast: boolean): void {
    const out = this.#out;
    const input = this.#in;
    const flags = input.byte();
    const depth = input.u32();
    input.heapType();
    const target = this.#link.canonical(refType(input.heapType(), (flags & 2) !== 0));
    const entry = out.height - 1;
    const slot = out.slotOf(entry);
    const test = out.words;
    if (test + 2 > out.maxWords) out.maxWords = test + 2;
    out.slow("ref.test", test, slot, target);
    const condition = { slot: test, comparison: undefined };
    this.#branch(depth, (when) => out.branch(condition, when === whenCast));
  }

  /** Pushes an entry that still stands where a popped one stood. */
  #pushAt(type: ValType, slot: number): void {
    this.#out.push(type);
    this.#out.locs[this.#out.height - 1] = slot;
  }

  // --- exceptions

  readonly #pendingHandlers: Handler[] = [];

  #tryTable(): void {
    const out = this.#out;
    const input = this.#in;
    const { params, results } = this.#blockType();
    out.flush();
    out.barrier();
    const handlers: Handler[] = [];
    for (let left = input.u32(); left > 0; left -= 1) {
      const kind = input.byte();
      const tag = kind < 2 ? this.#link.tagId(input.u32()) : -1;
      const label = this.#target(input.u32());
      const handler: Handler = {
        from: out.at,
        to: 0,
        tag,
        withReference: kind === 1 || kind === 3,
        base: label.base,
        target: 0,
        cost: 0,
      };
      const payload = totalWords(Lowering.#typesOf(label)) + wordsOf(EXNREF);
      if (label.base + payload > out.maxWords) out.maxWords = label.base + payload;
      this.#aimHandler(label, handler);
      handlers.push(handler);
    }
    this.#enter("try", params, results, { handlers });
  }

  /** Handlers take part in labels as negative numbers: -1 - index. */
  #aimHandler(label: Label, handler: Handler): void {
    if (label.segment !== undefined) {
      handler.target = label.head;
      this.#costsOfLoops.push({ handler, segment: label.segment });
    } else {
      this.#pendingHandlers.push(handler);
      const mark = -this.#pendingHandlers.length;
      label.jumps.push(mark, 0);
      label.costs.push(mark);
    }
  }

  readonly #costsOfLoops: { readonly handler: Handler; readonly segment: Segment }[] = [];

  #chargeHandler(mark: number, segment: Segment): void {
    this.#costsOfLoops.push({ handler: this.#pendingHandlers[-mark - 1] as Handler, segment });
  }
}

export function totalWords(types: readonly ValType[]): number {
  let words = 0;
  for (const type of types) words += wordsOf(type);
  return words;
}
