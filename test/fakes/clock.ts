/**
 * A clock that stands until it is moved. `advance` fires what is due in order, each timer at its own moment, timers set
 * on the way included. The wall clock can be stepped without any time passing, as on a board without an RTC.
 */
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";

interface Timer {
  readonly due: number;
  readonly then: () => void;
}

export class SteppingClock implements Clock {
  #monotonic = 0;
  #wall: number;
  readonly #timers = new Set<Timer>();

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, then: () => void): Cancel {
    const timer = { due: this.#monotonic + Math.max(0, ms), then };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves time on, firing timers whose moment comes; the earliest first, then in the order they were set. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#timers.delete(next);
      this.#moveTo(next.due);
      next.then();
    }
    this.#moveTo(end);
  }

  /** The wall clock jumps; no time passes and no timer fires. */
  stepWall(ms: number): void {
    this.#wall += ms;
  }

  /** How many timers wait: none may be left when everything was released. */
  get waiting(): number {
    return this.#timers.size;
  }

  #moveTo(at: number): void {
    const passed = Math.max(0, at - this.#monotonic);
    this.#monotonic += passed;
    this.#wall += passed;
  }

  #earliest(end: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (found === undefined || timer.due < found.due)) found = timer;
    }
    return found;
  }
}
