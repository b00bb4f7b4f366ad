/** One body with its checks and charges put in: everything else is copied byte for byte. */
import type { LocalRun } from "../module/module.ts";
import { I32, I64 } from "../module/val-type.ts";
import { Code } from "./code.ts";
import type { Added, BodyContext, Scratch } from "./context.ts";
import { BodyEmitter, type Insertions } from "./emit.ts";
import { charge, costsOf, payBulk, workOf } from "./fuel.ts";
import { planLooks } from "./looks.ts";
import { type Reentry, TwinWriter } from "./reentry.ts";
import type { BodyScan, Construct, Segment } from "./scan.ts";

/** A look at the epoch: a load and a branch that is not taken. */
export function lookAtEpoch(out: Code, { epoch, interrupted }: Added): void {
  out.firstWord(epoch).rarely().call(interrupted).end();
}

/** What a body gets behind its own locals. */
export const SCRATCH: readonly LocalRun[] = [
  { count: 1, type: I64 },
  { count: 1, type: I32 },
  { count: 1, type: I64 },
  { count: 1, type: I32 },
  { count: 1, type: I64 },
  { count: 1, type: I32 },
];

/** Turns of a loop in which nothing looks: a guest is looked at every few milliseconds, in large loops some tens. */
const TURNS = 4096;

/** A function's body, and how many parameters and locals it has. */
export interface BodyToMeter {
  readonly start: number;
  /** Behind the last `end`. */
  readonly end: number;
  readonly locals: number;
  /** Where its loops go on, if they do. */
  readonly twin: { readonly plan: Reentry; readonly index: number } | undefined;
}

/** Instructions, which of their branches are hardly ever taken, and where they came from if that is wanted. */
export interface Written {
  readonly body: Uint8Array;
  readonly rare: readonly number[];
  readonly origins: readonly number[] | undefined;
}

const written = (out: Code): Written => ({ body: out.bytes.slice(), rare: out.rare, origins: out.origins });

function codeFor({ recording }: BodyContext, capacity: number): Code {
  const out = new Code(capacity);
  if (recording) out.origins = [];
  return out;
}

/** The body with its checks and charges. */
export function meterBody(context: BodyContext, body: BodyToMeter, scan: BodyScan): Written {
  const out = codeFor(context, Math.ceil((body.end - body.start) * 1.5) + 64);
  const scratch = scratchFrom(body.locals);
  const emitter = new BodyEmitter(context.module.bytes, scan, insertions(context, body, scan, scratch, false), out);
  if (body.twin === undefined) emitter.copy(body.start, body.end);
  else {
    // Whoever leaves for the twin leaves this block: one place passes all locals on. The body's own label is one further out.
    out.op(BLOCK).byte(EMPTY_BLOCK);
    emitter.copy(body.start, body.end - 1, () => 1);
    out.op(RETURN).end();
    leaveForTwin(out, body, scratch.goal, body.twin.index);
    out.end();
  }
  return written(out);
}

/** Its twin: locals are parameters, and the last parameter is the loop to go on at. */
export function meterTwin(context: BodyContext, body: BodyToMeter, scan: BodyScan): Written {
  const { twin, start, end, locals } = body;
  if (twin === undefined) throw new Error("a body without a twin");
  const { options, added, counted } = context;
  const out = codeFor(context, (end - start) * 2 + 64);
  const scratch = scratchFrom(locals + 1);
  out.i32(options.turns ?? TURNS).set(scratch.turns);
  if (options.fuel === "exact") out.globalGet(added.fuel).set(scratch.fuel);
  // Whoever comes here has not looked for many turns.
  if (options.epoch) {
    counted.looks += 1;
    lookAtEpoch(out, added);
  }
  const emitter = new BodyEmitter(context.module.bytes, scan, insertions(context, body, scan, scratch, true), out);
  out.op(BLOCK).byte(EMPTY_BLOCK);
  new TwinWriter(scan, twin.plan, emitter, locals).write(start, end - 1);
  out.op(RETURN).end();
  leaveForTwin(out, body, locals, twin.index);
  out.end();
  return written(out);
}

function leaveForTwin(out: Code, { locals }: BodyToMeter, goal: number, twin: number): void {
  for (let local = 0; local < locals; local += 1) out.get(local);
  out.get(goal).op(RETURN_CALL, twin);
}

const BLOCK = 0x02;
const EMPTY_BLOCK = 0x40;
const RETURN = 0x0f;
const BR = 0x0c;

const scratchFrom = (first: number): Scratch => ({
  fuel: first,
  count32: first + 1,
  count64: first + 2,
  turns: first + 3,
  grown: first + 4,
  goal: first + 5,
});

function insertions(
  context: BodyContext,
  { twin, locals }: BodyToMeter,
  scan: BodyScan,
  scratch: Scratch,
  isTwin: boolean,
): Insertions {
  const { options, added, counted } = context;
  const { turns = TURNS } = options;
  const exact = options.fuel === "exact";
  const reload = (out: Code) => void out.globalGet(added.fuel).set(scratch.fuel);
  const look = (out: Code) => {
    counted.looks += 1;
    lookAtEpoch(out, added);
  };
  const costs = costsOf(scan, options);
  const { heads, weights } = planLooks(scan, turns);
  const goals = new Map<number, number>();
  for (const [n, number] of twin?.plan.targets ?? []) goals.set((scan.constructs[n] as Construct).inside, number);
  const calling = new Set(scan.constructs.filter((one) => one.leaves).map(({ inside }) => inside));
  const turning = scan.segments.some(({ kind, at }) => kind === "loop" && (options.epoch || goals.has(at)));
  const turn = (out: Code, at: number, depth: number) => {
    // A turn that leaves our code may take long: it is looked at every time, which costs little beside the call.
    const each = options.epoch && calling.has(at);
    if (each) look(out);
    const weight = each ? 1 : (weights.get(at) ?? 1);
    out.get(scratch.turns).i32(weight).op(I32_SUB).tee(scratch.turns);
    if (weight === 1) out.op(I32_EQZ);
    else out.i32(0).op(I32_LE_S);
    out.rarely();
    const goal = goals.get(at);
    if (goal === undefined) {
      if (options.epoch && !each) look(out);
      out.i32(turns).set(scratch.turns);
    } else {
      // Out of this `if` as well. The twin looks where it begins: a loop without calls is one that the host unrolls.
      out.i32(goal).set(isTwin ? locals : scratch.goal);
      out.op(BR, depth + 1);
    }
    out.end();
  };
  return {
    head(out, n, depth) {
      const { at, kind, caught } = scan.segments[n] as Segment;
      if (kind === "entry" && turning && !isTwin) out.i32(turns).set(scratch.turns);
      if (kind === "loop" && (options.epoch || goals.has(at))) turn(out, at, depth);
      else if (options.epoch && heads[n] === 1 && !isTwin) look(out);
      const cost = costs[n] as number;
      const known = exact && kind !== "entry" && !caught;
      if (cost > 0) {
        counted.payments += 1;
        charge(out, added, cost, scratch, known);
      } else if (exact && !known) reload(out);
    },
    ...(exact ? { returned: reload } : {}),
    bulk(out, bulk) {
      const work = workOf(context, bulk);
      if (options.fuel === "exact") payBulk(context, out, work, scratch);
      else if (work.pieces) out.raw(work.code);
      else return false;
      return true;
    },
  };
}

const RETURN_CALL = 0x12;
const I32_SUB = 0x6b;
const I32_EQZ = 0x45;
const I32_LE_S = 0x4c;
