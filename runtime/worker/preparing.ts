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
import { HANDED_OVER, type PrepareAnswer, type PrepareJob } from "./preparer.ts";
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
    const compiled = compile(bytes);
    return { prepared: bytes.length > HANDED_OVER ? { bytes } : { bytes, compiled } };
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
port.on("message", (job: PrepareJob) => {
  const answer = answerTo(job);
  // Given away, not copied: the agent's thread has no time for it.
  port.postMessage(answer, "prepared" in answer ? [answer.prepared.bytes.buffer as ArrayBuffer] : []);
});
