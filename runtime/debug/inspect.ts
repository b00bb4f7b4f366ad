/** What can be read of a program that stands still: its frames, their locals as typed values, globals, and names. */
import { framesOf } from "../interpret/backtrace.ts";
import type { Value } from "../interpret/index.ts";
import { totalWords } from "../interpret/lower.ts";
import { readValues } from "../interpret/marshal.ts";
import type { ValType } from "../module/val-type.ts";
import { parsePath } from "./dwarf/index.ts";
import type { Guest } from "./guest.ts";
import type { Instructions } from "./instructions.ts";
import type { FrameAccess, SourceInfo, SourcePlace, SourceVariable } from "./source.ts";

export interface Frame {
  /** 0 is the innermost. */
  readonly number: number;
  readonly function: number;
  readonly name: string;
  /** The next instruction of the innermost frame, the call of the others. */
  readonly offset: number;
  readonly place: SourcePlace | undefined;
  /** First word of its locals. */
  readonly fp: number;
}

/** Locals of one frame that are looked at. */
export const LOCALS_MAX = 1000;

export class Inspector {
  readonly #instructions: Instructions;
  readonly #info: SourceInfo | undefined;
  readonly #names: (f: number) => string | undefined;
  readonly #exports = new Map<number, readonly string[]>();

  /** `names`: what the module itself calls its functions. */
  constructor(
    instructions: Instructions,
    info: SourceInfo | undefined,
    names: (f: number) => string | undefined = () => undefined,
  ) {
    this.#instructions = instructions;
    this.#info = info;
    this.#names = names;
    for (const { kind, index, name } of instructions.module.exports) {
      if (kind === "function") this.#exports.set(index, [...(this.#exports.get(index) ?? []), name]);
    }
  }

  nameOf(f: number): string {
    const first = this.#instructions.startsOf(f)[0];
    const source = first === undefined ? undefined : this.#info?.functionAt(first)?.name;
    return source ?? this.#names(f) ?? this.#exports.get(f)?.[0] ?? `function ${f}`;
  }

  /** Functions of that name, in the source's or the module's words, or of that index. */
  functionsNamed(name: string): readonly number[] {
    const { module, importedFunctions } = this.#instructions;
    const own = Array.from(module.functions, (_, n) => n + importedFunctions);
    return own.filter((f) => [this.nameOf(f), this.#names(f), ...(this.#exports.get(f) ?? [])].includes(name));
  }

  frames(guest: Guest, max: number): readonly Frame[] {
    return framesOf(guest.store.machine, max).map(({ f, offset, fp }, number) => ({
      number,
      function: f.index,
      name: this.nameOf(f.index),
      offset,
      place: this.#info?.lineAt(offset),
      fp,
    }));
  }

  /** Parameters and locals, as many as are looked at. */
  localsOf(guest: Guest, frame: Frame): readonly Value[] {
    return readValues(guest.store.machine, this.#typesOf(guest, frame), frame.fp);
  }

  /** For the values of variables. */
  accessOf(guest: Guest, frame: Frame): FrameAccess {
    const types = this.#typesOf(guest, frame);
    return {
      local: (n) => {
        const type = types[n];
        if (type === undefined) return undefined;
        const at = frame.fp + totalWords(types.slice(0, n));
        return numberOf(readValues(guest.store.machine, [type], at)[0]);
      },
      global: (n) => numberOf(guest.instance.globals[n]?.get()),
      read: (address, length) => guest.memory.read(address, length),
    };
  }

  /** A variable of the source, or a part of one: `readings[2].value`. */
  variableAt(guest: Guest, frame: Frame, text: string): SourceVariable | undefined {
    const path = parsePath(text);
    const variable = this.#info?.variablesAt(frame.offset).find((one) => one.name === path?.name);
    if (path === undefined || variable === undefined) return undefined;
    return this.#info?.memberOf(variable, path.steps, this.accessOf(guest, frame));
  }

  /** Where it lies in memory. */
  extentOf(
    guest: Guest,
    frame: Frame,
    text: string,
  ): { readonly address: number; readonly length: number } | undefined {
    const variable = this.variableAt(guest, frame, text);
    return variable === undefined ? undefined : this.#info?.extentOf(variable, this.accessOf(guest, frame));
  }

  #typesOf(guest: Guest, frame: Frame): readonly ValType[] {
    const f = guest.instance.functions[frame.function];
    const code = this.#instructions.module.code[frame.function - this.#instructions.importedFunctions];
    const types: ValType[] = [...(f?.params ?? [])];
    for (const { count, type } of code?.locals ?? []) {
      for (let n = 0; n < count && types.length < LOCALS_MAX; n += 1) types.push(guest.instance.canonical(type));
    }
    return types.slice(0, LOCALS_MAX);
  }
}

/** Floats as their bits: what a location says of them are bits in a register, too. */
function numberOf(value: Value | undefined): number | bigint | undefined {
  switch (value?.type) {
    case "i32":
    case "i64":
      return value.value;
    case "f32":
    case "f64":
      return value.bits;
    default:
      return undefined;
  }
}

const float = new DataView(new ArrayBuffer(8));

/** A value with its type, as a person reads it. */
export function valueText(value: Value): string {
  switch (value.type) {
    case "i32":
      return `i32 ${value.value} (0x${(value.value >>> 0).toString(16)})`;
    case "i64":
      return `i64 ${value.value} (0x${BigInt.asUintN(64, value.value).toString(16)})`;
    case "f32":
      float.setUint32(0, value.bits >>> 0);
      return `f32 ${float.getFloat32(0)}`;
    case "f64":
      float.setBigUint64(0, BigInt.asUintN(64, value.bits));
      return `f64 ${float.getFloat64(0)}`;
    case "v128":
      return `v128 0x${Array.from(value.bytes.toReversed(), (one) => one.toString(16).padStart(2, "0")).join("")}`;
    case "ref":
      return `ref ${refText(value.value)}`;
  }
}

function refText(ref: Extract<Value, { type: "ref" }>["value"]): string {
  if (ref === null) return "null";
  if (typeof ref === "number") return `i31 ${ref}`;
  if ("kind" in ref) return `function ${ref.index}`;
  if ("elements" in ref) return `array of ${ref.length}`;
  if ("tag" in ref) return `exception of tag ${ref.tag}`;
  return "type" in ref ? `struct of type ${ref.type}` : "of the host";
}
