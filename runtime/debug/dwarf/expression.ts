/**
 * Evaluates location expressions (DWARF 5, sections 2.5 and 2.6) with what a frame of WebAssembly offers: locals,
 * globals, operands and memory. Steps and stack are bounded; what cannot be evaluated is undefined.
 */
import { Cursor } from "./cursor.ts";
import { ATE, isSigned } from "./literals.ts";
import type { Bytes } from "./location-list.ts";
import { AT } from "./names.ts";
import { operate } from "./operators.ts";
import { sizeOf, type Unit } from "./unit.ts";

/** What a variable's location may refer to in one frame. Floats are their bits. */
export interface FrameAccess {
  local(n: number): number | bigint | undefined;
  global(n: number): number | bigint | undefined;
  read(address: number, length: number): Uint8Array | undefined;
  /** The operand at `n` from the bottom of the frame's operand stack, where the engine can tell. */
  operand?(n: number): number | bigint | undefined;
}

/** Where a value is, or the value itself. */
export type Place =
  | { readonly kind: "memory"; readonly address: number }
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

const STEPS_MAX = 1000;
const STACK_MAX = 64;
const PIECES_MAX = 64;
const PIECE_BYTES_MAX = 4096;

const OP = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  const8s: 0x0f,
  constu: 0x10,
  consts: 0x11,
  dup: 0x12,
  rot: 0x17,
  plusUconst: 0x23,
  bra: 0x28,
  skip: 0x2f,
  lit0: 0x30,
  lit31: 0x4f,
  fbreg: 0x91,
  piece: 0x93,
  derefSize: 0x94,
  nop: 0x96,
  implicitValue: 0x9e,
  stackValue: 0x9f,
  addrx: 0xa1,
  constx: 0xa2,
  convert: 0xa8,
  wasmLocation: 0xed,
} as const;

export function evaluate(
  unit: Unit,
  expression: Bytes,
  frameBase: Bytes | undefined,
  access: FrameAccess,
): Place | undefined {
  return new Evaluation(unit, expression, frameBase, access).run();
}

/** Whether the expression is the address of data that the linker left out: 0, -1 or -2 stand for it. */
export function isRemoved(unit: Unit, { at, length }: Bytes): boolean {
  const cursor = new Cursor(unit.sections.bytes, at, at + length);
  const op = cursor.u8();
  if (op !== OP.addr && op !== OP.addrx) return false;
  const address = op === OP.addr ? cursor.unsigned(unit.addressSize) : unit.indexedAddress(cursor.uleb());
  return cursor.done && (address === undefined || address === 0 || address >= 2 ** (unit.addressSize * 8) - 2);
}

class Evaluation {
  readonly #unit: Unit;
  readonly #cursor: Cursor;
  readonly #start: number;
  readonly #frameBase: Bytes | undefined;
  readonly #access: FrameAccess;
  readonly #stack: bigint[] = [];
  readonly #pieces: Uint8Array[] = [];
  /** The value is on the stack itself, or in a local, global or operand: it is not an address. */
  #isValue = false;
  #implicit: Uint8Array | undefined;

  constructor(unit: Unit, expression: Bytes, frameBase: Bytes | undefined, access: FrameAccess) {
    this.#unit = unit;
    this.#cursor = new Cursor(unit.sections.bytes, expression.at, expression.at + expression.length);
    this.#start = expression.at;
    this.#frameBase = frameBase;
    this.#access = access;
  }

