/**
 * A module from a file, as a program that the interpreter runs for a person: a WASI command, or one exported function with
 * arguments from the command line. For `run --tier interpreter`, `debug`, `profile` and `coverage`.
 */
import { type Hosts, type Program, programOf, type Value } from "../../runtime/debug/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { readModuleFile } from "./module-file.ts";
import { type Args, type OptionSpec, usageFault } from "./verb.ts";
import { type WasiWorld, wasiLite } from "./wasi-lite.ts";

export interface GuestCall {
  readonly program: Program;
  readonly entry: string;
  readonly args: readonly Value[];
  /** The host as it was at first: standard input from its beginning. */
  readonly freshHosts: () => Hosts;
}

/** Options that all verbs share which run a file in the interpreter. */
export const GUEST_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  invoke: { value: "NAME", help: "call this exported function with the arguments (default: _start of a command)" },
  fuel: { value: "N", help: "stop after so many units of fuel, about one an instruction" },
  env: { value: "NAME=VALUE", many: true, help: "a variable of the program's environment" },
  stdin: { value: "FILE", help: "what the program reads from its standard input (default: nothing)" },
};

export const GUEST_POSITIONALS: readonly string[] = ["FILE", "[ARGS...]"];

export interface Output {
  readonly out: (bytes: Uint8Array) => void;
  readonly err: (bytes: Uint8Array) => void;
}

/** The program's output as it comes; where the verb's own result goes to standard output, it all goes to the other one. */
export function passThrough(aside: boolean): Output {
  const err = (bytes: Uint8Array) => void process.stderr.write(bytes);
  return { out: aside ? err : (bytes) => void process.stdout.write(bytes), err };
}

export async function guestCall(args: Args, output: Output): Promise<GuestCall> {
  const [file = "", ...rest] = args.positionals;
  const stdin = args.maybe("stdin");
  const world: WasiWorld = {
    args: [file.split("/").at(-1) ?? file, ...rest],
    env: args.list("env"),
    stdin: stdin === undefined ? new Uint8Array(0) : readFile(stdin),
    ...output,
    now: () => BigInt(Date.now()) * 1_000_000n,
    monotonic: () => process.hrtime.bigint(),
  };
  const fuel =
    args.maybe("fuel") === undefined ? undefined : args.integer("fuel", { min: 1, max: Number.MAX_SAFE_INTEGER });
  const freshHosts = () => wasiLite(world);
  const program = unwrap(programOf(await readModuleFile(file), freshHosts(), fuel));
  const name = args.maybe("invoke");
  if (name !== undefined) return { program, entry: name, args: valuesOf(program, name, rest), freshHosts };
  if (functionNamed(program, "_start") === undefined) {
    const names = program.valid.module.exports.filter((one) => one.kind === "function").map((one) => one.name);
    throw usageFault(
      `the module is no command; name one of its functions with --invoke: ${names.join(", ") || "none"}`,
    );
  }
  return { program, entry: "_start", args: [], freshHosts };
}

function functionNamed({ valid }: Program, name: string): readonly string[] | undefined {
  const { module } = valid;
  const found = module.exports.find((one) => one.kind === "function" && one.name === name);
  if (found === undefined) return undefined;
  const { composite } = valid.registry.get(valid.functionTypes[found.index] ?? -1);
  return composite.kind === "func" ? composite.params.map(typeLetter) : undefined;
}

const typeLetter = (type: number): string => ["", "i32", "i64", "f32", "f64"][type] ?? "other";

/** The arguments of an invoked function as its parameters want them. */
function valuesOf(program: Program, name: string, texts: readonly string[]): readonly Value[] {
  const params = functionNamed(program, name);
  if (params === undefined) throw usageFault(`the module exports no function ${name}`);
  if (params.length !== texts.length) {
    throw usageFault(`${name} takes ${params.length} arguments (${params.join(", ")}), ${texts.length} were given`);
  }
  return params.map((type, n) => parseValue(type, texts[n] ?? ""));
}

const bits = new DataView(new ArrayBuffer(8));

function parseValue(type: string, text: string): Value {
  try {
    if (type === "i32") return { type, value: Number(BigInt.asIntN(32, BigInt(text))) };
    if (type === "i64") return { type, value: BigInt.asIntN(64, BigInt(text)) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usageFault(`${text} is no whole number`);
  }
  if (type !== "f32" && type !== "f64") throw usageFault("a function with such parameters cannot be called from here");
  const number = Number(text);
  if (text.trim() === "" || (Number.isNaN(number) && text !== "NaN")) throw usageFault(`${text} is no number`);
  if (type === "f32") {
    bits.setFloat32(0, number);
    return { type, bits: bits.getInt32(0) };
  }
  bits.setFloat64(0, number);
  return { type, bits: bits.getBigUint64(0) };
}
