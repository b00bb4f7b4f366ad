/**
 * Events on their way to one guest. Each source (a capability) has its own bounded queue, which drops its oldest; the
 * sources take turns, so a flooded channel cannot keep an edge or a revocation waiting. When the receiver answers with
 * a promise the next event waits for it; else events are handed on at once.
 */
import type { GuestEvent } from "../runtime/index.ts";

export class EventQueue {
  readonly #sources = new Map<string, GuestEvent[]>();
  readonly #post: (event: GuestEvent) => unknown;
  readonly #onFailure: (source: string, thrown: unknown) => void;
  #busy = false;
  #closed = false;

  constructor(post: (event: GuestEvent) => unknown, onFailure: (source: string, thrown: unknown) => void) {
    this.#post = post;
    this.#onFailure = onFailure;
  }

  /** Returns how many older events of this source had to go. */
  push(source: string, event: GuestEvent, limit: number): number {
    if (this.#closed) return 0;
    const waiting = this.#sources.get(source) ?? [];
    this.#sources.set(source, waiting);
    waiting.push(event);
    const excess = Math.max(0, waiting.length - limit);
    waiting.splice(0, excess);
    this.#pump();
    return excess;
  }

  clear(source: string): void {
    this.#sources.delete(source);
  }

  close(): void {
    this.#closed = true;
    this.#sources.clear();
  }

  #pump(): void {
    while (!this.#busy) {
      const next = this.#next();
      if (next === undefined) return;
      this.#busy = true;
      let answer: unknown;
      try {
        answer = this.#post(next.event);
      } catch (error) {
        this.#onFailure(next.source, error);
      }
      if (answer instanceof Promise) {
        const resume = () => {
          this.#busy = false;
          this.#pump();
        };
        // How the guest took it is its supervisor's business.
        answer.then(resume, resume);
        return;
      }
      this.#busy = false;
    }
  }

  /** The oldest event of the source that waited longest for its turn; the source goes to the end of the row. */
  #next(): { source: string; event: GuestEvent } | undefined {
    for (const [source, waiting] of this.#sources) {
      this.#sources.delete(source);
      const event = waiting.shift();
      if (event === undefined) continue;
      if (waiting.length > 0) this.#sources.set(source, waiting);
      return { source, event };
    }
    return undefined;
  }
}
