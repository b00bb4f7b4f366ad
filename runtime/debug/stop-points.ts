/** Breakpoints and watched ranges of memory: what stops a program besides the step that is asked for. */
import type { GuestMemory } from "./host-log.ts";
import type { StopPlace } from "./locate.ts";

export interface Breakpoint {
  readonly id: number;
  /** As the person wrote it. */
  readonly text: string;
  readonly places: readonly StopPlace[];
}

export interface Watch {
  readonly id: number;
  readonly address: number;
  readonly length: number;
}

/** A watched range holds something else than before. */
export interface Written {
  readonly watch: Watch;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** The instruction that wrote. */
  readonly by: number;
}

/** Bytes of one watch: they are compared after every instruction. */
export const WATCH_BYTES_MAX = 4096;

const NONE: readonly never[] = [];

export class StopPoints {
  #last = 0;
  #breakpoints: readonly Breakpoint[] = [];
  #watches: { readonly watch: Watch; bytes: Uint8Array }[] = [];
  #byOffset = new Map<number, { readonly one: Breakpoint; readonly exact: boolean }[]>();

  get breakpoints(): readonly Breakpoint[] {
    return this.#breakpoints;
  }

  get watches(): readonly Watch[] {
    return this.#watches.map(({ watch }) => watch);
  }

  break(text: string, places: readonly StopPlace[]): Breakpoint {
    this.#last += 1;
    const one: Breakpoint = { id: this.#last, text, places };
    this.#breakpoints = [...this.#breakpoints, one];
    this.#index();
    return one;
  }

  watch(memory: GuestMemory, address: number, length: number): Watch | undefined {
    const bytes = length >= 1 && length <= WATCH_BYTES_MAX ? memory.read(address, length) : undefined;
    if (bytes === undefined) return undefined;
    this.#last += 1;
    const watch = { id: this.#last, address, length };
    this.#watches.push({ watch, bytes });
    return watch;
  }

  /** Whether there was one of that number. */
  delete(id: number): boolean {
    const count = this.#breakpoints.length + this.#watches.length;
    this.#breakpoints = this.#breakpoints.filter((one) => one.id !== id);
    this.#watches = this.#watches.filter(({ watch }) => watch.id !== id);
    this.#index();
    return this.#breakpoints.length + this.#watches.length < count;
  }

  hits(here: { readonly offset: number; readonly entered: boolean }): readonly Breakpoint[] {
    const found = this.#byOffset.get(here.offset);
    if (found === undefined) return NONE;
    return found.filter(({ exact }) => exact || here.entered).map(({ one }) => one);
  }

  /** The watched ranges that differ from what they held when they were last looked at. */
  written(memory: GuestMemory, by: number): readonly Written[] {
    if (this.#watches.length === 0) return NONE;
    const out: Written[] = [];
    for (const one of this.#watches) {
      const { watch, bytes: before } = one;
      const after = memory.read(watch.address, watch.length);
      if (after === undefined || equal(before, after)) continue;
      one.bytes = after;
      out.push({ watch, before, after, by });
    }
    return out;
  }

  /** Takes what the memory holds now as known. */
  refresh(memory: GuestMemory): void {
    for (const one of this.#watches) {
      one.bytes = memory.read(one.watch.address, one.watch.length) ?? one.bytes;
    }
  }

  #index(): void {
    this.#byOffset = new Map();
    for (const one of this.#breakpoints) {
      for (const { offset, exact } of one.places) {
        this.#byOffset.set(offset, [...(this.#byOffset.get(offset) ?? []), { one, exact }]);
      }
    }
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  for (let n = 0; n < one.length; n += 1) if (one[n] !== other[n]) return false;
  return true;
}
