/** The simulated world inside this process: for tests and for a board without a directory. Touches nothing outside. */
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import type { Level } from "../gpio/port.ts";
import { type Assertion, HISTORY_MAX, isEvent, type Measured, type SimulatedWorld } from "./world.ts";

export class MemoryWorld implements SimulatedWorld {
  readonly #clock: Clock;
  readonly #sensors = new Map<string, number>();
  readonly #levels = new Map<string, Level>();
  readonly #listeners = new Map<string, Set<(level: Level) => void>>();
  #history: Assertion[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setSensor(name: string, value: number | undefined): void {
    if (value === undefined) this.#sensors.delete(name);
    else this.#sensors.set(name, value);
  }

  drive(line: string, level: Level): void {
    if (this.level(line) === level) return;
    this.#levels.set(line, level);
    for (const listener of [...(this.#listeners.get(line) ?? [])]) listener(level);
  }

  level(line: string): Level {
    return this.#levels.get(line) ?? 0;
  }

  history(line?: string): readonly Assertion[] {
    return line === undefined ? [...this.#history] : this.#history.filter((one) => one.line === line);
  }

  sensor(name: string): Measured | undefined {
    const value = this.#sensors.get(name);
    return value === undefined ? undefined : { value, stale: false };
  }

  assert(line: string, level: Level, why: string): void {
    const event = isEvent(this.#levels.get(line), level, why);
    this.#levels.set(line, level);
    if (!event) return;
    this.#history.push({ t: this.#clock.now(), line, level, why });
    if (this.#history.length > HISTORY_MAX) this.#history = this.#history.slice(-HISTORY_MAX);
  }

  onEdge(line: string, listener: (level: Level) => void): Cancel {
    const all = this.#listeners.get(line) ?? new Set();
    this.#listeners.set(line, all.add(listener));
    return () => void all.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }
}
