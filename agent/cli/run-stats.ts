/** What `sallyport run --stats` says of a program that has ended: the same figures, by the same names, in every tier. */
import type { WasiStats } from "../../runtime/wasi/index.ts";

/** What an engine knows; null where the tier cannot. */
export interface EngineStats {
  /** Units that were used, start function included. */
  readonly fuel: number | null;
  /** The most they were: neither memories nor tables shrink. */
  readonly memory: { readonly count: number; readonly pages: number } | null;
  readonly tables: { readonly count: number; readonly elements: number } | null;
}

export interface RunStats extends EngineStats {
  readonly tier: string;
  /** Loading included. */
  readonly timeMs: number;
  /** By name, the most frequent first. */
  readonly hostCalls: Readonly<Record<string, number>>;
  readonly failedHostCalls: number;
  readonly bytes: { readonly read: number; readonly written: number };
}

export const NO_ENGINE_STATS: EngineStats = { fuel: null, memory: null, tables: null };

export function runStats(tier: string, ms: number, engine: EngineStats, wasi: WasiStats | undefined): RunStats {
  const calls = Object.entries(wasi?.calls ?? {}).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return {
    tier,
    timeMs: Math.round(ms * 10) / 10,
    fuel: engine.fuel,
    memory: engine.memory,
    tables: engine.tables,
    hostCalls: Object.fromEntries(calls),
    failedHostCalls: wasi?.failed ?? 0,
    bytes: { read: wasi?.readBytes ?? 0, written: wasi?.writtenBytes ?? 0 },
  };
}

/** For people: one line for each kind. */
export function statsLines(stats: RunStats): readonly string[] {
  const { tier, timeMs, fuel, memory, tables, hostCalls, failedHostCalls, bytes } = stats;
  const calls = Object.entries(hostCalls).map(([name, count]) => `${name} ${count}`);
  const unknown = "not known in this tier";
  return [
    `time: ${timeMs.toFixed(1)} ms in the ${tier} tier, loading included`,
    `fuel: ${fuel === null ? unknown : `${fuel} units`}`,
    `memory: ${memory === null ? unknown : `${memory.pages} pages of 64 KiB in ${memory.count}`}`,
    `tables: ${tables === null ? unknown : `${tables.elements} elements in ${tables.count}`}`,
    `host calls: ${calls.length === 0 ? "none" : calls.join(", ")}; ${failedHostCalls} answered with an error`,
    `bytes: ${bytes.read} read, ${bytes.written} written`,
  ];
}
