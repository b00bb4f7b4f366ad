/**
 * One case of the interrupt bench, as a process of its own: `node interrupt-subject.ts <case> <runs>`. Prints the times in
 * milliseconds from the request to stop to the guest's trap, or to the end of the thread.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { EPOCH } from "../../runtime/metered/options.ts";
import { beside } from "../../runtime/worker/beside.ts";
import { CASES, type InterruptCase, type InterruptStart, wasmOfCase } from "./interrupt-cases.ts";

const [, , name = "", runs = "1"] = process.argv;
const found = CASES[name];
if (found === undefined) throw new Error(`there is no case "${name}"`);
/** Runs of one worker: its first ones are in code that is not yet optimised. */
const RUNS_EACH = 25;

/** Requests come at times that have nothing to do with the guest's: of any two runs no wait is the same. */
const elapsed = (n: number) => new Promise((done) => setTimeout(done, 2 + ((n * 7919) % 23)));
const sinceMs = (start: bigint, end: bigint) => Number(end - start) / 1e6;

function startWorker(one: InterruptCase, wasm: Uint8Array): { worker: Worker; times: BigInt64Array } {
  const shared = new SharedArrayBuffer(64);
  const start: InterruptStart = { wasm, entry: one.entry, segmentMiB: one.segmentMiB, shared };
  const worker = new Worker(beside(import.meta.url, "interrupt-worker"), { workerData: start });
  return { worker, times: new BigInt64Array(shared) };
}

async function byEpoch(one: InterruptCase, count: number): Promise<readonly number[]> {
  const out: number[] = [];
  const wasm = wasmOfCase(one);
  while (out.length < count) {
    const { worker, times } = startWorker(one, wasm);
    const [{ epoch }] = (await once(worker, "message")) as [{ epoch: SharedArrayBuffer }];
    const word = new Int32Array(epoch);
    for (let n = 0; n < RUNS_EACH && out.length < count; n += 1) {
      word[0] = EPOCH.run;
      worker.postMessage("run");
      await once(worker, "message");
      await elapsed(out.length);
      const ended = once(worker, "message");
      const since = process.hrtime.bigint();
      Atomics.store(word, 0, EPOCH.stop);
      Atomics.notify(word, 0);
      const [how] = await ended;
      if (how !== "stopped") throw new Error(String(how));
      out.push(sinceMs(since, times[0] ?? 0n));
    }
    await worker.terminate();
  }
  return out;
}

async function byTerminate(one: InterruptCase, count: number): Promise<readonly number[]> {
  const out: number[] = [];
  while (out.length < count) {
    const { worker } = startWorker(one, new Uint8Array());
    worker.postMessage("run");
    await once(worker, "message");
    await elapsed(out.length);
    const since = process.hrtime.bigint();
    await worker.terminate();
    out.push(sinceMs(since, process.hrtime.bigint()));
  }
  return out;
}

const times = await (found.wat === undefined ? byTerminate : byEpoch)(found, Number(runs));
process.stdout.write(`${JSON.stringify(times)}\n`);
