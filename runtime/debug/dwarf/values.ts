/**
 * Values of variables as C-like text: `{x = 7, y = -8}`, `0x410 "hello"`, `GREEN`. Depth, elements, strings and the
 * whole text are bounded; memory is read piece by piece as far as the text goes.
 */
import { bytesAt, evaluate, type FrameAccess, type Place } from "./expression.ts";
import { ATE, enumText, floatText, integerText, isSigned, stringText } from "./literals.ts";
import { type Field, INTEGER_BYTES_MAX, type Type, type Types } from "./types.ts";
import type { Variable } from "./variables.ts";

const TEXT_MAX = 4000;
const DEPTH_MAX = 6;
const ELEMENTS_MAX = 64;
const STRING_MAX = 200;

/** `functionAt` names the function that an index of the table stands for. */
export function valueText(
  types: Types,
  variable: Variable,
  access: FrameAccess,
  functionAt: (index: number) => string | undefined,
): string {
  const place = placeOf(variable, access);
  if (place === undefined) return "<optimized out>";
  const printer = new Printer(types, access, functionAt);
  const type = types.plain(variable.typeAt);
  printer.print(variable.typeAt, place, 0, 0);
  if (type?.kind === "pointer") printer.printTarget(type, place);
  return printer.text();
}

export function placeOf({ location }: Variable, access: FrameAccess): Place | undefined {
  switch (location.kind) {
    case "constant":
      return { kind: "value", value: location.value };
    case "memory":
      return location;
    case "bytes": {
      const { at, length } = location.bytes;
      return { kind: "bytes", bytes: location.unit.sections.bytes.subarray(at, at + length) };
    }
    case "expression":
      return evaluate(location.unit, location.expression, location.frameBase, access);
    default:
      return undefined;
  }
}

class Printer {
  readonly #types: Types;
  readonly #access: FrameAccess;
  readonly #functionAt: (index: number) => string | undefined;
  readonly #parts: string[] = [];
  #left = TEXT_MAX;

  constructor(types: Types, access: FrameAccess, functionAt: (index: number) => string | undefined) {
    this.#types = types;
    this.#access = access;
    this.#functionAt = functionAt;
  }

  text(): string {
    const whole = this.#parts.join("");
    return whole.length > TEXT_MAX ? `${whole.slice(0, TEXT_MAX)}...` : whole;
  }

