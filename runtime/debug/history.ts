/**
 * The past of a run: snapshots at known positions, few enough to be kept. When there are too many, every second one is
 * given up and the distance doubles; between two of them the past is executed again. The oldest go when the host's
 * answers since then have become too many to keep.
 */

/** A snapshot with what the debugger knew there. */
export interface Mark<T> {
  /** Instructions executed before it. */
  readonly position: number;
  readonly file: Uint8Array;
  /** Answers of the host given before it. */
  readonly answers: number;
  readonly note: T;
}

export interface HistoryLimits {
  readonly marks: number;
  /** Bytes of all snapshots together. */
  readonly bytes: number;
  /** Instructions between two snapshots at first. */
  readonly distance: number;
  /** Packing so many bytes takes about as long as an instruction: with much memory, snapshots are further apart. */
  readonly bytesAnInstruction: number;
  /** Bytes of the host's answers that are kept. */
  readonly answerBytes: number;
}

export const HISTORY_LIMITS: HistoryLimits = {
  marks: 32,
  bytes: 256 * 1024 * 1024,
  distance: 1 << 20,
  bytesAnInstruction: 4,
  answerBytes: 64 * 1024 * 1024,
};

export class History<T> {
  readonly limits: HistoryLimits;
  #marks: Mark<T>[] = [];
  #distance: number;

  constructor(limits: HistoryLimits) {
    this.limits = limits;
    this.#distance = limits.distance;
  }

  /** From the oldest to the newest. */
  get marks(): readonly Mark<T>[] {
    return this.#marks;
  }

  /** The position from which a new snapshot of so much memory is worth its cost. */
  dueAt(memoryBytes: number): number {
    const last = this.#marks.at(-1);
    return last === undefined
      ? 0
      : last.position + Math.max(this.#distance, memoryBytes / this.limits.bytesAnInstruction);
  }

  add(mark: Mark<T>): void {
    this.#marks.push(mark);
    const bytes = () => this.#marks.reduce((sum, one) => sum + one.file.length, 0);
    while (this.#marks.length > 1 && (this.#marks.length > this.limits.marks || bytes() > this.limits.bytes)) {
      this.#marks = this.#marks.filter((_, n) => n % 2 === 0);
      this.#distance *= 2;
    }
  }

  /** Gives up the oldest; the answers that are needed from then on. The last stays unless `all`. */
  forgetOldest(all = false): number | undefined {
    if (this.#marks.length < 2 && !all) return undefined;
    this.#marks.shift();
    return this.#marks[0]?.answers;
  }
}
