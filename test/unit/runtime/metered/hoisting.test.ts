/**
 * The leash is a plain load in a loop, which a compiler may take for the same every time: then no request to stop would
 * ever be seen. V8 does not do so today. This keeps watch, in the baseline compiler and in the optimising one.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { EPOCH, instrument, METER_EXPORTS, WHY } from "../../../../runtime/metered/index.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { assemble } from "../../../guests/guests.ts";

const CALL_FREE = {
  loop: '(module (func (export "run") (loop $on (br $on))))',
  "loop over memory": `(module (memory 1) (func (export "run") (local $at i32) (loop $on
    (local.set $at (i32.and (i32.add (local.get $at) (i32.load (local.get $at))) (i32.const 0xfffc))) (br $on))))`,
  "loop of two": `(module (func (export "run") (local $n i64) (loop $on (loop $inner
    (br_if $inner (i64.lt_u (i64.rem_u (local.tee $n (i64.add (local.get $n) (i64.const 1))) (i64.const 9)) (i64.const 8))))
    (br $on))))`,
};

/** In a process of its own, because V8's flags are a process's: the guest spins in a thread, and is stopped after a while. */
const GUEST = `const { parentPort, workerData } = require("node:worker_threads");
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(workerData));
parentPort.postMessage(exports["${METER_EXPORTS.epoch}"].buffer);
try { exports.run(); } catch {}
parentPort.postMessage(exports["${METER_EXPORTS.why}"].value);`;
const HOST = `const { Worker } = require("node:worker_threads");
const { once } = require("node:events");
(async () => {
  for (const wasm of JSON.parse(process.argv[1])) {
    const guest = new Worker(${JSON.stringify(GUEST)}, { eval: true, workerData: Buffer.from(wasm, "base64") });
    const word = new Int32Array((await once(guest, "message"))[0]);
    await new Promise((done) => setTimeout(done, 60));
    const ended = once(guest, "message");
    Atomics.store(word, 0, ${EPOCH.stop});
    const late = setTimeout(() => { console.log("it did not stop"); process.exit(1); }, 10_000);
    console.log((await ended)[0]);
    clearTimeout(late);
    await guest.terminate();
  }
})();`;

/** With twins a loop becomes a new call now and then; without, the load stays in one loop for ever. */
const guests = Object.values(CALL_FREE).flatMap((wat) =>
  [false, true].map((reentry) => {
    const valid = unwrap(validateModule(unwrap(decodeModule(assemble(wat)))));
    const { bytes } = unwrap(instrument(valid, { epoch: true, fuel: "none", reentry }));
    return Buffer.from(bytes).toString("base64");
  }),
);

describe("a request to stop a loop that calls nothing", () => {
  it.each([
    ["the baseline compiler's", "--no-wasm-tier-up"],
    ["the optimising compiler's", "--no-liftoff"],
  ])("is seen in code of %s", { timeout: 90_000 }, (_whose, flag) => {
    const args = [flag, "-e", HOST, JSON.stringify(guests)];
    const child = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 80_000 });
    expect(child.stderr).toBe("");
    expect(child.stdout).toBe(`${WHY.stopped}\n`.repeat(guests.length));
  });
});
