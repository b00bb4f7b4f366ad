/**
 * Literals of scripts as exact bits. Floats are assembled: every literal of a script becomes a global of one module, and
 * its bits are read from the binary, so that decimal and hexadecimal rounding is the assembler's and not ours.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { head, type Node } from "./script.ts";

export type Assemble = (text: string) => { bytes: Uint8Array } | { error: { message: string; offset?: number } };

export type Floats = ReadonlyMap<string, bigint>;

const PATTERN = /^nan:(canonical|arithmetic)$/;

/** Bits by "f32 LITERAL" or "f64 LITERAL". */
export function assembleFloats(script: readonly Node[], assemble: Assemble): Floats {
  const wanted = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind !== "list") return;
    const name = head(node);
    const atoms = node.items.slice(1).flatMap((one) => (one.kind === "atom" ? [one.text] : []));
    if (name === "f32.const" || name === "f64.const") wanted.add(`${name.slice(0, 3)} ${atoms[0]}`);
    else if (name === "v128.const" && atoms[0]?.startsWith("f")) {
      for (const lane of atoms.slice(1)) wanted.add(`${atoms[0].slice(0, 3)} ${lane}`);
    } else if (name !== "module") node.items.forEach(visit);
  };
  script.forEach(visit);
  const literals = [...wanted].filter((one) => !PATTERN.test(one.slice(4)));
  if (literals.length === 0) return new Map();
  const globals = literals.map((one) => `(global ${one.slice(0, 3)} (${one.slice(0, 3)}.const ${one.slice(4)}))`);
  const made = assemble(`(module ${globals.join("\n")})`);
  if ("error" in made) throw new Error(`float literals: ${made.error.message}`);
  const module = unwrap(decodeModule(made.bytes));
  const view = new DataView(made.bytes.buffer, made.bytes.byteOffset);
  return new Map(
    module.globals.map(({ init }, n) => {
      const literal = literals[n] as string;
      const at = init.start + 1;
      return [literal, literal.startsWith("f32") ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true)];
    }),
  );
}

export function integer(text: string): bigint {
  const digits = text.replaceAll("_", "");
  if (digits.startsWith("-")) return -BigInt(digits.slice(1));
  return BigInt(digits.startsWith("+") ? digits.slice(1) : digits);
}
