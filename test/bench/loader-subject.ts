/**
 * One subject on one module, as a process of its own: `node --expose-gc loader-subject.ts <subject> <wasm> <rounds>`.
 * Prints CPU seconds (user and system, all threads) of the first round and of the least, and memory in bytes: what the
 * first round keeps, and how far the process grew at most during it, both beside the module's bytes themselves.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { decodeModule } from "../../runtime/binary/decode.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { validateModule } from "../../runtime/validate/module.ts";

const SUBJECTS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  decode: (bytes) => unwrap(decodeModule(bytes)),
  "decode and validate": (bytes) => unwrap(validateModule(unwrap(decodeModule(bytes)))),
  "v8 validate": (bytes) => WebAssembly.validate(bytes),
  "v8 compile": (bytes) => new WebAssembly.Module(bytes),
};

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** V8's modules are outside of its heap: what the whole process has, which is exact to a few hundred kilobytes. */
async function settled(native: boolean): Promise<number> {
  for (let left = 5; left > 0; left -= 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((done) => setTimeout(done, 20));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return native ? rss : heapUsed + external;
}
/** The most that the process has had since the mark was set back, which Linux lets it do. */
const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;

const [, , subject = "", file = "", rounds = "1"] = process.argv;
const work = SUBJECTS[subject];
if (work === undefined) throw new Error(`there is no subject "${subject}"`);
const bytes = new Uint8Array(readFileSync(file));
const native = subject.startsWith("v8");
const keptBefore = await settled(native);
writeFileSync("/proc/self/clear_refs", "5");
const peakBefore = peak();
const start = cpuSeconds();
let result: unknown = work(bytes);
const first = cpuSeconds() - start;
const grown = peak() - peakBefore;
const kept = (await settled(native)) - keptBefore;
let least = first;
for (let left = Number(rounds) - 1; left > 0; left -= 1) {
  // What the round before gave is let go first.
  result = undefined;
  const before = cpuSeconds();
  result = work(bytes);
  least = Math.min(least, cpuSeconds() - before);
}
process.stdout.write(`${JSON.stringify({ first, least, kept, grown, done: result !== undefined })}\n`);
