/**
 * Where V8 accepts what the specification refuses: at this instruction, with this refusal of ours, and the bytes there,
 * or V8 itself by other instructions at the same place, show that the reason holds. Each has a case in cases/.
 */
import { CodeReader } from "../../../runtime/module/code-reader.ts";
import {
  countInAByte,
  DROPS,
  labelTakesNothing,
  sectionAt,
  unreachable,
  withoutWhatBranchesLeave,
  withStatedCasts,
} from "./evidence.ts";

export interface Refused {
  readonly code: string;
  readonly line: string;
  /** Where the refused instruction is, or -1. */
  readonly at: number;
}

interface Leniency {
  readonly opcode?: number;
  readonly ours: RegExp;
  /** `accepts`: our own judgement. */
  readonly holds: (bytes: Uint8Array, at: number, accepts: (bytes: Uint8Array) => boolean) => boolean;
  readonly reason: string;
}
const SELECT_COUNT = "select keeps the low byte of the number of its types";
const V8_LENIENCIES: readonly Leniency[] = [
  {
    opcode: 0xd6,
    ours: /type mismatch/,
    holds: (bytes, at) => labelTakesNothing(bytes, at) || unreachable(bytes, at, [0]),
    reason: "br_on_non_null may name a label that takes nothing, or any when its operand is an unreachable one",
  },
  {
    opcode: 0xd3,
    ours: /instruction requires \[eqref\]/,
    holds: (bytes, at) => unreachable(bytes, at, DROPS),
    reason: "ref.eq takes any operands in unreachable code",
  },
  {
    ours: /type mismatch/,
    holds: (bytes) => {
      const stated = withStatedCasts(bytes);
      return stated !== undefined && !WebAssembly.validate(stated);
    },
    reason: "br_on_cast_fail to a nullable type leaves one that is not, when its operand was not",
  },
  {
    ours: /type mismatch/,
    holds: (bytes, at, accepts) => {
      const freed = withoutWhatBranchesLeave(bytes, at);
      return freed !== undefined && accepts(freed);
    },
    reason: "a conditional branch in unreachable code leaves operands their own types, not those of its label",
  },
  {
    ours: /malformed tag attribute/,
    holds: (bytes, at) => bytes[at] === 0x80 && new CodeReader(bytes, at).u32() === 0,
    reason: "a tag's attribute, one zero byte (section 5.3.15), may be an integer of more bytes",
  },
  {
    ours: /length out of bounds/,
    holds: (bytes, at) => bytes[at - 1] === 0x1c && countInAByte(bytes, at),
    reason: SELECT_COUNT,
  },
  {
    opcode: 0x1c,
    ours: /invalid result arity/,
    holds: (bytes, at) => countInAByte(bytes, at + 1),
    reason: SELECT_COUNT,
  },
  {
    ours: /malformed reference type/,
    holds: (bytes, at) => sectionAt(bytes, at) === 9 && (bytes[at] ?? 0) >= 0x7b && (bytes[at] ?? 0) <= 0x7f,
    reason: "a passive or declarative element segment may be of numbers",
  },
];

/** The reason why V8 accepts, when it is a known one. */
export function leniency(
  bytes: Uint8Array,
  { code, line, at }: Refused,
  accepts: (bytes: Uint8Array) => boolean,
): string | undefined {
  if (code !== "VALIDATE_INVALID" && code !== "LOAD_MALFORMED") return undefined;
  return V8_LENIENCIES.find(
    ({ opcode, ours, holds }) => (opcode ?? bytes[at]) === bytes[at] && ours.test(line) && holds(bytes, at, accepts),
  )?.reason;
}
