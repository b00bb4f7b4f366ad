/**
 * One process of the start bench: `node start-subject.js <way> <wasm> <cache file>`. It starts a module in a worker as the
 * agent does and prints milliseconds beside an empty worker's; or ten modules, and prints the memory that each adds.
 * Everything is as after the start of an agent: no module was started before in this process.
 */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { Worker } from "node:worker_threads";
import type { CodeCache, Guest, HostFunction, LoadedModule, Tier } from "../../runtime/index.ts";

// As agent/main.ts does, before anything else is loaded.
enableCompileCache();
const { engineOf, load } = await import("../../runtime/index.ts");
const { nodeClock } = await import("../../runtime/kernel/node-world.ts");
const { unwrap } = await import("../../runtime/kernel/result.ts");

const LIMITS = { memoryPages: 64, tableElements: 4096, callMs: 5000, logLinesPerMin: 60 };
const EMPTY_WORKER = "require('node:worker_threads').parentPort.postMessage(1)";
const [, , way = "", file = "", cacheFile = ""] = process.argv;
const bytes = new Uint8Array(readFileSync(file));

async function emptyWorkerMs(): Promise<number> {
  const since = performance.now();
  const worker = new Worker(EMPTY_WORKER, { eval: true, env: {}, stdout: true, stderr: true });
  await once(worker, "message");
  const ms = performance.now() - since;
  await worker.terminate();
  return ms;
}

async function started(tier: Tier, module: LoadedModule, cache?: CodeCache): Promise<Guest> {
  const [{ module: from = "" } = {}] = module.imports;
  const functions = module.imports.map(
    ({ name, params }): HostFunction => ({
      name,
      params: params.map((type, n) => ({ as: type === "i64" ? "i64" : "i32", name: `p${n}` })),
      result: "i32",
      answered: { by: "broker" },
    }),
  );
  return unwrap(
    await engineOf(tier).start({
      module,
      host: { name: from, functions },
      port: { call: () => ({ value: 0 }) },
      limits: LIMITS,
      identity: { deviceId: "bench", moduleName: "bench", moduleVersion: "1.0.0" },
      local: {},
      clock: nodeClock,
      ...(cache === undefined ? {} : { cache }),
      onLog: () => undefined,
    }),
  );
}

/** From published bytes to an instance: load, worker, validate, instrument, compile, instantiate. */
async function startMs(tier: Tier, cache?: CodeCache): Promise<number> {
  const since = performance.now();
  const guest = await started(tier, unwrap(load(bytes, LIMITS)), cache);
  const ms = performance.now() - since;
  await guest.terminate();
  return ms;
}

/** The proportional share of memory that the kernel counts for this process, in MiB, once it has become quiet. */
async function settledMiB(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let left = 8; left > 0; left -= 1) {
    await new Promise((done) => setTimeout(done, 250));
    (globalThis as { gc?: () => void }).gc?.();
    least = Math.min(least, Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))?.[1]));
  }
  return least / 1024;
}

/** One of many modules that differ in a custom section, so that nobody takes them for the same. */
const unlike = (wasm: Uint8Array, n: number) => Uint8Array.from([...wasm, 0, 3, 1, 0x6e, n]);

async function perModuleMiB(tier: Tier | "empty worker", kept?: Uint8Array): Promise<number> {
  const ends: (() => Promise<unknown>)[] = [];
  let first = Number.NaN;
  for (let n = 0; n < 10; n += 1) {
    if (tier === "empty worker") {
      const worker = new Worker(
        `${EMPTY_WORKER}.on; require('node:worker_threads').parentPort.on('message', () => 0)`,
        {
          eval: true,
        },
      );
      await once(worker, "message");
      ends.push(() => worker.terminate());
    } else {
      const cache = kept && { get: () => unlike(kept, n), put: () => undefined };
      const guest = await started(tier, unwrap(load(unlike(bytes, n), LIMITS)), cache);
      ends.push(() => guest.terminate());
    }
    if (n === 0) first = await settledMiB();
  }
  const slope = ((await settledMiB()) - first) / 9;
  await Promise.all(ends.map((end) => end()));
  return slope;
}

async function measured(): Promise<Readonly<Record<string, number>>> {
  switch (way) {
    case "memory":
      return { each: await perModuleMiB("metered") };
    case "memory, cached":
      return { each: await perModuleMiB("metered", new Uint8Array(readFileSync(cacheFile))) };
    case "memory, v8":
      return { each: await perModuleMiB("v8") };
    case "memory, empty worker":
      return { each: await perModuleMiB("empty worker") };
    default: {
      // The first worker of a process costs more than any other.
      await emptyWorkerMs();
      const empty = await emptyWorkerMs();
      if (way === "v8") return { empty, ms: await startMs("v8") };
      if (way === "cached" || way === "cached, spare") {
        if (way === "cached, spare") {
          engineOf("metered").keepSpare?.(true);
          await new Promise((done) => setTimeout(done, 500));
        }
        const kept = new Uint8Array(readFileSync(cacheFile));
        return { empty, ms: await startMs("metered", { get: () => kept, put: () => undefined }) };
      }
      if (way !== "cold, alone") {
        // The agent says so as soon as it hears of a release, seconds before it has the bytes.
        engineOf("metered").warm?.();
        await new Promise((done) => setTimeout(done, 500));
      }
      const ms = await startMs("metered", {
        get: () => undefined,
        put: (_key, made) => writeFileSync(cacheFile, made),
      });
      return { empty, ms, again: await startMs("metered") };
    }
  }
}

process.stdout.write(`${JSON.stringify(await measured())}\n`);
