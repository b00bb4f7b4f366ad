/**
 * Copies a body's instructions, putting in what belongs at the heads of segments and behind bulk instructions. A copy may
 * stand inside blocks that the original does not have: labels that lead out of the copied range are then renumbered.
 */
import { CodeReader } from "../module/code-reader.ts";
import { opcode, opcodes } from "../module/opcodes.ts";
import type { Code } from "./code.ts";
import type { BodyScan, Bulk } from "./scan.ts";

/**
 * What is put in: at the head of segment `n`, with so many blocks of the copy around it; behind a call that came back; in place of a bulk instruction, false to leave
 * it as it is.
 */
export interface Insertions {
  returned?(out: Code): void;
  head(out: Code, n: number, depth: number): void;
  bulk(out: Code, bulk: Bulk): boolean;
}

const IDENTITY = (depth: number): number => depth;
const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const END = 0x0b;
const TRY_TABLE = opcode("try_table");
const BR_TABLE = 0x0e;

export class BodyEmitter {
  readonly #bytes: Uint8Array;
  readonly #scan: BodyScan;
  readonly #insertions: Insertions;
  readonly out: Code;
  #around: () => number = () => 0;

  constructor(bytes: Uint8Array, scan: BodyScan, insertions: Insertions, out: Code) {
    this.#bytes = bytes;
    this.#scan = scan;
    this.#insertions = insertions;
    this.out = out;
  }

  /** Copies [from, to), with the heads at both ends. `label`: from a depth outside the range to what it is in the copy. */
  copy(from: number, to: number, label = IDENTITY): void {
    const { segments, bulk } = this.#scan;
    let segment = firstFrom(segments, from);
    let next = firstFrom(bulk, from);
    const returns = this.#insertions.returned === undefined ? [] : this.#scan.returns;
    let back = firstAfter(returns, from);
    let at = from;
    const part = (end: number) => {
      if (label === IDENTITY) this.#raw(at, end);
      else this.#renumbered(at, end, label);
      at = end;
    };
    for (;;) {
      const head = segments[segment];
      const one = bulk[next];
      const behind = returns[back] ?? Number.POSITIVE_INFINITY;
      if (behind <= to && behind <= (head?.at ?? behind) && behind <= (one?.at ?? behind)) {
        part(behind);
        this.out.from(behind, false);
        this.#insertions.returned?.(this.out);
        back += 1;
      } else if (head !== undefined && head.at <= to && (one === undefined || head.at <= one.at)) {
        part(head.at);
        this.out.from(head.at, false);
        this.#insertions.head(this.out, segment, this.#nesting + this.#around());
        segment += 1;
      } else if (one !== undefined && one.at < to) {
        part(one.at);
        this.out.from(one.at, false);
        if (this.#insertions.bulk(this.out, one)) at = one.end;
        next += 1;
      } else break;
    }
    part(to);
  }

  /** The instruction of a `try_table`, its catch clauses leading where they led. */
  tryTable(at: number, inside: number, label: (depth: number) => number): void {
    this.#renumbered(at, inside, label);
  }

  #nesting = 0;

  /** Nesting is counted on from part to part of one range: blocks may begin in one and end in another. */
  #renumbered(from: number, to: number, label: (depth: number) => number): void {
    const reader = new CodeReader(this.#bytes, from);
    let done = from;
    const outer = (depth: number) => (depth < this.#nesting ? depth : this.#nesting + label(depth - this.#nesting));
    const replace = (start: number) => {
      this.#raw(done, start);
      const depth = reader.u32();
      this.out.u32(outer(depth));
      done = reader.at;
    };
    while (reader.at < to) {
      const op = reader.opcode();
      const immediates = opcodes[op]?.immediates;
      if (op === END) this.#nesting -= 1;
      else if (op === TRY_TABLE) {
        reader.skip(BLOCK);
        for (let left = reader.u32(); left > 0; left -= 1) {
          if (reader.byte() < 2) reader.u32();
          replace(reader.at);
        }
        this.#nesting += 1;
      } else if (op === BLOCK || op === LOOP || op === IF) {
        reader.skip(op);
        this.#nesting += 1;
      } else if (op === BR_TABLE) {
        for (let left = reader.u32() + 1; left > 0; left -= 1) replace(reader.at);
      } else if (immediates === "label") replace(reader.at);
      else if (immediates === "cast") {
        reader.at += 1;
        replace(reader.at);
        reader.heapType();
        reader.heapType();
      } else reader.skip(op);
    }
    this.#raw(done, to);
  }

  #raw(from: number, to: number): void {
    this.out.from(from, true);
    this.out.raw(this.#bytes.subarray(from, to));
  }

  /** Something is put in before the instruction at an offset. */
  hasHead(at: number): boolean {
    return this.#scan.segments[firstFrom(this.#scan.segments, at)]?.at === at;
  }

  /** Blocks of the copy around a range, beside those that begin in it. */
  set around(count: () => number) {
    this.#around = count;
  }

  /** Forgets what was counted: a new range begins. */
  beginRange(): void {
    this.#nesting = 0;
  }
}

function firstAfter(list: readonly number[], from: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) <= from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstFrom(list: readonly { readonly at: number }[], from: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as { at: number }).at < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
