/** What the host says when it has no memory for a guest is not taken for something that the guest did. */
import { describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { engineOf, load } from "../../../runtime/index.ts";
import { interpreterTier } from "../../../runtime/interpret/guest-code.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import type { Clock } from "../../../runtime/kernel/world.ts";
import { ENGINE_LIMITS } from "../../../runtime/limits.ts";
import { meteredTier } from "../../../runtime/metered/guest-code.ts";
import { v8Tier } from "../../../runtime/v8/guest-code.ts";
import { assemble, GUESTS } from "../../guests/guests.ts";

/** As V8 words it: of an instance's memory, and of an array. */
const WORDINGS = [
  "WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
  "Array buffer allocation failed",
];

describe.each([
  ["metered", meteredTier()],
  ["interpreter", interpreterTier],
  ["v8", v8Tier],
])("in the %s tier", (_name, tier) => {
  it.each(WORDINGS)("%s", (message) => {
    expect(tier.trapOf(new RangeError(message), undefined)).toEqual({ code: "out-of-memory", message });
  });
});

it("a stack without end is still the guest's own doing", () => {
  const thrown = new RangeError("Maximum call stack size exceeded");
  expect(v8Tier.trapOf(thrown, undefined).code).toBe("call-stack-exhausted");
});

describe("a thread", () => {
  const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 300, logLinesPerMin: 60 };
  const start = (wat: string, clock: Clock) =>
    engineOf("interpreter").start({
      module: unwrap(load(assemble(wat), LIMITS)),
      host: hostModule,
      port: { call: () => ({ value: 0 }) },
      limits: LIMITS,
      identity: { deviceId: "porch-1", moduleName: "test", moduleVersion: "1.0.0" },
      local: {},
      clock,
      onLog: () => undefined,
    });

  it("that does not come up is the board's lack, and not the module's", async () => {
    const hurried: Clock = {
      ...nodeClock,
      after: (ms, then) => (ms === ENGINE_LIMITS.workerStartMs ? nodeClock.after(0, then) : nodeClock.after(ms, then)),
    };
    const busy = new Int32Array(new SharedArrayBuffer(4));
    const started = start(GUESTS.echo, hurried);
    // The timer is due before any message of the thread's can be read.
    Atomics.wait(busy, 0, 0, 5);
    expect(await started).toMatchObject({ ok: false, error: { code: "ENGINE_START", kind: "environment" } });
  });

  it("whose module takes too long in its start function is the module's own doing", async () => {
    const started = await start(GUESTS.spinInStart, nodeClock);
    expect(started).toMatchObject({ ok: false, error: { code: "ENGINE_DEADLINE", kind: "refusal" } });
  });
});
