/**
 * What the host answered, written down, so that a stretch of a run can be executed again without the host: results, what
 * was written to the guest's memory, and what was thrown. Output is then not printed twice, and clocks repeat.
 */
import type { Value } from "../interpret/index.ts";

/** The guest's memory as a host function sees it; what lies outside is refused, never thrown. */
export interface GuestMemory {
  readonly size: number;
  /** A copy. */
  read(address: number, length: number): Uint8Array | undefined;
  write(address: number, bytes: Uint8Array): boolean;
}

/** A host function whose effects on the guest are its results, what it writes to the memory, and what it throws. */
export type HostFunction = (args: readonly Value[], memory: GuestMemory) => readonly Value[];

interface Entry {
  readonly writes: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  readonly outcome: { readonly results: readonly Value[] } | { readonly thrown: unknown };
  readonly cost: number;
}

/** What one answer counts for besides its bytes. */
const ENTRY_COST = 200;

export class HostLog {
  readonly #entries: Entry[] = [];
  /** Number of the first answer that is still kept. */
  #first = 0;
  #cursor = 0;
  #cost = 0;

  /** How many answers were given up to the place where the run stands. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Nothing is left to be repeated: the next answer is the host's. */
  get atEnd(): boolean {
    return this.#cursor === this.#first + this.#entries.length;
  }

  /** Bytes that the answers take, roughly. */
  get cost(): number {
    return this.#cost;
  }

  /** Goes back to where `cursor` answers had been given; what follows is repeated from the log. */
  rewind(cursor: number): void {
    if (cursor < this.#first || cursor > this.#first + this.#entries.length) {
      throw new Error(`answer ${cursor} is not in the log`);
    }
    this.#cursor = cursor;
  }

  /** Gives up what was answered before. */
  forgetBefore(cursor: number): void {
    const gone = this.#entries.splice(0, Math.max(0, cursor - this.#first));
    this.#first += gone.length;
    for (const { cost } of gone) this.#cost -= cost;
  }

  call(host: HostFunction, args: readonly Value[], memory: GuestMemory): readonly Value[] {
    const known = this.#entries[this.#cursor - this.#first];
    this.#cursor += 1;
    if (known === undefined) return this.#record(host, args, memory);
    for (const { address, bytes } of known.writes) memory.write(address, bytes);
    if ("thrown" in known.outcome) throw known.outcome.thrown;
    return known.outcome.results;
  }

  #record(host: HostFunction, args: readonly Value[], memory: GuestMemory): readonly Value[] {
    const writes: { address: number; bytes: Uint8Array }[] = [];
    const journal: GuestMemory = {
      size: memory.size,
      read: (address, length) => memory.read(address, length),
      write: (address, bytes) => {
        const done = memory.write(address, bytes);
        if (done) writes.push({ address, bytes: bytes.slice() });
        return done;
      },
    };
    const keep = (outcome: Entry["outcome"]) => {
      const cost = writes.reduce((sum, one) => sum + one.bytes.length, ENTRY_COST);
      this.#entries.push({ writes, outcome, cost });
      this.#cost += cost;
    };
    try {
      const results = host(args, journal);
      keep({ results });
      return results;
    } catch (thrown) {
      keep({ thrown });
      throw thrown;
    }
  }
}
