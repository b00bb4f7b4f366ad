/** One body with its checks and charges put in: everything else is copied byte for byte. */
import { CodeReader } from "../module/code-reader.ts";
import type { LocalRun, Module } from "../module/module.ts";
import { opcode } from "../module/opcodes.ts";
import { I32, I64 } from "../module/val-type.ts";
import { Code } from "./code.ts";
import { BodyEmitter, type Insertions } from "./emit.ts";
import type { MeterOptions } from "./options.ts";
import type { Pieces } from "./pieces.ts";
import { type Reentry, TwinWriter } from "./reentry.ts";
import type { BodyScan, Bulk, Construct, Segment } from "./scan.ts";

/** Indices of what was added to the module, as far as the options ask for it. */
export interface Added {
  readonly why: number;
  readonly fuel: number;
  readonly epoch: number;
  /** Functions () -> (): look at the epoch again; the tank is empty. */
  readonly interrupted: number;
  readonly outOfFuel: number;
}

/** What bodies need to know of their module. */
export interface BodyContext {
  readonly module: Module;
  readonly options: MeterOptions;
  readonly added: Added;
  /** Bulk operations on memory `n` or table `n` count in i64. */
  readonly memory64: readonly boolean[];
  readonly table64: readonly boolean[];
  /** log2 of the bytes of an element, by the index of an array type. */
  elementLog2(type: number): number;
  /** Helpers that do bulk operations in pieces, where a guest can be interrupted. */
  readonly pieces: Pieces | undefined;
  readonly counted: Inserted;
}

/** How often what was put in. */
export interface Inserted {
  looks: number;
  payments: number;
}

/** A look at the epoch: a load and a branch that is not taken. */
export function lookAtEpoch(out: Code, { epoch, interrupted }: Added): void {
  out.firstWord(epoch).if().call(interrupted).end();
}

