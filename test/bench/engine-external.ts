/**
 * Other engines, where their binaries are on PATH, as the whole process that a user starts: user and system time from
 * start to exit, loading and compiling included. The kernel counts it in hundredths of a second.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

interface External {
  readonly command: string;
  /** Before a run, not counted: from the program to what is run instead of it. */
  readonly compile?: (wasm: string, output: string) => readonly string[];
  readonly run: (wasm: string, rounds: string) => readonly string[];
}

const EXTERNALS = {
  wasm3: { command: "wasm3", run: (wasm, rounds) => [wasm, rounds] },
  iwasm: { command: "iwasm", run: (wasm, rounds) => [wasm, rounds] },
  wasmedge: { command: "wasmedge", run: (wasm, rounds) => ["run", wasm, rounds] },
  "wasmedge-aot": {
    command: "wasmedge",
    compile: (wasm, output) => ["compile", wasm, output],
    run: (wasm, rounds) => ["run", wasm, rounds],
  },
} as const satisfies Readonly<Record<string, External>>;

export type ExternalName = keyof typeof EXTERNALS;
export const EXTERNAL_NAMES = Object.keys(EXTERNALS) as readonly ExternalName[];

export function isExternal(name: string): name is ExternalName {
  return Object.hasOwn(EXTERNALS, name);
}

export function isOnPath(name: ExternalName): boolean {
  const { command } = EXTERNALS[name];
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `run` in CPU seconds. Throws when the engine fails. */
export function runExternal(name: ExternalName, wasm: string, rounds: number): { output: string; run: number } {
  const external: External = EXTERNALS[name];
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    let file = wasm;
    if (external.compile !== undefined) {
      file = join(folder, "compiled.wasm");
      call(name, external.command, external.compile(wasm, file));
    }
    const before = childrenSeconds();
    const output = call(name, external.command, external.run(file, String(rounds)));
    return { output, run: childrenSeconds() - before };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function call(name: string, command: string, args: readonly string[]): string {
  const child = spawnSync(command, args, { encoding: "utf8", timeout: 300_000 });
  if (child.status === 0) return child.stdout;
  throw new Error(`${name} ${args.join(" ")} failed: ${child.error?.message ?? child.stderr}`);
}

/** User and system time of all children that have ended, which Linux counts in ticks of 10 ms. */
function childrenSeconds(): number {
  // Behind the name in brackets, which may hold spaces: cutime and cstime are the 14th and 15th fields.
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
