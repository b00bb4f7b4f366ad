/**
 * On-stack replacement where the host has none. V8 compiles a hot function anew but never changes the code under a call
 * that is running, so a loop in a function that is entered once stays in the baseline compiler. Here every so many turns
 * such a loop leaves its call by a tail call to a twin of the function that takes all locals and goes on at the same loop:
 * a new call, which runs the best code there is by then. The twin is the same body; on its way to the loop it passes over
 * what lies before it.
 */
import type { Code } from "./code.ts";
import type { BodyEmitter } from "./emit.ts";
import type { BodyScan, Construct } from "./scan.ts";

export interface Reentry {
  /** Construct of a loop → its number in the twin, from 1 on. */
  readonly targets: ReadonlyMap<number, number>;
  /** Per construct: the numbers inside it, itself included, are `first` to `last`; none when `last` is less. */
  readonly first: Int32Array;
  readonly last: Int32Array;
}

const MAX_TARGETS = 256;

/**
 * Loops that can be gone on with: they and all around them take and leave nothing, and nothing lies on the stack below
 * them, so that the locals are the whole state. `flat`: 1 at the offset of a construct of which that is so.
 */
export function planReentry(scan: BodyScan, flat: Uint8Array): Reentry | undefined {
  const { constructs } = scan;
  const fits = constructs.map(() => false);
  const targets = new Map<number, number>();
  const first = new Int32Array(constructs.length);
  const last = new Int32Array(constructs.length);
  for (const [n, { at, kind, parent }] of constructs.entries()) {
    fits[n] = flat[at] === 1 && (parent === -1 || fits[parent] === true);
    first[n] = targets.size + 1;
    if (fits[n] && kind === "loop" && targets.size < MAX_TARGETS) targets.set(n, targets.size + 1);
    last[n] = targets.size;
  }
  if (targets.size === 0) return undefined;
  // What lies inside follows in the list: a construct's last number is its last child's.
  for (let n = constructs.length - 1; n >= 0; n -= 1) {
    const { parent } = constructs[n] as Construct;
    if (parent >= 0) last[parent] = Math.max(last[parent] as number, last[n] as number);
  }
  return { targets, first, last };
}

const I32_EQZ = 0x45;
const I32_EQ = 0x46;
const I32_LT_U = 0x49;
const I32_SUB = 0x6b;
const I32_OR = 0x72;
const I32_TYPE = 0x7f;
const IF = 0x04;
const BLOCK_BYTES = { block: 0x02, loop: 0x03, if: 0x04 } as const;

/** Writes the twin's body. `goal`: the local that says where to go on, 0 once it is there. */
export class TwinWriter {
  readonly #scan: BodyScan;
  readonly #plan: Reentry;
  readonly #emitter: BodyEmitter;
  readonly #out: Code;
  readonly #goal: number;
  /** Labels in force, outermost first: true for the original's. The function's own, then that of the block around all. */
  readonly #labels: boolean[] = [true, false];
  readonly #children = new Map<number, number[]>();

  constructor(scan: BodyScan, plan: Reentry, emitter: BodyEmitter, goal: number) {
    this.#scan = scan;
    this.#plan = plan;
    this.#emitter = emitter;
    this.#out = emitter.out;
    this.#goal = goal;
    emitter.around = () => this.#labels.length - 2;
    for (const [n, { parent }] of scan.constructs.entries()) {
      if ((plan.last[n] as number) < (plan.first[n] as number)) continue;
      const list = this.#children.get(parent);
      if (list === undefined) this.#children.set(parent, [n]);
      else list.push(n);
    }
  }

  /** `end` is the offset of the body's last `end`, which is not written. */
  write(start: number, end: number): void {
    this.#sequence(-1, start, end);
  }

  readonly #label = (depth: number): number => {
    let originals = depth;
    for (let n = this.#labels.length - 1; ; n -= 1) {
      if (this.#labels[n] !== true) continue;
      if (originals === 0) return this.#labels.length - 1 - n;
      originals -= 1;
    }
  };

  #sequence(parent: number, from: number, to: number): void {
    const children = (this.#children.get(parent) ?? []).filter((n) => {
      const { at } = this.#scan.constructs[n] as Construct;
      return at >= from && at < to;
    });
    let at = from;
    for (const n of children) {
      this.#construct(n, at, children.length > 1);
      at = (this.#scan.constructs[n] as Construct).endAt + 1;
    }
    this.#copy(at, to);
  }

  #copy(from: number, to: number): void {
    this.#emitter.beginRange();
    this.#emitter.copy(from, to, this.#label);
  }

  /** What lies before a construct, passed over on the way, then the construct. */
  #construct(n: number, before: number, guarded: boolean): void {
    const out = this.#out;
    const one = this.#scan.constructs[n] as Construct;
    const { targets, first, last } = this.#plan;
    const inside = (low: number, high: number) =>
      out
        .get(this.#goal)
        .i32(low)
        .op(I32_SUB)
        .i32(high - low + 1)
        .op(I32_LT_U);
    const guard = () => {
      out.get(this.#goal).op(I32_EQZ);
      inside(first[n] as number, last[n] as number)
        .op(I32_OR)
        .if();
      this.#labels.push(false);
    };
    if (one.kind === "if") {
      // Its condition comes out of what lies before it; on the way, the goal decides.
      if (guarded) guard();
      out.get(this.#goal).op(I32_EQZ);
      out.byte(IF);
      out.byte(I32_TYPE);
      this.#labels.push(false);
      this.#copy(before, one.at);
      out.else();
      const count = this.#targetsBefore(n, one.elseAt === -1 ? one.endAt : one.elseAt);
      if (count === 0) out.i32(0);
      else inside(first[n] as number, (first[n] as number) + count - 1);
      out.end();
      this.#labels.pop();
    } else {
      if (before < one.at || this.#emitter.hasHead(before)) {
        out.get(this.#goal).op(I32_EQZ).if();
        this.#labels.push(false);
        this.#copy(before, one.at);
        out.end();
        this.#labels.pop();
      }
      if (guarded) guard();
      const number = targets.get(n);
      if (number !== undefined) {
        out.get(this.#goal).i32(number).op(I32_EQ).if().i32(0).set(this.#goal).end();
      }
    }
    if (one.kind === "try_table") {
      this.#emitter.beginRange();
      this.#emitter.tryTable(one.at, one.inside, this.#label);
    } else {
      out.byte(BLOCK_BYTES[one.kind]);
      out.byte(0x40);
    }
    this.#labels.push(true);
    this.#sequence(n, one.inside, one.elseAt === -1 ? one.endAt : one.elseAt);
    if (one.elseAt !== -1) {
      out.else();
      this.#sequence(n, one.elseAt + 1, one.endAt);
    }
    out.end();
    this.#labels.pop();
    if (guarded) {
      out.end();
      this.#labels.pop();
    }
  }

  /** How many targets lie in a construct before an offset. */
  #targetsBefore(n: number, offset: number): number {
    let count = 0;
    for (const target of this.#plan.targets.keys()) {
      const { at } = this.#scan.constructs[target] as Construct;
      if (at > (this.#scan.constructs[n] as Construct).at && at < offset) count += 1;
    }
    return count;
  }
}
