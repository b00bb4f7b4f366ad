/**
 * The programs of the engine bench: our own C in programs/, compiled beside it, and Lua. How many rounds each subject runs is
 * chosen so that one run takes about a second; figures are per round, so the counts need not be the same.
 */
import { fileURLToPath } from "node:url";

export interface Program {
  readonly name: string;
  /** Rounds on V8, to which every figure is scaled. */
  readonly rounds: number;
  /** Rounds on the interpreter: enough that its warm-up of about 0.1 s is a small part. A tenth of it without a JIT. */
  readonly slowRounds: number;
}

export const PROGRAMS: readonly Program[] = [
  { name: "integer", rounds: 30_000, slowRounds: 1000 },
  { name: "sha256", rounds: 20_000, slowRounds: 500 },
  { name: "i64", rounds: 200_000, slowRounds: 4000 },
  { name: "float", rounds: 150_000, slowRounds: 6000 },
  { name: "pointers", rounds: 40_000, slowRounds: 1500 },
  // A real program: made by programs/build-lua.sh, because its sources are Debian's.
  { name: "lua", rounds: 8000, slowRounds: 150 },
];

export function wasmOf(program: Program): string {
  return fileURLToPath(new URL(`./programs/${program.name}.wasm`, import.meta.url));
}

/** How programs/*.wasm is made. Two steps, because clang runs wasm-opt, where it finds one, if it links with -O. */
export function compileSteps(source: string, object: string, output: string): readonly (readonly string[])[] {
  return [
    ["clang-14", "--target=wasm32-wasi", "-O2", "-c", source, "-o", object],
    ["clang-14", "--target=wasm32-wasi", "-s", object, "-o", output],
  ];
}
