/**
 * The interpreter's own instruction set: three-address instructions over frame slots, one Int32Array word per operand.
 * Numeric rows come from `semantics`; control, copies and memory accesses are written here. The loop's generator, the
 * lowering, the block compiler and the listing of lowered code read this table.
 *
 * Operand kinds: a letter reads or writes a slot of that type (i l f d; r a reference; w any word, x any two words);
 * `#i`, `#l` are immediates of one and two words, `#d` the position of a constant; `rel` a jump distance from the
 * instruction's first word, `cost` a basic block's fuel, `n` any other word. The first operand named `d` is written.
 */
import { type Semantics, semantics } from "./semantics.ts";

export interface OperandOf {
  readonly name: string;
  readonly kind: string;
}

export interface LoweredOp {
  readonly number: number;
  readonly name: string;
  readonly operands: readonly OperandOf[];
  /** Words, the opcode's own included. */
  readonly length: number;
  readonly family: "numeric" | "branch" | "memory" | "move" | "control";
  readonly semantics: Semantics | undefined;
  /** Branches only: taken when the condition is false. */
  readonly negated: boolean;
  readonly memory: MemoryAccess | undefined;
}

export interface MemoryAccess {
  readonly bytes: number;
  readonly store: boolean;
  readonly type: "i" | "l";
  readonly signed: boolean;
}

type Spec = readonly [name: string, operands: string];

/** Written out in the loop's generator. `size` words are copied. */
const MOVES: readonly Spec[] = [
  ["copy.32", "d:i a:i"],
  ["copy.64", "d:l a:l"],
  ["copy.128", "d:x a:x"],
  ["copy.ref", "d:r a:r"],
  ["const.32", "d:i a:#i"],
  ["const.64", "d:l a:#l"],
  ["select.32", "d:i a:i b:i c:i"],
  ["select.64", "d:l a:l b:l c:i"],
  ["global.get.32", "d:i a:n"],
  ["global.get.64", "d:l a:n"],
  ["global.set.32", "n:n a:i"],
  ["global.set.64", "n:n a:l"],
];

const CONTROL: readonly Spec[] = [
  ["halt", ""],
  ["enter", "frame:n from:n to:n cost:cost"],
  ["fuel", "cost:cost"],
  ["jump", "to:rel cost:cost"],
  ["br_table", "a:i count:n"],
  ["return", ""],
  ["return.32", "a:i"],
  ["return.64", "a:l"],
  ["call", "f:n base:n"],
  ["call.other", "f:n base:n"],
  ["call_indirect", "table:n type:n a:i base:n"],
  ["unreachable", ""],
  ["hot", "door:n"],
];

const MEMORY: readonly (readonly [string, MemoryAccess])[] = [
  ...(["i32", "i64"] as const).flatMap((type) => {
    const letter = type === "i32" ? "i" : "l";
    const narrow = type === "i32" ? [8, 16] : [8, 16, 32];
    return [
      ...narrow.flatMap((bits) =>
        [true, false].map((signed): readonly [string, MemoryAccess] => [
          `${type}.load${bits}_${signed ? "s" : "u"}`,
          { bytes: bits / 8, store: false, type: letter, signed },
        ]),
      ),
      ...narrow.map((bits): readonly [string, MemoryAccess] => [
        `${type}.store${bits}`,
        { bytes: bits / 8, store: true, type: letter, signed: false },
      ]),
      [`${type}.load`, { bytes: type === "i32" ? 4 : 8, store: false, type: letter, signed: true }] as const,
      [`${type}.store`, { bytes: type === "i32" ? 4 : 8, store: true, type: letter, signed: true }] as const,
    ];
  }),
];

export const OPS: readonly LoweredOp[] = build();
/** Numbers from here on are handled by functions outside the loop: see `slow`. */
export const SLOW_BASE = OPS.length;

const numbers = new Map(OPS.map((one) => [one.name, one.number]));

/** The number of a lowered instruction; asserts that it exists. */
export function loweredOp(name: string): number {
  const found = numbers.get(name);
  if (found === undefined) throw new Error(`no lowered instruction is named ${name}`);
  return found;
}

/** The same, or -1. */
export const findLoweredOp = (name: string): number => numbers.get(name) ?? -1;

function build(): readonly LoweredOp[] {
  const out: LoweredOp[] = [];
  const add = (
    family: LoweredOp["family"],
    name: string,
    operands: string,
    more: { semantics?: Semantics; negated?: boolean; memory?: MemoryAccess } = {},
  ) => {
    const list = operands
      .split(" ")
      .filter((one) => one !== "")
      .map((one) => {
        const [id = "", kind = ""] = one.split(":");
        return { name: id, kind };
      });
    const length = 1 + list.reduce((words, one) => words + (one.kind === "#l" ? 2 : 1), 0);
    const { semantics: meaning, negated = false, memory } = more;
    out.push({ number: out.length, name, operands: list, length, family, semantics: meaning, negated, memory });
  };
  for (const [name, operands] of CONTROL) add("control", name, operands);
  for (const [name, operands] of MOVES) add("move", name, operands);
  for (const [name, meaning] of semantics) {
    for (const [suffix, sources] of sourcesOf(meaning)) {
      add("numeric", name + suffix, `d:${meaning.result} ${sources}`, { semantics: meaning });
      if (meaning.form !== "condition") continue;
      const branch = `${sources} to:rel taken:cost fall:cost`;
      add("branch", `br:${name}${suffix}`, branch, { semantics: meaning });
      if (meaning.inverse === undefined)
        add("branch", `brn:${name}${suffix}`, branch, { semantics: meaning, negated: true });
    }
  }
  for (const [name, memory] of MEMORY) {
    const operands = memory.store ? `a:i b:${memory.type} offset:n` : `d:${memory.type} a:i offset:n`;
    add("memory", name, operands, { memory });
  }
  return out;
}

/** Operand texts: all slots, and for binary rows the form whose second operand is a constant. */
function sourcesOf({ params }: Semantics): readonly (readonly [suffix: string, operands: string])[] {
  const [a = "", b] = params;
  if (b === undefined) return [["", `a:${a}`]];
  // Constants of 32-bit floats are copied into slots: the loop has to stay below the size that V8 optimises.
  if (b === "f") return [["", `a:${a} b:${b}`]];
  return [
    ["", `a:${a} b:${b}`],
    ["#", `a:${a} b:#${b}`],
  ];
}
