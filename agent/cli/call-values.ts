/** How a program is entered: which function, and the arguments of the command line as its parameters want them. */
import type { Value } from "../../runtime/debug/index.ts";
import type { ProgramSpec } from "./program-spec.ts";
import { usageFault } from "./verb.ts";

export type CallValue = Extract<Value, { readonly type: "i32" | "i64" | "f32" | "f64" }>;

/** `functions`: parameter types of the exported functions by name. CLI_USAGE. */
export function callValues(
  { invoke, args }: Pick<ProgramSpec, "invoke" | "args">,
  functions: ReadonlyMap<string, readonly string[]>,
): { readonly entry: string; readonly args: readonly CallValue[] } {
  if (invoke === undefined) {
    if (functions.has("_start")) return { entry: "_start", args: [] };
    const names = [...functions.keys()].join(", ");
    throw usageFault(`the module is no command; name one of its functions with --invoke: ${names || "none"}`);
  }
  const params = functions.get(invoke);
  if (params === undefined) throw usageFault(`the module exports no function ${invoke}`);
  if (params.length !== args.length) {
    throw usageFault(`${invoke} takes ${params.length} arguments (${params.join(", ")}), ${args.length} were given`);
  }
  return { entry: invoke, args: params.map((type, n) => parseValue(type, args[n] ?? "")) };
}

const bits = new DataView(new ArrayBuffer(8));

function parseValue(type: string, text: string): CallValue {
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

/** As JavaScript calls functions of WebAssembly. */
export function asNumber(value: CallValue): number | bigint {
  if (value.type === "i32" || value.type === "i64") return value.value;
  if (value.type === "f32") {
    bits.setInt32(0, value.bits);
    return bits.getFloat32(0);
  }
  bits.setBigUint64(0, value.bits);
  return bits.getFloat64(0);
}

/** What JavaScript was answered, as a value of a type. */
export function asValue(type: string, result: unknown): CallValue | undefined {
  if (type === "i64" && typeof result === "bigint") return { type, value: result };
  if (typeof result !== "number") return undefined;
  if (type === "i32") return { type, value: result };
  if (type === "f32") {
    bits.setFloat32(0, result);
    return { type, bits: bits.getInt32(0) };
  }
  if (type !== "f64") return undefined;
  bits.setFloat64(0, result);
  return { type, bits: bits.getBigUint64(0) };
}