/** Locals that the added code uses, by their indices. */
interface Scratch {
  readonly fuel: number;
  readonly count32: number;
  readonly count64: number;
  /** Turns of loops until the next look around. */
  readonly turns: number;
  readonly grown: number;
  readonly goal: number;
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

/** A straight run of instructions takes microseconds at most: a guest is looked at every few milliseconds at the worst. */
const TURNS = 4096;
const MEMORY_SHIFT = 6;
const REFERENCE_SHIFT = 3;
const op = {
  memoryFill: opcode("memory.fill"),
  memoryCopy: opcode("memory.copy"),
  memoryInit: opcode("memory.init"),
  tableFill: opcode("table.fill"),
  tableCopy: opcode("table.copy"),
  tableInit: opcode("table.init"),
  tableGrow: opcode("table.grow"),
  arrayNewFixed: opcode("array.new_fixed"),
  arrayInitData: opcode("array.init_data"),
};

/** A function's body, and how many parameters and locals it has. */
export interface BodyToMeter {
  readonly start: number;
  /** Behind the last `end`. */
  readonly end: number;
  readonly locals: number;
  /** Where its loops go on, if they do. */
  readonly twin: { readonly plan: Reentry; readonly index: number } | undefined;
}

/** The body with its checks and charges. */
export function meterBody(context: BodyContext, body: BodyToMeter, scan: BodyScan): Uint8Array {
  const out = new Code(Math.ceil((body.end - body.start) * 1.5) + 64);
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
  return out.bytes.slice();
}

/** Its twin: locals are parameters, and the last parameter is the loop to go on at. */
export function meterTwin(context: BodyContext, body: BodyToMeter, scan: BodyScan): Uint8Array {
  const { twin, start, end, locals } = body;
  if (twin === undefined) throw new Error("a body without a twin");
  const out = new Code((end - start) * 2 + 64);
  const scratch = scratchFrom(locals + 1);
  out.i32(context.options.turns ?? TURNS).set(scratch.turns);
  if (context.options.fuel === "exact") out.globalGet(context.added.fuel).set(scratch.fuel);
  const emitter = new BodyEmitter(context.module.bytes, scan, insertions(context, body, scan, scratch, true), out);
  out.op(BLOCK).byte(EMPTY_BLOCK);
  new TwinWriter(scan, twin.plan, emitter, locals).write(start, end - 1);
  out.op(RETURN).end();
  leaveForTwin(out, body, locals, twin.index);
  return out.end().bytes.slice();
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
  const goals = new Map<number, number>();
  for (const [n, number] of twin?.plan.targets ?? []) goals.set((scan.constructs[n] as Construct).inside, number);
  const calling = new Set(scan.constructs.filter((one) => one.leaves).map(({ inside }) => inside));
  const turning = scan.segments.some(({ kind, at }) => kind === "loop" && (options.epoch || goals.has(at)));
  return {
    head(out, n, depth) {
      const { at, kind, caught } = scan.segments[n] as Segment;
      if (kind === "entry") {
        if (turning && !isTwin) out.i32(turns).set(scratch.turns);
        // A function without calls and loops is over soon.
        if (options.epoch && (scan.calls || turning)) look(out);
      } else if (kind === "loop" && (options.epoch || goals.has(at))) {
        // A turn that leaves our code may take long: it is looked at every time, which costs little beside the call.
        const each = options.epoch && calling.has(at);
        if (each) look(out);
        out.get(scratch.turns).i32(1).op(I32_SUB).tee(scratch.turns).op(I32_EQZ).if();
        if (options.epoch && !each) look(out);
        const goal = goals.get(at);
        if (goal === undefined || twin === undefined) out.i32(turns).set(scratch.turns);
        else {
          out.i32(goal).set(isTwin ? locals : scratch.goal);
          // Out of this `if` as well.
          out.op(BR, depth + 1);
        }
        out.end();
      }
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

function costsOf({ segments }: BodyScan, { fuel }: MeterOptions): readonly number[] {
  if (fuel === "none") return segments.map(() => 0);
  if (fuel === "exact") return segments.map(({ cost }) => cost);
  const out = segments.map(() => 0);
  for (const { owner, cost } of segments) out[owner] = (out[owner] as number) + cost;
  return out;
}

const I64_SUB = 0x7d;
const I64_LT_S = 0x53;
const I64_SHR_U = 0x88;
const I64_EXTEND_I32_U = 0xad;
const I64_GE_S = 0x59;

/**
 * `known`: what is left is in the local already. It is written to the global every time, so that the host finds it there
 * whatever happens next, and read from it only where somebody else may have paid: a store that nothing waits for is cheap,
 * a load behind it is not.
 */
function charge(out: Code, added: Added, cost: number, scratch: Scratch, known: boolean): void {
  if (known) out.get(scratch.fuel);
  else out.globalGet(added.fuel);
  take(out.i64(BigInt(cost)), added, scratch);
}

/** Takes the units on the stack from what is left below them. Nothing goes on with a debt. */
function take(out: Code, { fuel, outOfFuel }: Added, scratch: Scratch): void {
  out.op(I64_SUB).tee(scratch.fuel).globalSet(fuel);
  out.get(scratch.fuel).i64(0n).op(I64_LT_S).if().call(outOfFuel).end();
}

/** A bulk instruction with its indices, and the code that does it: itself, or a call that does it in pieces. */
interface Work {
  readonly op: number;
  readonly first: number;
  readonly second: number;
  readonly pieces: boolean;
  readonly code: Uint8Array;
}

function workOf({ module, pieces }: BodyContext, bulk: Bulk): Work {
  const reader = new CodeReader(module.bytes, bulk.at);
  reader.opcode();
  const first = reader.u32();
  const second = hasTwo(bulk.op) ? reader.u32() : 0;
  const itself = module.bytes.subarray(bulk.at, bulk.end);
  const helper = pieces?.indexOf(bulk.op, first, second, itself);
  const code = helper === undefined ? itself : new Code(8).call(helper).bytes;
  return { op: bulk.op, first, second, pieces: helper !== undefined, code };
}

/** The work, paying for its last operand when it has not trapped. */
function payBulk(context: BodyContext, out: Code, bulk: Work, scratch: Scratch): void {
  const { added } = context;
  const { first, second, code: itself } = bulk;
  if (bulk.op === op.arrayNewFixed) {
    out.raw(itself);
    if (second >= 8) charge(out, added, second >> 3, scratch, true);
    return;
  }
  const wide = isWide(context, bulk.op, first, second);
  const count = wide ? scratch.count64 : scratch.count32;
  out.tee(count).raw(itself);
  const pay = (shift: number) => {
    out.get(scratch.fuel).get(count);
    if (!wide) out.op(I64_EXTEND_I32_U);
    take(out.i64(BigInt(shift)).op(I64_SHR_U), added, scratch);
  };
  if (bulk.op === op.memoryFill || bulk.op === op.memoryCopy || bulk.op === op.memoryInit) pay(MEMORY_SHIFT);
  else if (bulk.op === op.arrayInitData) pay(MEMORY_SHIFT - context.elementLog2(first));
  else if (bulk.op === op.tableGrow) {
    // Only growth that succeeded is paid: the result is put by and looked at.
    const result = wide ? scratch.grown : scratch.count64;
    if (wide) out.tee(result).i64(0n).op(I64_GE_S).if();
    else out.op(I64_EXTEND_I32_S).tee(result).i64(0n).op(I64_GE_S).if();
    pay(REFERENCE_SHIFT);
    out.end().get(result);
    if (!wide) out.op(I32_WRAP_I64);
  } else pay(REFERENCE_SHIFT);
}

const I64_EXTEND_I32_S = 0xac;
const I32_WRAP_I64 = 0xa7;

function hasTwo(code: number): boolean {
  return code !== op.memoryFill && code !== op.tableFill && code !== op.tableGrow && !ONE_INDEX.has(code);
}

const ONE_INDEX = new Set(["array.new", "array.new_default", "array.fill"].map(opcode));

function isWide({ memory64, table64 }: BodyContext, code: number, first: number, second: number): boolean {
  switch (code) {
    case op.memoryFill:
      return memory64[first] === true;
    case op.memoryCopy:
      return memory64[first] === true && memory64[second] === true;
    case op.tableFill:
    case op.tableGrow:
      return table64[first] === true;
    case op.tableCopy:
      return table64[first] === true && table64[second] === true;
    default:
      return false;
  }
}
