/** The agent as a process of its own: resident memory, a module's start, and from publish to running. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createBroker, hostModule, openBoard, parseBoard } from "../../devices/index.ts";
import { load, v8Engine } from "../../runtime/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { Site } from "../e2e/site.ts";
import { type GuestRelease, guestRelease } from "../guests/guests.ts";
import type { Row } from "./row.ts";

export async function benchAgent(runs: number): Promise<readonly Row[]> {
  const bareMiB = await bareNode();
  const bareStart = await repeat(runs, bareNodeStartMs);
  const wasm = guestRelease("counter", { name: "bench" });
  const bareWorker = await repeat(runs, bareWorkerMs);
  const moduleStart = await repeat(runs, () => moduleStartMs(wasm));
  const { agentMiB, idleMiB, readyMs, publishToRunning } = await wholeAgent(runs);
  const row = (name: string, subject: string, value: number, unit: string): Row => ({ name, subject, value, unit });
  const beside = (name: string, subject: string, value: number, unit: string, baseline: string, base: number): Row => ({
    ...row(name, subject, value, unit),
    baseline,
    ratio: value / base,
  });
  return [
    row("resident memory", "node", bareMiB, "MiB"),
    beside("resident memory", "agent, no module", idleMiB, "MiB", "node", bareMiB),
    beside("resident memory", "agent, one module", agentMiB, "MiB", "node", bareMiB),
    row("process start", "node", bareStart, "ms"),
    beside("process start to ready on MQTT", "agent", readyMs, "ms", "node", bareStart),
    row("module start", "node, empty worker", bareWorker, "ms"),
    beside("module start", "agent worker", moduleStart, "ms", "node, empty worker", bareWorker),
    row("hint to first reading", "agent", publishToRunning, "ms"),
  ];
}

async function wholeAgent(runs: number) {
  const site = await Site.open();
  try {
    const { stage, observer } = site;
    const from = observer.mark();
    const since = performance.now();
    const pid = stage.startAgent();
    await observer.until("ready", (one) => one.topic === "up/state" && one.get("s") === "ready", { from });
    const readyMs = performance.now() - since;
    const idleMiB = residentMiB(pid);
    const times: number[] = [];
    let agentMiB = Number.NaN;
    for (let run = 0; run < runs; run += 1) {
      const release = guestRelease("counter", { name: "bench", version: `1.0.${run}` });
      await site.publish(release);
      await site.assign([release], { probationS: 0 });
      const mark = observer.mark();
      const hinted = performance.now();
      await site.hint();
      await observer.job(`bench-1.0.${run}`, "probation", mark);
      await site.telemetry("bench", "count", mark);
      times.push(performance.now() - hinted);
      await observer.job(`bench-1.0.${run}`, "succeeded", mark);
      // After the first module; each further update leaves its garbage for the collector to find.
      if (run === 0) agentMiB = residentMiB(pid);
    }
    return { agentMiB, idleMiB, readyMs, publishToRunning: median(times) };
  } finally {
    await site.close();
  }
}

/** From load to an initialised guest in a worker of its own, without doors. */
async function moduleStartMs(release: GuestRelease): Promise<number> {
  const board = unwrap(
    openBoard(unwrap(parseBoard(utf8('{"schema":"sallyport.board/1","profile":"bench","lines":[],"sensors":[]}'))), {
      clock: nodeClock,
    }),
  );
  const broker = createBroker({ board, clock: nodeClock, onAudit: () => undefined });
  const since = performance.now();
  const loaded = unwrap(load(release.module, { memoryPages: 16, tableElements: 16 }));
  const services = {
    publish: () => 0,
    subscribe: () => undefined,
    kvGet: () => undefined,
    kvSet: () => 0,
    kvDelete: () => 0,
  };
  const holder = unwrap(
    broker.admit({
      module: release.parsed.name,
      capabilities: [],
      revoked: new Map(),
      services,
      post: () => undefined,
    }),
  );
  const guest = unwrap(
    await v8Engine.start({
      module: loaded,
      host: hostModule,
      port: holder.port,
      limits: { memoryPages: 16, tableElements: 16, callMs: 1000, logLinesPerMin: 60 },
      identity: { deviceId: "bench", moduleName: "bench", moduleVersion: "1.0.0" },
      local: holder.local,
      clock: nodeClock,
      onLog: () => undefined,
    }),
  );
  await guest.init();
  const ms = performance.now() - since;
  await guest.terminate();
  board.close();
  return ms;
}

/** A worker that does nothing but say that it is there: the floor under any module start. */
async function bareWorkerMs(): Promise<number> {
  const since = performance.now();
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage(1)", { eval: true });
  await once(worker, "message");
  const ms = performance.now() - since;
  await worker.terminate();
  return ms;
}

async function bareNode(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  const mib = residentMiB(child.pid ?? 0);
  await end(child);
  return mib;
}

async function bareNodeStartMs(): Promise<number> {
  const since = performance.now();
  const child = spawn(process.execPath, ["-e", "console.log('up')"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const ms = performance.now() - since;
  await end(child);
  return ms;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}

/** VmRSS of a process, as the kernel counts it. */
function residentMiB(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? Number.NaN) / 1024;
}

async function repeat(runs: number, one: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await one());
  return median(all);
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