  run(): Place | undefined {
    for (let steps = 0; !this.#cursor.done; steps += 1) {
      if (steps >= STEPS_MAX || this.#stack.length > STACK_MAX || !this.#step()) return undefined;
    }
    if (this.#cursor.broken) return undefined;
    return this.#pieces.length === 0 ? this.#place() : { kind: "bytes", bytes: joined(this.#pieces) };
  }

  #place(): Place | undefined {
    if (this.#implicit !== undefined) return { kind: "bytes", bytes: this.#implicit };
    const top = this.#stack.at(-1);
    if (top === undefined) return undefined;
    if (this.#isValue) return { kind: "value", value: top };
    const address = this.#toAddress(top);
    return address === undefined ? undefined : { kind: "memory", address };
  }

  #step(): boolean {
    const cursor = this.#cursor;
    const op = cursor.u8();
    // A local is a value by itself; an operation on it makes the result an address again.
    const wasValue = this.#isValue;
    this.#isValue = false;
    if (op >= OP.lit0 && op <= OP.lit31) return this.#push(BigInt(op - OP.lit0));
    if (op >= OP.const1u && op <= OP.const8s) return this.#fixedConstant(op);
    switch (op) {
      case OP.addr:
        return this.#push(cursor.bigUnsigned(this.#unit.addressSize));
      case OP.addrx:
      case OP.constx: {
        const address = this.#unit.indexedAddress(cursor.uleb());
        return this.#push(address === undefined ? undefined : BigInt(address));
      }
      case OP.constu:
        return this.#push(cursor.bigUleb());
      case OP.consts:
        return this.#push(cursor.bigSleb());
      case OP.deref:
        return this.#load(this.#unit.addressSize);
      case OP.derefSize:
        return this.#load(cursor.u8());
      case OP.plusUconst: {
        const by = cursor.bigUleb();
        const top = this.#stack.pop();
        return this.#push(top === undefined ? undefined : top + by);
      }
      case OP.bra:
      case OP.skip:
        return this.#jump(op);
      case OP.fbreg:
        return this.#frameOffset(cursor.bigSleb());
      case OP.piece:
        return this.#piece(cursor.uleb(), wasValue);
      case OP.nop:
        return true;
      case OP.implicitValue:
        this.#implicit = this.#take(cursor.uleb());
        return this.#implicit !== undefined;
      case OP.stackValue:
        this.#isValue = true;
        return this.#stack.length > 0;
      case OP.convert:
        return this.#convert(cursor.uleb());
      case OP.wasmLocation:
        this.#isValue = true;
        return this.#push(toBig(this.#wasmLocation()));
      default:
        return operate(op, this.#stack, op === 0x15 ? cursor.u8() : 0);
    }
  }

  #push(value: bigint | undefined): boolean {
    if (value === undefined) return false;
    this.#stack.push(value);
    return true;
  }

  /** const1u, const1s, const2u … const8s. */
  #fixedConstant(op: number): boolean {
    const bytes = 1 << ((op - OP.const1u) >> 1);
    const raw = this.#cursor.bigUnsigned(bytes);
    return this.#push((op & 1) === 0 ? raw : BigInt.asIntN(bytes * 8, raw));
  }

  #wasmLocation(): number | bigint | undefined {
    const kind = this.#cursor.u8();
    const index = kind === 3 ? this.#cursor.u32() : this.#cursor.uleb();
    if (this.#cursor.broken) return undefined;
    if (kind === 0) return this.#access.local(index);
    if (kind === 1 || kind === 3) return this.#access.global(index);
    return kind === 2 ? this.#access.operand?.(index) : undefined;
  }

  #frameOffset(offset: bigint): boolean {
    if (this.#frameBase === undefined) return false;
    // A frame base has none of its own, so that this goes one level deep only.
    const base = evaluate(this.#unit, this.#frameBase, undefined, this.#access);
    const from = base?.kind === "value" ? base.value : base?.kind === "memory" ? BigInt(base.address) : undefined;
    return this.#push(from === undefined ? undefined : from + offset);
  }

  #load(size: number): boolean {
    const address = this.#toAddress(this.#stack.pop());
    if (address === undefined || size < 1 || size > 8) return false;
    const bytes = this.#access.read(address, size);
    return this.#push(bytes?.length === size ? new Cursor(bytes, 0, size).bigUnsigned(size) : undefined);
  }

  #jump(op: number): boolean {
    const by = (this.#cursor.u16() << 16) >> 16;
    const taken = op === OP.skip || this.#stack.pop() !== 0n;
    const to = this.#cursor.at + by;
    if (this.#cursor.broken || to < this.#start || to > this.#cursor.end) return false;
    if (taken) this.#cursor.at = to;
    return true;
  }

  #convert(typeOffset: number): boolean {
    const top = this.#stack.pop();
    if (top === undefined) return false;
    if (typeOffset === 0) return this.#push(top);
    const unit = this.#unit;
    const type = unit.entryAt(unit.offset + typeOffset);
    const size = sizeOf(unit, type?.values.get(AT.byte_size));
    const encoding = type?.values.get(AT.encoding)?.number;
    if (size === undefined || size > 8 || encoding === undefined || encoding === ATE.float) return false;
    return this.#push(isSigned(encoding) ? BigInt.asIntN(size * 8, top) : BigInt.asUintN(size * 8, top));
  }

  /** A part of a value that is kept in several places; a part that is nowhere makes the whole unknown. */
  #piece(size: number, wasValue: boolean): boolean {
    if (size > PIECE_BYTES_MAX || this.#pieces.length >= PIECES_MAX) return false;
    this.#isValue = wasValue;
    const place = this.#place();
    this.#isValue = false;
    this.#stack.length = 0;
    this.#implicit = undefined;
    const bytes = place === undefined ? undefined : bytesAt(place, size, this.#access);
    if (bytes === undefined) return false;
    this.#pieces.push(bytes);
    return true;
  }

  #take(length: number): Uint8Array | undefined {
    const at = this.#cursor.at;
    this.#cursor.skip(length);
    return this.#cursor.broken ? undefined : this.#unit.sections.bytes.subarray(at, at + length);
  }

  #toAddress(value: bigint | undefined): number | undefined {
    return value === undefined ? undefined : Number(BigInt.asUintN(this.#unit.addressSize * 8, value));
  }
}

function toBig(value: number | bigint | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value !== undefined && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** The first `size` bytes of a value as they are, or would be, in memory. */
export function bytesAt(place: Place, size: number, access: FrameAccess): Uint8Array | undefined {
  if (place.kind === "memory") {
    const bytes = access.read(place.address, size);
    return bytes !== undefined && bytes.length >= size ? bytes : undefined;
  }
  if (place.kind === "bytes") return place.bytes.length >= size ? place.bytes.subarray(0, size) : undefined;
  return valueBytes(place.value, size);
}

function valueBytes(value: bigint, size: number): Uint8Array | undefined {
  if (size > 16) return undefined;
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt.asUintN(64, value), true);
  if (value < 0n) view.setBigInt64(8, -1n, true);
  return new Uint8Array(view.buffer, 0, size);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of pieces) {
    whole.set(one, at);
    at += one.length;
  }
  return whole;
}
