/**
 * The thread that prepares modules, see preparer.ts. It sees bytes of strangers and nothing else: no file, no network, no
 * environment, a heap of its own that ends with it.
 */
import { parentPort } from "node:worker_threads";
import { PLAIN_GRADE } from "../engine.ts";
import { validateFault } from "../faults.ts";
import { assert } from "../kernel/assert.ts";
import { Fault, reasonOf } from "../kernel/fault.ts";
import { prepare } from "../metered/prepare.ts";
import type { PrepareAnswer, PrepareJob } from "./preparer.ts";
import { trainingModule } from "./training.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker");

function compile(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw validateFault("VALIDATE_SECOND_OPINION", { reason: reasonOf(error) }, error);
  }
}

function answerTo({ wasm, grade, carry }: PrepareJob): PrepareAnswer {
  try {
    const bytes = prepare(wasm, grade, carry);
    return { prepared: { bytes, compiled: compile(bytes) } };
  } catch (error) {
    // What is no refusal is our own mistake: it ends the thread, and with it the module's start.
    if (!(error instanceof Fault)) throw error;
    return { refused: { code: error.code, facts: error.facts } };
  }
}

/**
 * Half of what the first module would take goes into compiling this very program. Each lesson is a few milliseconds, and
 * a module that comes waits for one at most; more lessons than these cost more than they save.
 */
let lessons = 12;
function practise(): void {
  if (lessons === 0) return;
  lessons -= 1;
  answerTo({ wasm: trainingModule(), grade: PLAIN_GRADE });
  setImmediate(practise);
}

setImmediate(practise);
port.on("message", (job: PrepareJob) => port.postMessage(answerTo(job)));
