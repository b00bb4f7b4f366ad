/**
 * Where a body is charged and interrupted: one walk finds its segments, runs of instructions that are either all executed
 * or, but for a trap, none. They are the interpreter's own: a segment begins at the body, at a loop's head, in each arm of
 * an `if`, behind a conditional branch, and behind the `end` that something jumps to. Unreachable code has none.
 */
import { CodeReader } from "../module/code-reader.ts";
import { COSTS } from "../module/costs.ts";
import { opcode } from "../module/opcodes.ts";

/** A place in the body where fuel is paid, before the instruction at `at`. */
export interface Segment {
  readonly at: number;
  /** Instructions that count, to the next segment. */
  cost: number;
  /** `entry` and `loop` are where a call can be interrupted. */
  readonly kind: "entry" | "loop" | "other";
  /** An exception may lead here. */
  caught: boolean;
  /** Index of the segment at the head of the innermost loop around it, or of the entry's. */
  readonly owner: number;
  /** Index of the innermost construct around it, -1 for the body. */
  readonly construct: number;
  /** Something in it may take long: a call, a bulk operation, a loop that begins. */
  busy: boolean;
}

/** An instruction that works for longer the larger its last operand is. */
export interface Bulk {
  readonly at: number;
  readonly end: number;
  readonly op: number;
}

/** A block, loop, if or try_table that can be reached. Offsets of its instruction, its contents, its `else` and `end`. */
export interface Construct {
  readonly at: number;
  readonly kind: "block" | "loop" | "if" | "try_table";
  readonly inside: number;
  /** Index of the construct around it, -1 for the body. */
  readonly parent: number;
  /** Something may run inside that does not look at the epoch: an import, a function by reference, a bulk operation. */
  leaves: boolean;
  elseAt: number;
  endAt: number;
}

export interface BodyScan {
  readonly segments: readonly Segment[];
  /** In the order of their instructions. */
  readonly constructs: readonly Construct[];
  readonly bulk: readonly Bulk[];
  /** Offsets behind instructions that call and come back. */
  readonly returns: readonly number[];
}

const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  tryTable: opcode("try_table"),
  brOnNull: opcode("br_on_null"),
  brOnNonNull: opcode("br_on_non_null"),
  brOnCast: opcode("br_on_cast"),
  brOnCastFail: opcode("br_on_cast_fail"),
} as const;

const ENDS = new Set([
  OP.unreachable,
  OP.br,
  OP.brTable,
  OP.return,
  ...["return_call", "return_call_indirect", "return_call_ref", "throw", "throw_ref"].map(opcode),
]);

/** Instructions whose work is their last operand times a constant. */
const BULK = new Set(
  ["memory.fill", "memory.copy", "memory.init", "table.fill", "table.copy", "table.init", "table.grow"]
    .concat(["array.new", "array.new_default", "array.new_data", "array.new_elem", "array.new_fixed"])
    .concat(["array.fill", "array.copy", "array.init_data", "array.init_elem"])
    .map(opcode),
);

interface Label {
  readonly kind: "function" | "block" | "loop" | "if" | "else";
  readonly construct: number;
  targeted: boolean;
  caught: boolean;
}

const CALLS = new Set(
  ["call", "call_indirect", "call_ref", "return_call", "return_call_indirect", "return_call_ref"].map(opcode),
);

const CALL = 0x10;

function calleeOf(bytes: Uint8Array, at: number): number {
  const reader = new CodeReader(bytes, at);
  reader.opcode();
  return reader.u32();
}

const RETURNING = new Set(["call", "call_indirect", "call_ref"].map(opcode));

