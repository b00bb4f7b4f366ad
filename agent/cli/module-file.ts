/**
 * How verbs read a module that a person names: binary as it is, WebAssembly text through the assembler of tools/wat. The
 * assembler is a development part of its own; a board's package does not carry it, and text is refused there.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { cliFault } from "../faults.ts";
import { readFile } from "./files.ts";

/** Not a literal import: the board's package is complete without it. */
const ASSEMBLER = new URL("../../tools/wat/index.ts", import.meta.url);

type Assembled =
  | { readonly bytes: Uint8Array }
  | { readonly error: { readonly message: string; readonly offset?: number } };

interface Assembler {
  loadAssembler(): Promise<(text: string) => Assembled>;
}

/** The file's bytes, assembled first when it is text. DISK_READ; CLI_NO_ASSEMBLER, CLI_TEXT_MODULE for text. */
export async function readModuleFile(path: string): Promise<Uint8Array> {
  const bytes = readFile(path);
  const text = textOf(bytes);
  return text === undefined ? bytes : assemble(text, path);
}

/** WebAssembly text begins, after white space, with a parenthesis or a comment; the binary format with a zero byte. */
function textOf(bytes: Uint8Array): string | undefined {
  const [first] = bytes;
  if (first === undefined || first === 0) return undefined;
  const text = fromUtf8(bytes);
  return text !== undefined && /^\s*(?:\(|;;)/.test(text) ? text : undefined;
}

async function assemble(text: string, path: string): Promise<Uint8Array> {
  const made = (await assembler(path))(text);
  if ("bytes" in made) return made.bytes;
  const { message, offset } = made.error;
  throw cliFault("CLI_TEXT_MODULE", { path, where: offset === undefined ? "" : place(text, offset), reason: message });
}

async function assembler(path: string): Promise<(text: string) => Assembled> {
  if (!existsSync(fileURLToPath(ASSEMBLER))) {
    throw cliFault("CLI_NO_ASSEMBLER", { path, reason: "this package does not carry it" });
  }
  try {
    const { loadAssembler } = (await import(ASSEMBLER.href)) as Assembler;
    return await loadAssembler();
  } catch (error) {
    throw cliFault("CLI_NO_ASSEMBLER", { path, reason: reasonOf(error) }, error);
  }
}

/** `offset` counts bytes of the UTF-8 text. */
function place(text: string, offset: number): string {
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, offset)).split("\n");
  return `, line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
}
