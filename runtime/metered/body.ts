/** One body with its checks and charges put in: everything else is copied byte for byte. */
import { CodeReader } from "../module/code-reader.ts";
import type { Module } from "../module/module.ts";
import { opcode } from "../module/opcodes.ts";
import { Code } from "./code.ts";
import type { MeterOptions } from "./options.ts";
import { type BodyScan, type Bulk, scanBody } from "./scan.ts";

/** Indices of what was added to the module, as far as the options ask for it. */
export interface Added {
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
}

/** Locals that the added code uses, by their indices. */
interface Scratch {
  readonly fuel: number;
  readonly count32: number;
  readonly count64: number;
}

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

export interface MeteredBody {
  /** Locals to add behind the body's own: i64, i32, i64. */
  readonly scratch: boolean;
  readonly body: Uint8Array;
}

/** `locals`: how many parameters and locals the body has. */
export function meterBody(context: BodyContext, start: number, end: number, locals: number): MeteredBody {
  const { module, options } = context;
  const scan = scanBody(module.bytes, start, end);
  const scratch: Scratch = { fuel: locals, count32: locals + 1, count64: locals + 2 };
  const out = new Code(Math.ceil((end - start) * 1.5) + 64);
  const costs = costsOf(scan, options);
  let from = start;
  let nextBulk = 0;
  const copyTo = (at: number) => {
    for (let one = scan.bulk[nextBulk]; one !== undefined && one.at < at; one = scan.bulk[nextBulk]) {
      nextBulk += 1;
      if (options.fuel !== "exact") continue;
      out.raw(module.bytes.subarray(from, one.at));
      payBulk(context, out, one, scratch);
      from = one.end;
    }
    out.raw(module.bytes.subarray(from, at));
    from = at;
  };
  for (const [n, { at, kind }] of scan.segments.entries()) {
    copyTo(at);
    if (options.epoch && kind !== "other") lookAtEpoch(out, context.added);
    const cost = costs[n] as number;
    if (cost > 0) charge(out, context.added, cost, scratch);
  }
  copyTo(end);
  return { scratch: options.fuel !== "none", body: out.bytes.slice() };
}

function costsOf({ segments }: BodyScan, { fuel }: MeterOptions): readonly number[] {
  if (fuel === "none") return segments.map(() => 0);
  if (fuel === "exact") return segments.map(({ cost }) => cost);
  const out = segments.map(() => 0);
  for (const { owner, cost } of segments) out[owner] = (out[owner] as number) + cost;
  return out;
}

function lookAtEpoch(out: Code, { epoch, interrupted }: Added): void {
  out.firstWord(epoch).if().call(interrupted).end();
}

const I64_SUB = 0x7d;
const I64_LT_S = 0x53;
const I64_SHR_U = 0x88;
const I64_EXTEND_I32_U = 0xad;
const I64_GE_S = 0x59;

function charge(out: Code, { fuel, outOfFuel }: Added, cost: number, scratch: Scratch): void {
  out.globalGet(fuel).i64(BigInt(cost)).op(I64_SUB).tee(scratch.fuel).globalSet(fuel);
  out.get(scratch.fuel).i64(0n).op(I64_LT_S).if().call(outOfFuel).end();
}

/** The instruction itself, paying for its last operand when it has not trapped. */
function payBulk(context: BodyContext, out: Code, bulk: Bulk, scratch: Scratch): void {
  const { module, added } = context;
  const reader = new CodeReader(module.bytes, bulk.at);
  reader.opcode();
  const first = reader.u32();
  const second = hasTwo(bulk.op) ? reader.u32() : 0;
  const itself = module.bytes.subarray(bulk.at, bulk.end);
  if (bulk.op === op.arrayNewFixed) {
    out.raw(itself);
    if (second >= 8)
      out
        .globalGet(added.fuel)
        .i64(BigInt(second >> 3))
        .op(I64_SUB)
        .globalSet(added.fuel);
    return;
  }
  const wide = isWide(context, bulk.op, first, second);
  const count = wide ? scratch.count64 : scratch.count32;
  out.tee(count).raw(itself);
  const pay = (shift: number) => {
    out.globalGet(added.fuel).get(count);
    if (!wide) out.op(I64_EXTEND_I32_U);
    out.i64(BigInt(shift)).op(I64_SHR_U).op(I64_SUB).globalSet(added.fuel);
  };
  if (bulk.op === op.memoryFill || bulk.op === op.memoryCopy || bulk.op === op.memoryInit) pay(MEMORY_SHIFT);
  else if (bulk.op === op.arrayInitData) pay(MEMORY_SHIFT - context.elementLog2(first));
  else if (bulk.op === op.tableGrow) {
    // Only growth that succeeded is paid: the result is put by and looked at.
    const result = wide ? scratch.fuel : scratch.count64;
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
