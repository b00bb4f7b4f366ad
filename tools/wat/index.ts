/**
 * The WebAssembly text assembler behind one function: wasm-tools, as the jco project compiles it. It is a package of its own
 * and is installed on demand, so that neither a board nor `npm ci` of the repository carries it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const lock = join(here, "package-lock.json");
const marker = join(here, "node_modules", ".package-lock.json");

/** Is the assembler there, in the version that the lock file names? */
export function installed(): boolean {
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs;
}

/** Installs the assembler when it is not there yet; throws with what to do when that fails. */
export function install(): void {
  if (installed()) return;
  process.stderr.write("sallyport: installing the WebAssembly text assembler into tools/wat (8 MB) ...\n");
  const done = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: ["ignore", 2, 2],
  });
  if (done.status !== 0)
    throw new Error("`npm ci` in tools/wat failed: check the network or the registry setting, then try again");
}

export type Assembled =
  | { readonly bytes: Uint8Array }
  | { readonly error: { readonly message: string; readonly offset?: number } };

interface Vendor {
  readonly $init: Promise<void>;
  readonly tools: { parse(text: string): Uint8Array };
}

/** Installs the assembler if need be; the function gives the binary of a text module, or what is wrong with it. */
export async function loadAssembler(): Promise<(text: string) => Assembled> {
  install();
  const vendor = "./node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.js";
  const { $init, tools } = (await import(vendor)) as Vendor;
  await $init;
  return (text) => {
    try {
      return { bytes: tools.parse(text) };
    } catch (thrown) {
      return { error: describe(isRecord(thrown) ? thrown["payload"] : thrown) };
    }
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The assembler reports a structure printed as text; the span and the kind are what a person needs. */
function describe(payload: unknown): { message: string; offset?: number } {
  const text = String(payload);
  const offset = /Span \{ offset: (\d+) \}/.exec(text)?.[1];
  const custom = /kind: Custom\("((?:[^"\\]|\\.)*)"\)/.exec(text)?.[1];
  const message = custom ?? /kind: Lex\(([^)]*)\)/.exec(text)?.[1] ?? text.slice(0, 300);
  return { message, ...(offset === undefined ? {} : { offset: Number(offset) }) };
}