  #add(text: string): void {
    this.#parts.push(text);
    this.#left -= text.length;
  }

  /** The value of a type that begins `at` bytes into a place. */
  print(typeAt: number | undefined, place: Place, at: number, depth: number): void {
    const type = this.#types.plain(typeAt);
    switch (type?.kind) {
      case "base":
        return this.#add(this.#base(type, place, at));
      case "enum": {
        const bits = this.#bits(place, at, type.size);
        return this.#add(
          bits === undefined ? unreadable(place) : enumText(bits, type.size * 8, type.names, type.signed),
        );
      }
      case "pointer":
        return this.#pointer(type, place, at);
      case "record":
        return this.#record(type, place, at, depth);
      case "array":
        return this.#array(type, type.counts, place, at, depth);
      case "function":
        return this.#add(place.kind === "memory" ? hex(BigInt(place.address)) : "<function>");
      default:
        return this.#add(type === undefined ? "<unknown>" : `<${type.kind === "other" ? type.name : "type"}>`);
    }
  }

  /** What a pointer that was asked for by name points to, when that is a record. */
  printTarget(type: Type & { kind: "pointer" }, place: Place): void {
    const address = this.#bits(place, 0, type.size);
    const target = this.#types.plain(type.target);
    if (address === undefined || address === 0n || target?.kind !== "record" || !target.complete) return;
    const there: Place = { kind: "memory", address: Number(address) };
    if (target.size === 0 || bytesAt(there, 1, this.#access) === undefined) return;
    this.#add(" -> ");
    this.#record(target, there, 0, 1);
  }

  #base(type: Type & { kind: "base" }, place: Place, at: number): string {
    if (type.size === 0 || type.size > INTEGER_BYTES_MAX) return `<${type.name}>`;
    const bytes = this.#bytes(place, at, type.size);
    if (bytes === undefined) return unreadable(place);
    if (type.encoding === ATE.float) return floatText(bytes);
    return integerText(unsignedOf(bytes), type.size * 8, type.encoding);
  }

  #pointer(type: Type & { kind: "pointer" }, place: Place, at: number): void {
    const address = this.#bits(place, at, type.size);
    if (address === undefined) return this.#add(unreadable(place));
    this.#add(hex(address));
    const target = this.#types.plain(type.target);
    const isText = target?.kind === "base" && target.size === 1 && target.encoding === ATE.signedChar;
    if (isText && address !== 0n) this.#add(this.#string(Number(address)));
    const name = target?.kind === "function" ? this.#functionAt(Number(address)) : undefined;
    if (name !== undefined) this.#add(` <${name}>`);
  }

  /** Memory may end inside the last sixteen bytes, therefore byte by byte there. */
  #string(address: number): string {
    const bytes: number[] = [];
    let step = 16;
    while (bytes.length < STRING_MAX) {
      const piece = this.#access.read(address + bytes.length, step);
      if (piece === undefined || piece.length < step) {
        if (step === 1) return bytes.length === 0 ? " <unreadable>" : ` ${stringText(Uint8Array.from(bytes))}...`;
        step = 1;
        continue;
      }
      const zero = piece.indexOf(0);
      bytes.push(...(zero === -1 ? piece : piece.subarray(0, zero)));
      if (zero !== -1) return ` ${stringText(Uint8Array.from(bytes.slice(0, STRING_MAX)))}`;
    }
    return ` ${stringText(Uint8Array.from(bytes.slice(0, STRING_MAX)))}...`;
  }

  #record(type: Type & { kind: "record" }, place: Place, at: number, depth: number): void {
    if (!type.complete) return this.#add(`<incomplete ${type.word} ${type.name ?? ""}>`);
    if (depth >= DEPTH_MAX) return this.#add("{...}");
    this.#add("{");
    let first = true;
    for (const field of type.fields) {
      if (!first) this.#add(", ");
      first = false;
      if (this.#left <= 0) {
        this.#add("...");
        break;
      }
      if (field.name !== undefined) this.#add(`${field.name} = `);
      if (field.bits !== undefined) this.#add(this.#bitField(field, field.bits, place, at));
      else this.print(field.type, place, at + field.at, depth + 1);
    }
    this.#add("}");
  }

  #bitField(field: Field, width: number, place: Place, at: number): string {
    const type = this.#types.plain(field.type);
    const first = Math.floor(field.at / 8);
    const skipped = field.at - first * 8;
    const size = Math.ceil((skipped + width) / 8);
    const bytes = size > INTEGER_BYTES_MAX ? undefined : this.#bytes(place, at + first, size);
    if (bytes === undefined) return unreadable(place);
    const bits = BigInt.asUintN(width, unsignedOf(bytes) >> BigInt(skipped));
    if (type?.kind === "enum") {
      const whole = type.signed ? BigInt.asUintN(type.size * 8, BigInt.asIntN(width, bits)) : bits;
      return enumText(whole, type.size * 8, type.names, type.signed);
    }
    const encoding = type?.kind === "base" ? type.encoding : ATE.unsigned;
    return integerText(bits, width, isSigned(encoding) ? ATE.signed : encoding);
  }

  #array(
    type: Type & { kind: "array" },
    counts: readonly (number | undefined)[],
    place: Place,
    at: number,
    depth: number,
  ): void {
    const [count, ...inner] = counts;
    if (count === undefined || depth >= DEPTH_MAX) return this.#add("{...}");
    const size = inner.reduce<number>((product, one) => product * (one ?? 0), this.#types.sizeOf(type.target));
    const element = this.#types.plain(type.target);
    if (inner.length === 0 && element?.kind === "base" && element.size === 1 && element.encoding === ATE.signedChar) {
      return this.#add(this.#characters(place, at, count));
    }
    this.#add("{");
    for (let index = 0; index < count; index += 1) {
      if (index > 0) this.#add(", ");
      if (index >= ELEMENTS_MAX || this.#left <= 0) {
        this.#add("...");
        break;
      }
      if (inner.length > 0) this.#array(type, inner, place, at + index * size, depth + 1);
      else this.print(type.target, place, at + index * size, depth + 1);
    }
    this.#add("}");
  }

  /** An array of char: the text up to its end, without the zeros that fill the rest. */
  #characters(place: Place, at: number, count: number): string {
    const shown = Math.min(count, STRING_MAX);
    const bytes = this.#bytes(place, at, shown);
    if (bytes === undefined) return unreadable(place);
    let end = shown;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    return `${stringText(bytes.subarray(0, end))}${end === shown && shown < count ? "..." : ""}`;
  }

  #bits(place: Place, at: number, size: number): bigint | undefined {
    const bytes = size === 0 || size > INTEGER_BYTES_MAX ? undefined : this.#bytes(place, at, size);
    return bytes === undefined ? undefined : unsignedOf(bytes);
  }

  #bytes(place: Place, at: number, size: number): Uint8Array | undefined {
    if (place.kind === "memory") return bytesAt({ kind: "memory", address: place.address + at }, size, this.#access);
    return bytesAt(place, at + size, this.#access)?.subarray(at);
  }
}

function unsignedOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return value;
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

function unreadable(place: Place): string {
  return place.kind === "memory" ? "<unreadable>" : "<optimized out>";
}
