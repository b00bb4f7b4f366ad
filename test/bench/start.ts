/**
 * `npm run bench -- start`: what it takes to start a module of 100 KB, on the wall clock, beside a worker that does nothing;
 * and the memory of each idle module, as the slope from one to ten. As in a release: JavaScript with a compile cache.
 * Every start is in a process of its own, subjects taking turns. On a busy machine, the least says more than the median.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitJavaScript } from "../emit.ts";
import { programNamed } from "./engine.ts";
import { wasmOf } from "./engine-programs.ts";
import { enlarged } from "./loader-module.ts";
import type { Row } from "./row.ts";

const MODULE_BYTES = 100_000;
/** `cold` goes before `cached` and leaves what it starts from. With it, the agent has heard of the release before. */
const WAYS = {
  "cold, alone": "metered, nothing ready",
  cold: "metered",
  again: "metered, kept compiled",
  cached: "metered, from the cache",
  "cached, spare": "cache, a thread kept ready",
  v8: "v8",
} as const;
const MEMORIES = {
  memory: "metered",
  "memory, cached": "metered, from the cache",
  "memory, v8": "v8",
  "memory, empty worker": "node, empty worker",
} as const;
/** Files that workers load by name, which `tsc` does not find by itself. */
const ENTRIES = ["test/bench/start-subject.ts", "runtime/worker/guest.ts", "runtime/worker/preparing.ts"];

export function benchStart(short: boolean): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const emitted = join(folder, "emitted");
    mkdirSync(emitted);
    emitJavaScript(emitted, ENTRIES);
    const bytes = enlarged(new Uint8Array(readFileSync(wasmOf(programNamed("sha256")))), MODULE_BYTES);
    const wasm = join(folder, "module.wasm");
    writeFileSync(wasm, bytes);
    const run = (flags: readonly string[], way: string): Readonly<Record<string, number>> => {
      const file = join(emitted, "test/bench/start-subject.js");
      const child = spawnSync(process.execPath, [...flags, file, way, wasm, join(folder, "cache")], {
        encoding: "utf8",
        timeout: 120_000,
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
      });
      if (child.status !== 0) throw new Error(`${way} failed: ${child.stderr}`);
      return JSON.parse(child.stdout);
    };
    return [...times(run, short ? 5 : 21, bytes.length), ...memories(run)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Run = (flags: readonly string[], way: string) => Readonly<Record<string, number>>;

function times(run: Run, turns: number, size: number): Row[] {
  const all = new Map<string, number[]>();
  const note = (key: string, value = Number.NaN) => all.set(key, [...(all.get(key) ?? []), value]);
  // Once for the compile cache.
  run([], "cold");
  for (let turn = 0; turn < turns; turn += 1) {
    for (const way of ["cold, alone", "cold", "cached", "cached, spare", "v8"]) {
      const { empty = Number.NaN, ms = Number.NaN, again } = run([], way);
      note("empty", empty);
      note(way, ms);
      if (way === "cold" && again !== undefined) note("again", again);
    }
  }
  const row = (name: string, subject: string, value: number): Row => ({ name, subject, value, unit: "ms" });
  const empty = all.get("empty") ?? [];
  const name = `start of ${Math.round(size / 1000)} KB, over it`;
  return [
    row("start, p50", "node, empty worker", median(empty)),
    row("start, least", "node, empty worker", Math.min(...empty)),
    ...Object.entries(WAYS).flatMap(([way, subject]) => {
      const list = all.get(way) ?? [];
      return [
        row(`${name}, p50`, subject, median(list) - median(empty)),
        row(`${name}, least`, subject, Math.min(...list) - Math.min(...empty)),
      ];
    }),
  ];
}

function memories(run: Run): Row[] {
  return Object.entries(MEMORIES).map(([way, subject]) => {
    const each = [0, 1, 2].map(() => run(["--expose-gc"], way)["each"] ?? Number.NaN);
    return { name: "PSS of an idle module", subject, value: median(each), unit: "MiB" };
  });
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
