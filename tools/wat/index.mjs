// The WebAssembly text assembler, behind one function. `npm ci` in this folder installs it; see `installed`.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const lock = join(here, "package-lock.json");
const marker = join(here, "node_modules", ".package-lock.json");

/** Is the assembler there, in the version that the lock file names? */
export function installed() {
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs;
}

/** Installs the assembler when it is not there yet; throws with what to do when that fails. */
export function install() {
  if (installed()) return;
  console.error("sallyport: installing the WebAssembly text assembler into tools/wat (8 MB) ...");
  const done = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) throw new Error("`npm ci` in tools/wat failed: check the network or the registry setting, then try again");
}

/** Returns a function from text to { bytes } or { error: { message, offset } }. */
export async function loadAssembler() {
  install();
  const { $init, tools } = await import("./node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.js");
  await $init;
  return (text) => {
    try {
      return { bytes: tools.parse(text) };
    } catch (thrown) {
      return { error: describe(thrown?.payload ?? thrown) };
    }
  };
}

/** The assembler reports a structure printed as text; the span and the kind are what a person needs. */
function describe(payload) {
  const text = String(payload);
  const offset = /Span \{ offset: (\d+) \}/.exec(text)?.[1];
  const kind = /kind: (?:Custom\("((?:[^"\\]|\\.)*)"\)|Lex\(([^)]*)\)|(\w+))/.exec(text);
  return { message: kind?.[1] ?? kind?.[2] ?? kind?.[3] ?? text, offset: offset === undefined ? undefined : Number(offset) };
}