/** `start` to `end` hold a body that the Validator has passed, its last `end` included; functions below `imported` are not ours. */
export function scanBody(bytes: Uint8Array, start: number, end: number, imported: number): BodyScan {
  const reader = new CodeReader(bytes, start);
  const segments: Segment[] = [];
  const bulk: Bulk[] = [];
  const constructs: Construct[] = [];
  const returns: number[] = [];
  const labels: Label[] = [{ kind: "function", construct: -1, targeted: false, caught: false }];
  const begin = (at: number, kind: Construct["kind"]) => {
    const parent = (labels.at(-1) as Label).construct;
    constructs.push({ at, kind, inside: reader.at, parent, leaves: false, elseAt: -1, endAt: -1 });
    labels.push({
      kind: kind === "try_table" ? "block" : kind,
      construct: constructs.length - 1,
      targeted: false,
      caught: false,
    });
  };
  const owners: number[] = [];
  let current: Segment | undefined;
  const open = (kind: Segment["kind"], caught = false) => {
    if (kind !== "other") owners.push(segments.length);
    const { construct } = labels.at(-1) as Label;
    current = { at: reader.at, cost: 0, kind, caught, owner: owners.at(-1) as number, construct, busy: false };
    segments.push(current);
  };
  const target = (depth: number) => {
    (labels[labels.length - 1 - depth] as Label).targeted = true;
  };
  const catching = (depth: number) => {
    const label = labels[labels.length - 1 - depth] as Label;
    label.caught = true;
    // A loop's head has been passed already.
    const construct = constructs[label.construct];
    const head = label.kind === "loop" ? segments.find(({ at }) => at === construct?.inside) : undefined;
    if (head !== undefined) head.caught = true;
  };
  open("entry");
  while (reader.at < end) {
    const at = reader.at;
    const op = reader.opcode();
    if (current === undefined) {
      if (op === OP.block || op === OP.loop || op === OP.if || op === OP.tryTable) {
        passOver(reader, op);
        continue;
      }
      if (op !== OP.end && op !== OP.else) {
        reader.skip(op);
        continue;
      }
    } else current.cost += COSTS[op] as number;
    switch (op) {
      case OP.block:
      case OP.loop:
      case OP.if:
        reader.skip(op);
        if (op === OP.loop && current !== undefined) current.busy = true;
        begin(at, op === OP.loop ? "loop" : op === OP.if ? "if" : "block");
        if (op !== OP.block) open(op === OP.loop ? "loop" : "other");
        break;
      case OP.tryTable:
        reader.skip(OP.block);
        for (let left = reader.u32(); left > 0; left -= 1) {
          if (reader.byte() < 2) reader.u32();
          const depth = reader.u32();
          target(depth);
          catching(depth);
        }
        begin(at, "try_table");
        break;
      case OP.else: {
        const label = labels.pop() as Label;
        labels.push({ ...label, kind: "else", targeted: label.targeted || current !== undefined });
        (constructs[label.construct] as Construct).elseAt = at;
        open("other");
        break;
      }
      case OP.end: {
        const label = labels.pop() as Label;
        if (label.kind !== "function") (constructs[label.construct] as Construct).endAt = at;
        if (label.kind === "loop") owners.pop();
        else if (label.kind !== "function" && (label.targeted || label.kind === "if")) open("other", label.caught);
        break;
      }
      case OP.brIf:
      case OP.brOnNull:
      case OP.brOnNonNull:
        target(reader.u32());
        open("other");
        break;
      case OP.brOnCast:
      case OP.brOnCastFail: {
        const from = reader.at;
        reader.at += 1;
        target(reader.u32());
        reader.at = from;
        reader.skip(op);
        open("other");
        break;
      }
      case OP.br:
        target(reader.u32());
        current = undefined;
        break;
      case OP.brTable:
        for (let left = reader.u32() + 1; left > 0; left -= 1) target(reader.u32());
        current = undefined;
        break;
      default:
        reader.skip(op);
        // Bulk operations take as long as a call.
        if (CALLS.has(op) || BULK.has(op)) {
          if (current !== undefined) current.busy = true;
          // The callee looks for itself, unless it is short; what is not the module's own code does not.
          const own = op === CALL && calleeOf(bytes, at) >= imported;
          if (!own) {
            for (const { construct } of labels) if (construct >= 0) (constructs[construct] as Construct).leaves = true;
          }
        }
        if (RETURNING.has(op)) returns.push(reader.at);
        if (BULK.has(op)) bulk.push({ at, end: reader.at, op });
        if (ENDS.has(op)) current = undefined;
    }
  }
  return { segments, constructs, bulk, returns };
}

/** Unreachable code, up to the `end` of the construct that `op` begins. */
function passOver(reader: CodeReader, op: number): void {
  reader.skip(op);
  for (let depth = 1; depth > 0; ) {
    const next = reader.opcode();
    if (next === OP.block || next === OP.loop || next === OP.if || next === OP.tryTable) depth += 1;
    else if (next === OP.end) depth -= 1;
    reader.skip(next);
  }
}
