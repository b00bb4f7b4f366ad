/**
 * The guest's thread of the interrupt bench. It says when it enters what does not end, and notes the time when it is out
 * of it: `process.hrtime` counts alike in all threads.
 */
import { parentPort, workerData } from "node:worker_threads";
import { METER_EXPORTS, WHY } from "../../runtime/metered/options.ts";
import { hugeSegment, type InterruptStart } from "./interrupt-cases.ts";

const { wasm, entry, segmentMiB, shared } = workerData as InterruptStart;
const times = new BigInt64Array(shared);

/** What ends with the thread only. */
function waitForTheEnd(): void {
  if (segmentMiB === 0) {
    parentPort?.postMessage("in");
    Atomics.wait(new Int32Array(shared), 2, 0);
    return;
  }
  const pages = segmentMiB * 16;
  const compiled = new WebAssembly.Module(hugeSegment(pages));
  parentPort?.postMessage("in");
  // Again and again, into new memory each time: nobody has to meet one copy.
  for (;;) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    new WebAssembly.Instance(compiled, { m: { memory } });
  }
}

function runUntilStopped(): void {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm));
  const { buffer } = exports[METER_EXPORTS.epoch] as { readonly buffer: SharedArrayBuffer };
  const why = exports[METER_EXPORTS.why] as { value: number };
  parentPort?.on("message", () => {
    why.value = WHY.nothing;
    parentPort?.postMessage("in");
    let thrown: unknown;
    try {
      (exports[entry === "start" ? METER_EXPORTS.start : "run"] as () => void)();
    } catch (error) {
      thrown = error;
    }
    times[0] = process.hrtime.bigint();
    parentPort?.postMessage(why.value === WHY.stopped ? "stopped" : `ended otherwise: ${String(thrown)}`);
  });
  parentPort?.postMessage({ epoch: buffer });
}

if (entry === "none") parentPort?.once("message", waitForTheEnd);
else runUntilStopped();
