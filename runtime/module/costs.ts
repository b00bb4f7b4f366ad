/**
 * What an instruction costs in exact fuel: one unit, but for those that only give structure. The interpreter and the metered
 * tier both count by this table, so they cannot disagree.
 */
import { opcodes } from "./opcodes.ts";

const FREE: ReadonlySet<string> = new Set(["block", "loop", "try_table", "else", "end"]);

/** Units by dense opcode: 0 or 1. */
export const COSTS = Uint8Array.from(opcodes, (one) => (one === undefined || FREE.has(one.name) ? 0 : 1));
