/** What only the metered tier can: stand still in the middle of a call, and start from what was prepared before. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openCodeCache } from "../../../../agent/store/code-cache.ts";
import { hostModule } from "../../../../devices/index.ts";
import { engineOf, type Guest, type GuestOptions, load } from "../../../../runtime/index.ts";
import { nodeClock } from "../../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { assemble } from "../../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 300, logLinesPerMin: 60 };
const running: Guest[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.terminate())));
const event = () => ({ kind: 2, handle: 0, timeNs: 0n, arg: 0 });
const PUBLISH = '(import "sallyport_v1" "mqtt_publish" (func $publish (param i32 i32 i32 i32 i32) (result i32)))';
/** A guest whose handler is one expression over the imports of the ABI. */
const guest = (imports: string, body: string) => `(module ${imports} (memory (export "memory") 1)
  (func (export "sp_handle") (param $kind i32) (param $handle i32) (param $time i64) (param $arg i32) (result i32) ${body}))`;

describe("a guest of the metered tier", () => {
  const metered = (wat: string, over: Partial<GuestOptions> = {}) =>
    engineOf("metered").start({
      module: unwrap(load(assemble(wat), LIMITS)),
      host: hostModule,
      port: { call: () => ({ value: 0 }) },
      limits: LIMITS,
      identity: { deviceId: "porch-1", moduleName: "test", moduleVersion: "1.0.0" },
      local: {},
      clock: nodeClock,
      onLog: () => undefined,
      ...over,
    });

  it("stands still when it is paused, goes on when it is resumed, and ends when it overruns meanwhile", async () => {
    let calls = 0;
    const port = {
      call() {
        calls += 1;
        return { value: 0 };
      },
    };
    const spinning = guest(
      PUBLISH,
      "(loop (drop (call $publish (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0))) (br 0)) (i32.const 0)",
    );
    const it = unwrap(await metered(spinning, { port, limits: { ...LIMITS, callMs: 1500 } }));
    running.push(it);
    const over = it.handle(event());
    const turns = async (count: number) => {
      for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    while (calls < 10) await turns(1);
    expect(it.pause()).toBe(true);
    // A guest that goes on is never quiet for so long, and the test ends by its time.
    for (let before = -1; before !== calls; await turns(5000)) before = calls;
    const still = calls;
    it.resume();
    while (calls < still + 10) await turns(1);
    expect(it.pause()).toBe(true);
    expect((await over).ok).toBe(false);
    expect(await it.ended).toMatchObject({ why: "deadline" });
  });

  it("is not prepared a second time, in this process or the next, and a damaged cache is not believed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-code-"));
    try {
      const cache = openCodeCache(folder);
      const module = guest("", `(i32.const ${String(process.pid)})`);
      running.push(unwrap(await metered(module, { cache })));
      const [file = ""] = readdirSync(folder);
      expect(file).toMatch(/^metered-\d+-[0-9a-f]{64}$/);
      expect(cache.get(file)).toBeDefined();
      const path = join(folder, file);
      const bytes = readFileSync(path);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(path, bytes);
      expect(cache.get(file)).toBeUndefined();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("that starts in a thread kept ready, or in another because that one is taken, is a guest like any other", async () => {
    const ready = engineOf("metered");
    ready.keepSpare?.(true);
    ready.keepSpare?.(true);
    try {
      const module = guest("", "(local.get $arg)");
      const all = [unwrap(await metered(module)), unwrap(await metered(module))];
      running.push(...all);
      for (const [n, one] of all.entries()) expect(unwrap(await one.handle({ ...event(), arg: n + 5 }))).toBe(n + 5);
      const trapping = unwrap(await metered(guest("", "(unreachable)")));
      expect((await trapping.handle(event())).ok).toBe(false);
      expect(await trapping.ended).toMatchObject({ why: "trap", code: "unreachable" });
    } finally {
      ready.keepSpare?.(false);
    }
  });
});
