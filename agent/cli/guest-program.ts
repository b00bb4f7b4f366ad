/**
 * A module as a program that the interpreter runs for a person: a WASI command, or one exported function with arguments
 * from the command line. For `run --tier interpreter`, `debug`, `profile` and `coverage`.
 */
import { type Hosts, type Program, programOf } from "../../runtime/debug/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import {
  checkWasiImports,
  nodeStdin,
  nodeWorld,
  type Wasi,
  type WasiOptions,
  type WasiSink,
  type WasiSource,
} from "../../runtime/wasi/index.ts";
import { type CallValue, callValues } from "./call-values.ts";
import { oneWorld } from "./one-world.ts";
import { type ProgramSpec, programSpec } from "./program-spec.ts";
import type { Args } from "./verb.ts";
import { wasiHosts } from "./wasi-hosts.ts";

export { GUEST_OPTIONS, GUEST_POSITIONALS } from "./program-spec.ts";

export interface GuestCall {
  readonly program: Program;
  readonly entry: string;
  readonly args: readonly CallValue[];
  /** The host as it was at first: standard input from its beginning. */
  readonly freshHosts: () => Hosts;
}

export interface Output {
  readonly out: (bytes: Uint8Array) => void;
  readonly err: (bytes: Uint8Array) => void;
}

/** The program's output as it comes; where the verb's own result goes to standard output, it all goes to the other one. */
export function passThrough(aside: boolean): Output {
  const err = (bytes: Uint8Array) => void process.stderr.write(bytes);
  return { out: aside ? err : (bytes) => void process.stdout.write(bytes), err };
}

/** For verbs that look at a program: standard input is what `--stdin` names, or nothing. */
export async function guestCall(args: Args, output: Output): Promise<GuestCall> {
  const spec = await programSpec(args);
  // A program that is watched says what it says at once: it is told that it writes to a terminal.
  const sink = (write: Output["out"]): WasiSink => ({ terminal: true, write });
  const streams = { stdout: sink(output.out), stderr: sink(output.err) };
  return guestCallOf({ ...spec, stdin: spec.stdin ?? new Uint8Array(0) }, streams);
}

/** LOAD_*, VALIDATE_*, LINK_*, WASI_PREOPEN, CLI_USAGE. */
export function guestCallOf(
  spec: ProgramSpec,
  streams: Pick<WasiOptions, "stdout" | "stderr">,
  onMade?: (wasi: Wasi) => void,
): GuestCall {
  const freshHosts = () => wasiHosts(wasiOptions(spec, streams), onMade);
  const made = unwrap(programOf(spec.bytes, freshHosts(), spec.fuel));
  unwrap(checkWasiImports(made.valid.module));
  const program: Program =
    spec.memoryPages === undefined ? made : { ...made, limits: { memoryBytes: spec.memoryPages * PAGE_BYTES } };
  const { entry, args } = callValues(spec, exportedFunctions(program));
  return { program, entry, args, freshHosts };
}

const PAGE_BYTES = 65_536;

/** What a program is given, on either tier. */
export function wasiOptions(spec: ProgramSpec, streams: Pick<WasiOptions, "stdout" | "stderr">): WasiOptions {
  const { args, env, preopens, stdin } = spec;
  return {
    ...(spec.deterministic === true ? oneWorld() : nodeWorld),
    ...streams,
    args,
    env,
    preopens,
    stdin: stdin === undefined ? nodeStdin() : sourceOf(stdin),
    onMistake: (thrown) => process.emitWarning(thrown instanceof Error ? thrown : String(thrown)),
  };
}

function sourceOf(bytes: Uint8Array): WasiSource {
  let read = 0;
  return {
    read(into) {
      const part = bytes.subarray(read, read + into.length);
      into.set(part);
      read += part.length;
      return part.length;
    },
  };
}

/** Parameters of the exported functions. */
function exportedFunctions({ valid }: Program): ReadonlyMap<string, readonly string[]> {
  const functions = new Map<string, readonly string[]>();
  for (const { kind, name, index } of valid.module.exports) {
    if (kind !== "function") continue;
    const { composite } = valid.registry.get(valid.functionTypes[index] ?? -1);
    if (composite.kind === "func") functions.set(name, composite.params.map(typeLetter));
  }
  return functions;
}

const typeLetter = (type: number): string => ["", "i32", "i64", "f32", "f64"][type] ?? "other";
