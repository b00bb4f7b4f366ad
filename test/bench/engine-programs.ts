/**
 * The programs of the engine bench: our own C in programs/, compiled beside it, and Lua. How many rounds each subject runs is
 * chosen so that one run takes about a second; figures are per round, so the counts need not be the same.
 */
import { fileURLToPath } from "node:url";

export interface Program {
  readonly name: string;
  /** What it prints as its name. */
  readonly prints: string;
  /** Rounds on V8, to which every figure is scaled. */
  readonly rounds: number;
  /** Rounds on the interpreter: enough that its warm-up of about 0.1 s is a small part. A tenth of it without a JIT. */
  readonly slowRounds: number;
  /** All its work is in `_start`, which is entered once: reported apart. */
  readonly start: boolean;
}

/** Programs whose hot functions are called often. */
export const PROGRAMS: readonly Program[] = [
  usual("integer", 30_000, 1000),
  usual("sha256", 20_000, 500),
  usual("i64", 200_000, 4000),
  usual("float", 150_000, 6000),
  usual("pointers", 40_000, 1500),
  // A real program: made by programs/build-lua.sh, because its sources are Debian's.
  usual("lua", 8000, 300),
];

/** Twins of some of them, their kernels inlined into `_start` as clang does when it finds wasm-opt at link. */
export const START_PROGRAMS: readonly Program[] = PROGRAMS.slice(0, 4).map((one) => ({
  ...one,
  name: `${one.name}-start`,
  start: true,
}));

function usual(name: string, rounds: number, slowRounds: number): Program {
  return { name, prints: name, rounds, slowRounds, start: false };
}

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

/** How programs/*-start.wasm is made of the program without `-start`, by Binaryen's wasm-opt (version 131). */
export function startStep(wasm: string, output: string): readonly string[] {
  const inlining = ["--flexible-inline-max-function-size=5000", "--one-caller-inline-max-function-size=100000"];
  return ["wasm-opt", "-O4", ...inlining, "--inlining-optimizing", "-O3", wasm, "-o", output];
}
