/**
 * The text of the block being written and what it knows: `t12` is the word at fp + 12, `f12` and `d12` the float there,
 * each a variable from its first use to the end of the block, and always written through to the frame.
 */
export class BlockSlots {
  readonly lines: string[] = [];
  readonly variables = new Set<string>();
  /** Variables that hold what the frame holds, in the block being written. */
  readonly #known = new Set<string>();

  /** A new block: nothing is known. */
  begin(): void {
    this.#known.clear();
  }

  /** The word at fp + slot. */
  word(slot: number): string {
    const name = `t${slot}`;
    if (this.#known.has(name)) return name;
    this.variables.add(name);
    this.#known.add(name);
    this.lines.push(`${name} = I32[fp + ${slot}];`);
    return name;
  }

  /** Gives the word at fp + slot a value. */
  setWord(slot: number, text: string): void {
    const name = `t${slot}`;
    this.variables.add(name);
    this.lines.push(`I32[fp + ${slot}] = ${name} = ${text};`);
    this.#forget(slot);
    this.#known.add(name);
  }

  /** What else is known of the slot's 8 bytes is not true any more. */
  #forget(slot: number): void {
    const even = slot & ~1;
    this.#known.delete(`f${even}`);
    this.#known.delete(`d${even}`);
  }

  float(kind: "f" | "d", slot: number): string {
    const name = `${kind}${slot}`;
    if (this.#known.has(name)) return name;
    this.variables.add(name);
    this.#known.add(name);
    this.lines.push(kind === "f" ? `${name} = F32[fp + ${slot}];` : `${name} = F64[gp + ${slot >> 1}];`);
    return name;
  }

  setFloat(kind: "f" | "d", slot: number, text: string): void {
    const name = `${kind}${slot}`;
    this.variables.add(name);
    this.lines.push(`${name} = ${text};`);
    this.lines.push(
      kind === "f"
        ? `if (${name} === ${name}) F32[fp + ${slot}] = ${name}; else I32[fp + ${slot}] = ${0x7fc00000};`
        : `if (${name} === ${name}) F64[gp + ${slot >> 1}] = ${name}; else { I32[fp + ${slot}] = 0; I32[fp + ${slot + 1}] = ${0x7ff80000}; }`,
    );
    for (const other of [`t${slot}`, `t${slot + 1}`, `f${slot}`, `d${slot}`]) this.#known.delete(other);
    this.#known.add(name);
  }
}
