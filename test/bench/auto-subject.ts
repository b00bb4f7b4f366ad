/**
 * One process of the auto bench: `node auto-subject.js <tier> <wasm> <ahead>`. It starts a guest that was never started
 * before, with nothing prepared, delivers one event, and prints milliseconds until the guest's first message, and until it
 * has moved. `ahead`: the preparing thread is up already.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { Worker } from "node:worker_threads";
import { TIERS } from "../../runtime/index.ts";

// As agent/main.ts does, before anything else is loaded.
enableCompileCache();
const { hostModule } = await import("../../devices/index.ts");
const { engineOf, load } = await import("../../runtime/index.ts");
const { nodeClock } = await import("../../runtime/kernel/node-world.ts");
const { unwrap } = await import("../../runtime/kernel/result.ts");

const LIMITS = { memoryPages: 64, tableElements: 4096, callMs: 5000, logLinesPerMin: 60 };
const TICK = { kind: 2, handle: 0, timeNs: 0n, arg: 0 };
const [, , asked = "", file = "", ahead = ""] = process.argv;
const tier = TIERS.find((one) => one === asked);

// The first worker of a process costs more than any other.
const worker = new Worker("require('node:worker_threads').parentPort.postMessage(1)", { eval: true });
await once(worker, "message");
await worker.terminate();
const engine = engineOf(tier);
if (ahead === "ahead") {
  engine.warm?.();
  await new Promise((done) => setTimeout(done, 500));
}
const module = unwrap(load(new Uint8Array(readFileSync(file)), LIMITS));
let first = Number.NaN;
const since = performance.now();
const guest = unwrap(
  await engine.start({
    module,
    host: hostModule,
    port: {
      call() {
        if (Number.isNaN(first)) first = performance.now() - since;
        return { value: 0 };
      },
    },
    limits: LIMITS,
    identity: { deviceId: "bench", moduleName: "bench", moduleVersion: "1.0.0" },
    local: {},
    clock: nodeClock,
    onLog: () => undefined,
  }),
);
unwrap(await guest.init());
unwrap(await guest.handle(TICK));
let moved = Number.NaN;
while (tier === "auto" && guest.stats().tier !== "metered" && guest.stats().stays === undefined) {
  unwrap(await guest.handle(TICK));
  moved = performance.now() - since;
}
process.stdout.write(`${JSON.stringify({ first, moved: Number.isNaN(moved) ? first : moved })}\n`);
await guest.terminate();
