/**
 * A body that is valid by construction: what is on the stack is known at every step, operands that are missing are made,
 * and what a block has to leave is made at its end. After a jump the stack is whatever one asks for, and some
 * instructions are written there too. Instructions themselves are in generate-instructions.ts.
 */

import { writeHeapType, writeValType } from "../../../runtime/binary/encode-types.ts";
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import { opcode } from "../../../runtime/module/opcodes.ts";
import {
  BOTTOM,
  concrete,
  HEAP,
  heapOf,
  isConcrete,
  isDefaultable,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { opcodeBytes } from "./emit.ts";
import type { Shape } from "./generate-types.ts";

export interface Block {
  readonly opcode: number;
  readonly label: readonly ValType[];
  readonly end: readonly ValType[];
  readonly height: number;
  readonly set: number;
  unreachable: boolean;
}

export type Make = (body: Body) => void;

export class Body {
  readonly shape: Shape;
  readonly random: Random;
  readonly out = new ByteWriter();
  readonly stack: ValType[] = [];
  readonly blocks: Block[] = [];
  readonly locals: readonly ValType[];
  readonly results: readonly ValType[];
  /** Instructions that may still be begun. */
  fuel: number;
  /** Constant expressions name few instructions; globals up to here. */
  readonly constant: boolean;
  /** An instruction that leaves a value of the type, or undefined; set by the table of instructions. */
  readonly maker: (body: Body, type: ValType) => Make | undefined;
  readonly #initialized: boolean[];
  readonly #set: number[] = [];
  readonly #forgotten = new Set<number>();
  /** Operands below are spoken for. */
  #kept = 0;

  constructor(
    shape: Shape,
    random: Random,
    maker: Body["maker"],
    options: {
      parameters: number;
      locals: readonly ValType[];
      results: readonly ValType[];
      fuel: number;
      constant?: boolean;
    },
  ) {
    this.shape = shape;
    this.random = random;
    this.maker = maker;
    this.locals = options.locals;
    this.results = options.results;
    this.fuel = options.fuel;
    this.constant = options.constant ?? false;
    this.#initialized = options.locals.map((type, n) => n < options.parameters || isDefaultable(type));
    this.blocks.push({ opcode: 0x02, label: this.results, end: this.results, height: 0, set: 0, unreachable: false });
  }

  get block(): Block {
    return this.blocks.at(-1) as Block;
  }

  // --- writing

  op(name: string): void {
    this.out.raw(opcodeBytes(opcode(name)));
  }

  code(dense: number): void {
    this.out.raw(opcodeBytes(dense));
  }

  u32(value: number): void {
    this.out.u32(value);
  }

  heap(type: ValType): void {
    writeHeapType(this.out, heapOf(type));
  }

  type(type: ValType): void {
    writeValType(this.out, type);
  }

  // --- the stack

  push(...types: readonly ValType[]): void {
    this.stack.push(...types);
  }

  /** Are operands of these types there, down to the block's floor and, after a jump, below it? */
  has(types: readonly ValType[]): boolean {
    const floor = this.#floor;
    const there = Math.min(types.length, this.stack.length - floor);
    const anything = this.block.unreachable && this.#kept <= this.block.height;
    if (there < types.length && !anything) return false;
    for (let n = 1; n <= there; n += 1) {
      if (!this.matches(this.stack.at(-n) as ValType, types.at(-n) as ValType)) return false;
    }
    return true;
  }

  /** Takes operands of these types off the stack, made here unless they are there. */
  need(...types: readonly ValType[]): void {
    if (!(this.has(types) && this.random.chance(0.8))) this.makeAll(types);
    this.stack.length = Math.max(this.#floor, this.stack.length - types.length);
  }

  /** Pushes values of these types; making one does not take those before it. */
  makeAll(types: readonly ValType[]): void {
    const kept = this.#kept;
    for (const type of types) {
      this.#kept = this.stack.length;
      this.make(type);
    }
    this.#kept = kept;
  }

  get #floor(): number {
    return Math.max(this.block.height, this.#kept);
  }

  matches(sub: ValType, sup: ValType): boolean {
    return sub === BOTTOM || this.shape.space.matches(sub, sup);
  }

  /** What the top is, when it is known: undefined for an empty stack. */
  get top(): ValType | undefined {
    return this.stack.length > this.block.height ? this.stack.at(-1) : undefined;
  }

  /** Nothing after this instruction is reached. */
  jump(): void {
    this.block.unreachable = true;
    this.stack.length = this.block.height;
  }

  // --- blocks

  open(code: number, label: readonly ValType[], start: readonly ValType[], end: readonly ValType[]): void {
    this.blocks.push({
      opcode: code,
      label,
      end,
      height: this.stack.length,
      set: this.#set.length,
      unreachable: false,
    });
    this.stack.push(...start);
  }

  /** Leaves exactly what the block promises, then `close` is written; the promise is not yet on the outer stack. */
  close(): Block {
    const { end, height } = this.block;
    if (this.stack.length - height > end.length || !this.has(end)) {
      while (this.stack.length > height) {
        this.op("drop");
        this.stack.pop();
      }
      if (this.random.chance(0.1)) {
        this.op("unreachable");
        this.jump();
      }
      if (!this.block.unreachable || this.random.chance(0.5)) this.makeAll(end);
    }
    const block = this.blocks.pop() as Block;
    this.stack.length = block.height;
    while (this.#set.length > block.set) {
      const index = this.#set.pop() as number;
      this.#initialized[index] = false;
      this.#forgotten.add(index);
    }
    return block;
  }

  // --- locals

  /** Locals that may be read and whose type fits. */
  readable(type: ValType): readonly number[] {
    return this.locals.flatMap((one, n) => (this.isReadable(n) && this.matches(one, type) ? [n] : []));
  }

  setLocal(index: number): void {
    if (this.#initialized[index] === true) return;
    this.#initialized[index] = true;
    this.#set.push(index);
  }

  isReadable(index: number): boolean {
    if (this.#initialized[index] === true || this.slips()) return true;
    return false;
  }

  /** Reads a local that was set on another path, which is a slip. */
  recall(): void {
    if (this.shape.slip === 0 || this.#forgotten.size === 0 || !this.random.chance(0.1)) return;
    this.op("local.get");
    this.u32(this.random.pick([...this.#forgotten]));
    this.op("drop");
  }

  // --- values out of nothing

  /** Pushes a value of the type. */
  make(type: ValType): void {
    this.fuel -= 1;
    if (this.slips()) {
      this.#make(this.shape.space.near(type));
      this.stack.pop();
      this.push(type);
    } else this.#make(type);
  }

  slips(): boolean {
    return this.shape.slip > 0 && this.random.chance(this.shape.slip);
  }

  #make(type: ValType): void {
    const { random } = this;
    if (!this.constant && random.chance(0.35)) {
      const found = this.readable(type);
      if (found.length > 0) {
        const index = random.pick(found);
        this.op("local.get");
        this.u32(index);
        this.push(this.locals[index] as ValType);
        return;
      }
    }
    if (random.chance(0.2)) {
      const found = this.shape.globals.flatMap((one, n) =>
        this.matches(one.type, type) && !(this.constant && one.mutable) ? [n] : [],
      );
      if (found.length > 0) {
        const index = random.pick(found);
        this.op("global.get");
        this.u32(index);
        this.push(this.shape.globals[index]?.type ?? type);
        return;
      }
    }
    const maker = this.fuel > 0 && random.chance(0.6) ? this.maker(this, type) : undefined;
    if (maker === undefined) this.#simplest(type);
    else maker(this);
  }

  #simplest(type: ValType): void {
    const { random, shape } = this;
    if (!isRef(type)) {
      this.#constant(type);
      return;
    }
    const heap = heapOf(type);
    if (!isNullable(type) && this.#nonNull(type)) return;
    const below = random.chance(0.3) ? shape.space.bottom(heap) : heap;
    this.op("ref.null");
    writeHeapType(this.out, below);
    this.push(refType(below, true));
    if (isNullable(type)) return;
    if (this.constant) return;
    this.op("ref.as_non_null");
    this.stack.pop();
    this.push(refType(below, false));
  }

  #constant(type: ValType): void {
    const { random, out } = this;
    if (type === 1) {
      this.op("i32.const");
      out.s33(random.chance(0.7) ? random.small(300) - 20 : random.u32() | 0);
    } else if (type === 2) {
      this.op("i64.const");
      out.s64(random.chance(0.7) ? BigInt(random.small(300) - 20) : random.u64());
    } else {
      this.op(type === 3 ? "f32.const" : type === 4 ? "f64.const" : "v128.const");
      for (let left = type === 3 ? 4 : type === 4 ? 8 : 16; left > 0; left -= 1) out.byte(random.below(256));
    }
    this.push(type);
  }

  /** A reference that is not null and not made from null, where there is one. */
  #nonNull(type: ValType): boolean {
    const { random, shape } = this;
    const heap = heapOf(type);
    const functions = shape.declared.filter((one) =>
      this.matches(refType(concrete(shape.functions[one] as number), false), type),
    );
    if (functions.length > 0) {
      const index = random.pick(functions);
      this.op("ref.func");
      this.u32(index);
      this.push(refType(concrete(shape.functions[index] as number), false));
      return true;
    }
    if (heap === HEAP.i31 || ((heap === HEAP.any || heap === HEAP.eq) && random.chance(0.5))) {
      this.make(1);
      this.op("ref.i31");
      this.stack.pop();
      this.push(refType(HEAP.i31, false));
      return true;
    }
    const made = shape.space.types.flatMap((_, n) => (this.matches(refType(concrete(n), false), type) ? [n] : []));
    if (made.length === 0 || this.fuel < 0) return false;
    const index = isConcrete(heap) && random.chance(0.5) ? typeIndexOf(heap) : random.pick(made);
    const composite = shape.space.composite(index);
    if (composite.kind === "func") return false;
    if (composite.kind === "struct") {
      this.makeAll(composite.fields.map(({ type: field }) => (field > 5 && !isRef(field) ? 1 : field)));
      this.op("struct.new");
      this.stack.length -= composite.fields.length;
      this.u32(index);
    } else {
      const count = random.small(3);
      const element = composite.field.type;
      this.makeAll(Array.from({ length: count }, () => (element > 5 && !isRef(element) ? 1 : element)));
      this.op("array.new_fixed");
      this.stack.length -= count;
      this.u32(index);
      this.u32(count);
    }
    this.push(refType(concrete(index), false));
    return true;
  }
}
