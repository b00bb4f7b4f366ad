/**
 * Writes the JavaScript of one function's blocks from the same semantics as the dispatch loop.
 */

import { numericHelpers } from "./block-helpers.ts";
import { BlockSlots } from "./block-slots.ts";
import type { LoweredOp } from "./ops.ts";
import { STATUS } from "./status.ts";
import { TRAP } from "./traps.ts";

/** A branch table with more entries goes back to the loop. */
const TABLE_MAX = 256;

/** A lowered instruction where it lies; `op` undefined for those outside the loop. */
export interface Decoded {
  readonly at: number;
  readonly op: LoweredOp | undefined;
  readonly length: number;
}

export class BlockWriter {
  readonly doors = new Map<number, number>();
  readonly #code: Int32Array;
  readonly #leaders: Leaders;
  readonly #blocks = new Map<number, number>();
  readonly #slots = new BlockSlots();
  readonly #lines = this.#slots.lines;

  constructor(code: Int32Array, leaders: Leaders) {
    this.#code = code;
    this.#leaders = leaders;
  }

  /** The body of a function of the arrays that gives the compiled function; undefined when nothing is compiled. */
  write(instructions: readonly Decoded[]): string | undefined {
    const { targets, entries } = this.#leaders;
    for (const { at } of instructions) if (targets.has(at)) this.#blocks.set(at, this.#blocks.size);
    let open = true;
    for (const one of instructions) {
      const first = targets.has(one.at);
      if (first) {
        this.#lines.push(`case ${this.#blocks.get(one.at)}:`);
        this.#slots.begin();
        open = true;
      }
      if (!open) continue;
      const compiled = this.#instruction(one);
      // A door takes two words, and must not be where the block hands back to the loop.
      const door = entries.has(one.at) && one.length > 1 && one.op?.name !== "call_indirect";
      if (compiled && door) this.doors.set(one.at, this.#blocks.get(one.at) as number);
      if (!compiled) {
        this.#leave(one.at);
        open = false;
      }
    }
    if (this.doors.size === 0) return undefined;
    const names = [...this.#slots.variables].map((name) => `${name} = 0`);
    return `const { ${Object.keys(numericHelpers).join(", ")} } = helpers;
return function blocks(m, b, fp) {
  const globals = m.globals;
  const view = m.view;
  const gp = fp >> 1;
  let frame = m.frame;
  let fuel = m.fuel;
  let at = 0;
  let to = 0;
  let rl = 0;
  let rh = 0;
  ${names.length === 0 ? "" : `let ${names.join(", ")};`}
  try {
    run: for (;;) {
      switch (b) {
${this.#lines.join("\n")}
        default:
          throw new Error("no such block");
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    to = -${TRAP.memoryBounds};
  }
  m.pc = at;
  m.fp = fp;
  m.frame = frame;
  m.fuel = fuel;
  return to;
};`;
  }

  #leave(pc: number): void {
    this.#lines.push(`to = ${pc}; break run;`);
  }

  /** Stops at an instruction: every way out is the same few lines, which the host's optimiser has seen before. */
  #stop(pc: number, status: number): string {
    return `{ at = ${pc}; to = -${status}; break run; }`;
  }

