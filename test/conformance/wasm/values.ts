/** Arguments and expected results of script actions. A pattern of NaN or of a reference matches a set of values. */
import {
  ArrayRef,
  FunctionInstance,
  HostRef,
  type Ref,
  StructRef,
  type Value,
} from "../../../runtime/interpret/index.ts";
import { type Floats, integer } from "./literals.ts";
import { head, type List, type Node } from "./script.ts";

const LANES: Readonly<Record<string, number>> = { i8x16: 1, i16x8: 2, i32x4: 4, i64x2: 8, f32x4: 4, f64x2: 8 };

const atoms = (list: List): readonly string[] =>
  list.items.slice(1).flatMap((one) => (one.kind === "atom" ? [one.text] : []));

/** An argument of an action. */
export function parseValue(node: Node, floats: Floats): Value {
  if (node.kind !== "list") throw new Error("a value is a list");
  const name = head(node);
  const [first = ""] = atoms(node);
  switch (name) {
    case "i32.const":
      return { type: "i32", value: Number(BigInt.asIntN(32, integer(first))) };
    case "i64.const":
      return { type: "i64", value: BigInt.asIntN(64, integer(first)) };
    case "f32.const":
      return { type: "f32", bits: Number(BigInt.asIntN(32, floatBits(floats, "f32", first))) };
    case "f64.const":
      return { type: "f64", bits: floatBits(floats, "f64", first) };
    case "v128.const":
      return { type: "v128", bytes: vectorBytes(node, floats) };
    case "ref.null":
      return { type: "ref", value: null };
    case "ref.extern":
    case "ref.host":
      return { type: "ref", value: hostRef(Number(first)) };
    default:
      throw new Error(`no such value: ${name}`);
  }
}

const hosts = new Map<number, HostRef>();

function hostRef(n: number): HostRef {
  const known = hosts.get(n) ?? new HostRef(n);
  hosts.set(n, known);
  return known;
}

function floatBits(floats: Floats, type: string, text: string): bigint {
  const bits = floats.get(`${type} ${text}`);
  if (bits === undefined) throw new Error(`literal ${type} ${text} was not assembled`);
  return bits;
}

function vectorBytes(node: List, floats: Floats): Uint8Array {
  const [shape = "", ...lanes] = atoms(node);
  const width = LANES[shape] ?? 0;
  const view = new DataView(new ArrayBuffer(16));
  for (const [n, lane] of lanes.entries()) writeLane(view, n * width, width, laneBits(shape, lane, floats));
  return new Uint8Array(view.buffer);
}

const laneBits = (shape: string, lane: string, floats: Floats): bigint =>
  shape.startsWith("f") ? floatBits(floats, shape.slice(0, 3), lane) : integer(lane);

function writeLane(view: DataView, at: number, width: number, bits: bigint): void {
  if (width === 1) view.setUint8(at, Number(BigInt.asUintN(8, bits)));
  else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, bits)), true);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, bits)), true);
  else view.setBigUint64(at, BigInt.asUintN(64, bits), true);
}

/** Does the value match what the script expects? */
export function matches(value: Value | undefined, expected: Node, floats: Floats): boolean {
  if (value === undefined || expected.kind !== "list") return false;
  const name = head(expected);
  if (name === "either") return expected.items.slice(1).some((one) => matches(value, one, floats));
  const [first = ""] = atoms(expected);
  switch (name) {
    case "i32.const":
      return value.type === "i32" && value.value === Number(BigInt.asIntN(32, integer(first)));
    case "i64.const":
      return value.type === "i64" && value.value === BigInt.asIntN(64, integer(first));
    case "f32.const":
      return value.type === "f32" && floatMatches(BigInt.asUintN(32, BigInt(value.bits)), "f32", first, floats);
    case "f64.const":
      return value.type === "f64" && floatMatches(BigInt.asUintN(64, value.bits), "f64", first, floats);
    case "v128.const":
      return value.type === "v128" && vectorMatches(value.bytes, expected, floats);
    default:
      return value.type === "ref" && refMatches(value.value, name, first);
  }
}

function floatMatches(bits: bigint, type: "f32" | "f64", text: string, floats: Floats): boolean {
  const exponent = type === "f32" ? 0x7f800000n : 0x7ff0000000000000n;
  const quiet = type === "f32" ? 0x400000n : 0x8000000000000n;
  const magnitude = bits & (type === "f32" ? 0x7fffffffn : 0x7fffffffffffffffn);
  if (text === "nan:canonical") return magnitude === (exponent | quiet);
  if (text === "nan:arithmetic") return (magnitude & (exponent | quiet)) === (exponent | quiet);
  return bits === floatBits(floats, type, text);
}

function vectorMatches(bytes: Uint8Array, expected: List, floats: Floats): boolean {
  const [shape = "", ...lanes] = atoms(expected);
  const width = LANES[shape] ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return lanes.every((lane, n) => {
    const bits =
      width === 1
        ? BigInt(view.getUint8(n))
        : width === 2
          ? BigInt(view.getUint16(n * 2, true))
          : width === 4
            ? BigInt(view.getUint32(n * 4, true))
            : view.getBigUint64(n * 8, true);
    if (shape.startsWith("f")) return floatMatches(bits, shape.startsWith("f32") ? "f32" : "f64", lane, floats);
    return bits === BigInt.asUintN(width * 8, integer(lane));
  });
}

function refMatches(value: Ref, name: string, first: string): boolean {
  switch (name) {
    case "ref.null":
      return value === null;
    case "ref.extern":
    case "ref.host":
      return first === "" ? value !== null : value === hostRef(Number(first));
    case "ref.func":
      return value instanceof FunctionInstance;
    case "ref.i31":
      return typeof value === "number";
    case "ref.struct":
      return value instanceof StructRef;
    case "ref.array":
      return value instanceof ArrayRef;
    case "ref.eq":
      return typeof value === "number" || value instanceof StructRef || value instanceof ArrayRef;
    case "ref.any":
      return value !== null;
    default:
      throw new Error(`no such expected value: ${name}`);
  }
}
