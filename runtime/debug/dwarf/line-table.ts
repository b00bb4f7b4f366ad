/**
 * The rows of all line number programs of a module in typed arrays (DWARF 5, section 6.2): built once, searched by
 * address. A sequence is a run of rows with rising addresses; sequences of removed code begin at address 0 or at a
 * tombstone beyond the code and are left out.
 */

/** More rows than this a module of 64 MB does not honestly have; a row takes 15 bytes. */
const ROWS_MAX = 4_000_000;
/** A sequence is a function. */
const SEQUENCES_MAX = 500_000;

export const ROW_STATEMENT = 1;
export const ROW_PROLOGUE_END = 2;

export interface Sequence {
  readonly start: number;
  readonly end: number;
  /** Row numbers; `last` is exclusive. */
  readonly first: number;
  readonly last: number;
}

export class LineTable {
  addresses = new Uint32Array(1024);
  files = new Uint32Array(1024);
  lines = new Uint32Array(1024);
  columns = new Uint16Array(1024);
  flags = new Uint8Array(1024);
  count = 0;
  readonly sequences: Sequence[] = [];
  #first = 0;

  get full(): boolean {
    return this.count >= ROWS_MAX;
  }

  addRow(address: number, file: number, line: number, column: number, flags: number): void {
    if (this.full) return;
    // An address that falls would make the sequence unsearchable: the row is kept where the one before it is.
    const before = this.count > this.#first ? (this.addresses[this.count - 1] ?? 0) : 0;
    if (this.count === this.addresses.length) this.#grow();
    this.addresses[this.count] = Math.min(Math.max(before, address), 0xffff_ffff);
    this.files[this.count] = file;
    this.lines[this.count] = line;
    this.columns[this.count] = Math.min(column, 0xffff);
    this.flags[this.count] = flags;
    this.count += 1;
  }

  /** Ends the sequence; what lies outside `low` to `high` is forgotten. */
  endSequence(end: number, low: number, high: number): void {
    const start = this.addresses[this.#first] ?? 0;
    const full = this.sequences.length >= SEQUENCES_MAX;
    if (!full && this.count > this.#first && start >= low && start < end && end <= high) {
      this.sequences.push({ start, end, first: this.#first, last: this.count });
    } else this.count = this.#first;
    this.#first = this.count;
  }

  /** Forgets the rows of a sequence that did not end. */
  abandon(): void {
    this.count = this.#first;
  }

  sort(): void {
    this.sequences.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  /** The row whose code holds the address: the last one at or before it in its sequence. */
  rowAt(address: number): number | undefined {
    const index = lastAtOrBefore(0, this.sequences.length, (at) => (this.sequences[at]?.start ?? 0) <= address);
    const sequence = this.sequences[index];
    if (sequence === undefined || address >= sequence.end) return undefined;
    return lastAtOrBefore(sequence.first, sequence.last, (row) => (this.addresses[row] ?? 0) <= address);
  }

  #grow(): void {
    const size = Math.min(this.count * 2, ROWS_MAX);
    this.addresses = copied(this.addresses, new Uint32Array(size));
    this.files = copied(this.files, new Uint32Array(size));
    this.lines = copied(this.lines, new Uint32Array(size));
    this.columns = copied(this.columns, new Uint16Array(size));
    this.flags = copied(this.flags, new Uint8Array(size));
  }
}

function copied<T extends Uint32Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The last index of `first` to `end` for which `holds`, which holds up to some index and never after; else first - 1. */
export function lastAtOrBefore(first: number, end: number, holds: (index: number) => boolean): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
