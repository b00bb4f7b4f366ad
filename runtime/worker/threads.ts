/** The threads of the engine: what they are started with, and how the preparing one is reached. */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { reasonOf } from "../kernel/fault.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { beside } from "./beside.ts";
import { createPreparer, type PrepareAnswer, type Preparer, type PreparingThread } from "./preparer.ts";

/** No environment but the place of compiled JavaScript, which a worker does not take over by itself. */
function environment(): Readonly<Record<string, string>> {
  const versioned = getCompileCacheDir();
  return versioned === undefined ? {} : { NODE_COMPILE_CACHE: dirname(versioned) };
}

/** Throws what `Worker` throws. */
export function startThread(name: "guest" | "preparing", heapMiB: number, options: WorkerOptions = {}): Worker {
  return new Worker(beside(import.meta.url, name), {
    env: environment(),
    stdin: false,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: false,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    ...options,
  });
}

/** The preparer of a process. Neither its thread nor its timers keep the process alive while it has no work. */
export const preparer: Preparer = createPreparer({
  after(ms, then) {
    const timer = setTimeout(then, ms).unref();
    return () => clearTimeout(timer);
  },
  spawn({ answer, gone }): PreparingThread {
    const worker = startThread("preparing", ENGINE_LIMITS.prepareHeapMiB);
    worker.unref();
    worker.on("message", (message: PrepareAnswer) => {
      worker.unref();
      answer(message);
    });
    worker.on("messageerror", (error) => gone(reasonOf(error)));
    worker.on("error", (error) => gone(reasonOf(error)));
    worker.on("exit", () => gone("the thread ended"));
    return {
      send(job) {
        worker.ref();
        worker.postMessage(job);
      },
      end: () => void worker.terminate(),
    };
  },
});
