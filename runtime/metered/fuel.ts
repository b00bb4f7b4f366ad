/** Payments of fuel: what a body's segments cost, and the code that takes it from the tank. */
import { CodeReader } from "../module/code-reader.ts";
import { opcode } from "../module/opcodes.ts";
import { Code } from "./code.ts";
import type { Added, BodyContext, Scratch } from "./context.ts";
import type { MeterOptions } from "./options.ts";
import type { BodyScan, Bulk } from "./scan.ts";

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

/** Units that are paid at the head of each segment. */
export function costsOf({ segments }: BodyScan, { fuel }: MeterOptions): readonly number[] {
  if (fuel === "none") return segments.map(() => 0);
  if (fuel === "exact") return segments.map(({ cost }) => cost);
  const out = segments.map(() => 0);
  for (const { owner, cost } of segments) out[owner] = (out[owner] as number) + cost;
  return out;
}

const I64_SUB = 0x7d;
const I32_DIV_U = 0x6e;
const DROP = 0x1a;
const I64_SHR_U = 0x88;
const I64_EXTEND_I32_U = 0xad;
const I64_GE_S = 0x59;

/**
 * `known`: what is left is in the local already. It is written to the global every time, so that the host finds it there
 * whatever happens next, and read from it only where somebody else may have paid: a store that nothing waits for is cheap,
 * a load behind it is not.
 */
export function charge(out: Code, added: Added, cost: number, scratch: Scratch, known: boolean): void {
  if (known) out.get(scratch.fuel);
  else out.globalGet(added.fuel);
  take(out.i64(BigInt(cost)), added, scratch);
}

/**
 * Takes the units on the stack from what is left below them. Nothing goes on with a debt: dividing by whether there is none
 * traps, which the host's compiler makes one branch of and, the quotient being dropped, no division. Anything else that
 * traps does so with what it cost paid, so a trap with less than nothing in the tank means that it ran out.
 */
function take(out: Code, { fuel }: Added, scratch: Scratch): void {
  out.op(I64_SUB).tee(scratch.fuel).globalSet(fuel);
  out.i32(1).get(scratch.fuel).i64(0n).op(I64_GE_S).op(I32_DIV_U).op(DROP);
}

/** A bulk instruction with its indices, and the code that does it: itself, or a call that does it in pieces. */
export interface Work {
  readonly op: number;
  readonly first: number;
  readonly second: number;
  readonly pieces: boolean;
  readonly code: Uint8Array;
}

export function workOf({ module, pieces }: BodyContext, bulk: Bulk): Work {
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
export function payBulk(context: BodyContext, out: Code, bulk: Work, scratch: Scratch): void {
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