  #pay(cost: number, pc: number): string {
    return cost === 0 ? "" : `fuel -= ${cost}; if (fuel < 0) ${this.#stop(pc, STATUS.fuel)}`;
  }

  /** Brings operands a and b into the text's names; returns the text with them replaced. */
  #bind({ at, op }: Decoded, text: string): string {
    if (op === undefined) return text;
    let word = at + 1;
    const names = new Map<string, string>();
    for (const { name, kind } of op.operands) {
      const operand = this.#code[word] as number;
      if (name === "a" || name === "b" || name === "c") {
        if (kind === "i") names.set(name, this.#slots.word(operand));
        else if (kind === "l") {
          if (new RegExp(`\\b${name}l\\b`).test(text)) names.set(`${name}l`, this.#slots.word(operand));
          if (new RegExp(`\\b${name}h\\b`).test(text)) names.set(`${name}h`, this.#slots.word(operand + 1));
        } else if (kind === "f" || kind === "d") names.set(name, this.#slots.float(kind, operand));
        else if (kind === "#i") names.set(name, literal(operand));
        else if (kind === "#l") {
          names.set(`${name}l`, literal(operand));
          names.set(`${name}h`, literal(this.#code[word + 1] as number));
        } else if (kind === "#d") names.set(name, `F64[${operand >> 1}]`);
      }
      word += kind === "#l" ? 2 : 1;
    }
    return text.replace(/\b[abc][lh]?\b/g, (name) => names.get(name) ?? name);
  }

  // --- instructions

  /** False when the instruction is the loop's business. */
  #instruction(one: Decoded): boolean {
    const { op } = one;
    if (op === undefined) return false;
    switch (op.family) {
      case "numeric":
        this.#numeric(one, op);
        return true;
      case "branch":
        this.#branch(one, op);
        return true;
      case "memory":
        this.#memory(one, op);
        return true;
      case "move":
        return this.#move(one, op.name);
      case "control":
        return this.#control(one, op.name);
    }
  }

  #numeric(one: Decoded, op: LoweredOp): void {
    const { form, text, result, traps } = op.semantics as NonNullable<LoweredOp["semantics"]>;
    const target = this.#code[one.at + 1] as number;
    for (const [condition, status] of traps) {
      const bound = this.#bind(one, condition);
      this.#lines.push(`if (${bound}) ${this.#stop(one.at, status)}`);
    }
    const bound = this.#bind(one, text);
    if (form === "condition") this.#slots.setWord(target, `(${bound}) ? 1 : 0`);
    else if (form === "expression") this.#slots.setWord(target, bound);
    else if (form === "float") this.#slots.setFloat(result === "f" ? "f" : "d", target, bound);
    else {
      this.#lines.push(`{ ${bound} }`);
      this.#slots.setWord(target, "rl");
      this.#slots.setWord(target + 1, "rh");
    }
  }

  #memory(one: Decoded, op: LoweredOp): void {
    const { bytes, store, type, signed } = op.memory as NonNullable<LoweredOp["memory"]>;
    const [first, second, offset] = [1, 2, 3].map((n) => this.#code[one.at + n] as number) as [number, number, number];
    const base = this.#slots.word(store ? first : second);
    const address = offset === 0 ? `${base} >>> 0` : `(${base} >>> 0) + ${offset}`;
    const bits = bytes * 8;
    this.#lines.push(`at = ${one.at};`);
    if (store) {
      const low = this.#slots.word(second);
      if (bits === 64) {
        const hi = this.#slots.word(second + 1);
        const upper = `(${base} >>> 0) + ${offset + 4}`;
        this.#lines.push(`view.setInt32(${upper}, ${hi}, true); view.setInt32(${address}, ${low}, true);`);
      } else this.#lines.push(`view.setInt${bits}(${address}, ${low}${bits > 8 ? ", true" : ""});`);
      return;
    }
    const get = `view.get${signed ? "Int" : "Uint"}${Math.min(bits, 32)}(${address}${bits > 8 ? ", true" : ""})`;
    const low = bits === 32 && !signed ? `${get} | 0` : get;
    if (type === "i") return this.#slots.setWord(first, low);
    if (bits === 64) {
      this.#lines.push(`rh = view.getInt32((${base} >>> 0) + ${offset + 4}, true);`);
      this.#slots.setWord(first, low);
      this.#slots.setWord(first + 1, "rh");
    } else {
      this.#slots.setWord(first, low);
      this.#slots.setWord(first + 1, signed ? `t${first} >> 31` : "0");
    }
  }

  #move({ at }: Decoded, name: string): boolean {
    const [d, a, b, c] = [1, 2, 3, 4].map((n) => this.#code[at + n] as number) as [number, number, number, number];
    switch (name) {
      case "copy.32":
        this.#slots.setWord(d, this.#slots.word(a));
        return true;
      case "copy.64":
        this.#slots.setWord(d, this.#slots.word(a));
        this.#slots.setWord(d + 1, this.#slots.word(a + 1));
        return true;
      case "const.32":
        this.#slots.setWord(d, literal(a));
        return true;
      case "const.64":
        this.#slots.setWord(d, literal(a));
        this.#slots.setWord(d + 1, literal(b));
        return true;
      case "select.32":
        this.#slots.setWord(d, `${this.#slots.word(c)} !== 0 ? ${this.#slots.word(a)} : ${this.#slots.word(b)}`);
        return true;
      case "select.64":
        this.#lines.push(`rl = ${this.#slots.word(c)} !== 0 ? ${this.#slots.word(a)} : ${this.#slots.word(b)};`);
        this.#lines.push(
          `rh = ${this.#slots.word(c)} !== 0 ? ${this.#slots.word(a + 1)} : ${this.#slots.word(b + 1)};`,
        );
        this.#slots.setWord(d, "rl");
        this.#slots.setWord(d + 1, "rh");
        return true;
      case "global.get.32":
        this.#slots.setWord(d, `globals[${a}]`);
        return true;
      case "global.get.64":
        this.#slots.setWord(d, `globals[${a}]`);
        this.#slots.setWord(d + 1, `globals[${a + 1}]`);
        return true;
      case "global.set.32":
        this.#lines.push(`globals[${d}] = ${this.#slots.word(a)};`);
        return true;
      case "global.set.64":
        this.#lines.push(`globals[${d}] = ${this.#slots.word(a)}; globals[${d + 1}] = ${this.#slots.word(a + 1)};`);
        return true;
      case "copy.ref":
        this.#lines.push(`R[gp + ${d >> 1}] = R[gp + ${a >> 1}];`);
        return true;
      default:
        return false;
    }
  }

  /** Goes to an address of the same function, having paid for its block. */
  #go(to: number, cost: number): string {
    const block = this.#blocks.get(to);
    if (block === undefined) throw new Error("a jump to no block");
    return `${this.#pay(cost, to)} b = ${block}; continue;`;
  }

  #branch(one: Decoded, op: LoweredOp): void {
    const condition = this.#bind(one, op.semantics?.text ?? "");
    const words = [3, 2, 1].map((back) => this.#code[one.at + op.length - back] as number) as [number, number, number];
    const [to, taken, fall] = words;
    this.#lines.push(`if (${op.negated ? `!(${condition})` : condition}) { ${this.#go(one.at + to, taken)} }`);
    this.#lines.push(this.#pay(fall, one.at + op.length));
  }

  #control({ at, length }: Decoded, name: string): boolean {
    const word = (n: number) => this.#code[at + n] as number;
    const next = at + length;
    switch (name) {
      case "enter": {
        this.#lines.push(`if (fp + ${word(1)} > stackEnd) ${this.#stop(at, TRAP.stackExhausted)}`);
        if (word(3) > word(2)) this.#lines.push(`I32.fill(0, fp + ${word(2)}, fp + ${word(3)});`);
        this.#lines.push(this.#pay(word(4), next));
        return true;
      }
      case "fuel":
        this.#lines.push(this.#pay(word(1), next));
        return true;
      case "jump":
        this.#lines.push(this.#go(at + word(1), word(2)));
        return true;
      case "br_table": {
        const count = word(2);
        if (count > TABLE_MAX) return false;
        const index = this.#slots.word(word(1));
        this.#lines.push(`switch (${index}) {`);
        for (let n = 0; n <= count; n += 1) {
          const entry = 3 + 2 * n;
          this.#lines.push(`${n === count ? "default" : `case ${n}`}: ${this.#go(at + word(entry), word(entry + 1))}`);
        }
        this.#lines.push("}");
        return true;
      }
      case "return":
      case "return.32":
      case "return.64": {
        if (name !== "return") this.#lines.push(`I32[fp] = ${this.#slots.word(word(1))};`);
        if (name === "return.64") this.#lines.push(`I32[fp + 1] = ${this.#slots.word(word(1) + 1)};`);
        this.#lines.push("frame -= 3; to = frames[frame]; fp = frames[frame + 1];");
        this.#lines.push(
          "if (frames[frame + 2] !== m.instance) { m.instance = frames[frame + 2]; m.view = m.viewOf(m.instance); }",
        );
        this.#lines.push("break run;");
        return true;
      }
      case "call":
        this.#lines.push(`to = m.entries[${word(1)}];`);
        this.#lines.push(`if (to === 0 && (to = m.prepare(${word(1)})) < 0) { at = ${at}; break run; }`);
        this.#push(at, next, word(2));
        return true;
      case "call_indirect":
        // Functions of the host, of other instances and those not lowered yet are the loop's business.
        this.#lines.push(`to = m.indirect(${word(1)}, ${this.#slots.word(word(3))}, ${word(2)});`);
        this.#lines.push(`if (to < 0) { at = ${at}; break run; }`);
        this.#lines.push(`if (m.entries[to] <= 0 || m.instanceOf[to] !== m.instance) { to = ${at}; break run; }`);
        this.#lines.push("to = m.entries[to];");
        this.#push(at, next, word(4));
        return true;
      case "unreachable":
        this.#lines.push(this.#stop(at, TRAP.unreachable));
        return true;
      default:
        return false;
    }
  }

  /** A control frame, and on with the callee at `to`. */
  #push(at: number, next: number, base: number): void {
    this.#lines.push(`if (frame >= framesEnd) ${this.#stop(at, TRAP.stackExhausted)}`);
    this.#lines.push(`frames[frame] = ${next}; frames[frame + 1] = fp; frames[frame + 2] = m.instance;`);
    this.#lines.push(`frame += 3; fp += ${base}; break run;`);
  }
}

/** Where blocks begin, and where the loop may hand over. */
export interface Leaders {
  readonly targets: ReadonlySet<number>;
  readonly entries: ReadonlySet<number>;
}

const literal = (value: number): string => (value < 0 ? `(${value})` : String(value));
