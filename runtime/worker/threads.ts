/** The threads of the engine: what they are started with, and how the preparing one is reached. */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { reasonOf } from "../kernel/fault.ts";
import type { Clock } from "../kernel/world.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { beside } from "./beside.ts";
import { createPreparer, type PrepareAnswer, type Preparer, type PreparingThread } from "./preparer.ts";
import type { GuestStart } from "./protocol.ts";

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

/** A guest's thread that was started ahead and waits for its start, if that is wanted. */
const spare: { wanted: boolean; thread: Worker | undefined } = { wanted: false, thread: undefined };
/** The next one is started when the guest that took this one has had its time to begin. */
const SPARE_AFTER_MS = 1000;

/** Throws what `Worker` throws. */
export function guestThread(start: GuestStart): Worker {
  const { thread } = spare;
  // A command's files are closed with its thread, however that ends.
  const trackUnmanagedFds = start.command !== undefined;
  if (thread === undefined || trackUnmanagedFds || (start.tier !== "metered" && start.tier !== "auto")) {
    return startThread("guest", ENGINE_LIMITS.workerHeapMiB, { workerData: start, trackUnmanagedFds });
  }
  spare.thread = undefined;
  setTimeout(startSpare, SPARE_AFTER_MS).unref();
  thread.ref();
  thread.postMessage(start);
  return thread;
}

/** Keeps one thread for a guest of `metered` or `auto` ready, some 7 MB: a module starts without the time that one takes. */
export function keepSpare(wanted: boolean): void {
  spare.wanted = wanted;
  if (wanted) return startSpare();
  void spare.thread?.terminate();
  spare.thread = undefined;
}

function startSpare(): void {
  if (!spare.wanted || spare.thread !== undefined) return;
  try {
    const thread = startThread("guest", ENGINE_LIMITS.workerHeapMiB);
    const gone = () => {
      if (spare.thread === thread) spare.thread = undefined;
    };
    // One that could not start is nobody's loss: the next module's thread is started when it is needed.
    thread.on("error", gone);
    thread.on("exit", gone);
    thread.unref();
    spare.thread = thread;
  } catch {
    spare.thread = undefined;
  }
}

const timer: Clock["after"] = (ms, then) => {
  const set = setTimeout(then, ms).unref();
  return () => clearTimeout(set);
};

/** A preparer over a real thread. Neither the thread nor its timers keep the process alive while it has no work. */
export function threadPreparer(heapMiB: number, after: Clock["after"]): Preparer {
  return createPreparer({
    after,
    spawn({ answer, gone }): PreparingThread {
      const worker = startThread("preparing", heapMiB);
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
}

/** The preparer of this process. */
export const preparer: Preparer = threadPreparer(ENGINE_LIMITS.prepareHeapMiB, timer);
