/** A guest of the tier `auto`: one guest before and after it has moved, and one that stays where it is. */
import { afterEach, describe, expect, it } from "vitest";
import { hostModule } from "../../../../devices/index.ts";
import { autoTier } from "../../../../runtime/auto/guest-code.ts";
import { PLAIN_GRADE } from "../../../../runtime/engine.ts";
import { engineFault } from "../../../../runtime/faults.ts";
import { engineOf, type Guest, type GuestOptions, load } from "../../../../runtime/index.ts";
import { nodeClock } from "../../../../runtime/kernel/node-world.ts";
import { err, unwrap } from "../../../../runtime/kernel/result.ts";
import { prepare } from "../../../../runtime/metered/prepare.ts";
import { startGuest } from "../../../../runtime/worker/host.ts";
import type { Preparer } from "../../../../runtime/worker/preparer.ts";
import { keepSpare, preparer } from "../../../../runtime/worker/threads.ts";
import { assemble } from "../../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 300, logLinesPerMin: 60 };
const running: Guest[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.terminate())));

const event = (arg = 0) => ({ kind: 2, handle: 0, timeNs: 0n, arg });
const PUBLISH = '(import "sallyport_v1" "mqtt_publish" (func $publish (param i32 i32 i32 i32 i32) (result i32)))';
let modules = 0;

/**
 * Counts in a global that the start function has set to 100, keeps the number in memory, calls one of two functions of a
 * table in turns, the other one next time, and publishes what that says; nothing of this is exported. Loops when `arg` is 1.
 */
function counter(more = ""): string {
  // No two are the same module, so that none finds the other's code.
  modules += 1;
  return `(module ${PUBLISH} (type $say (func (param i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 16) "count")
    (global $n (mut i32) (i32.const 0)) (table $t 2 funcref) (elem (table $t) (i32.const 0) func $even $odd)
    ${more}
    (func $start (global.set $n (i32.const 100))) (start $start)
    (func $even (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $odd (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 2)) (i32.const 1)))
    (func $swap (local $f funcref)
      (local.set $f (table.get $t (i32.const 0)))
      (table.set $t (i32.const 0) (table.get $t (i32.const 1)))
      (table.set $t (i32.const 1) (local.get $f)))
    (func (export "sp_handle") (param $kind i32) (param $handle i32) (param $time i64) (param $arg i32) (result i32)
      (if (i32.eq (local.get $arg) (i32.const 1)) (then (loop $for (br $for))))
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
      (i32.store (i32.const 64) (call_indirect $t (type $say) (global.get $n) (i32.const 0)))
      (call $swap)
      (drop (call $publish (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 4) (i32.const ${modules})))
      (i32.load (i32.const 32))))`;
}

/** Has prepared only when the test says so. */
function held() {
  const until = Promise.withResolvers<void>();
  const by: Preparer = {
    ...preparer,
    async prepare(wasm, options) {
      await until.promise;
      return preparer.prepare(wasm, options);
    },
  };
  return { by, release: () => until.resolve() };
}

async function start(wat: string, over: Partial<GuestOptions> = {}) {
  const { by, release } = held();
  const said: number[] = [];
  const port = {
    call({ bytes: [, payload] }: { readonly bytes: readonly Uint8Array[] }) {
      said.push(new DataView((payload ?? new Uint8Array(4)).slice().buffer).getInt32(0, true));
      return { value: 0 };
    },
  };
  const options = {
    module: unwrap(load(assemble(wat), LIMITS)),
    host: hostModule,
    port,
    limits: LIMITS,
    identity: { deviceId: "porch-1", moduleName: "test", moduleVersion: "1.0.0" },
    local: {},
    clock: nodeClock,
    onLog: () => undefined,
    ...over,
  };
  const guest = unwrap(await startGuest("auto", options, by));
  running.push(guest);
  const until = async (done: () => boolean) => {
    while (!done()) unwrap(await guest.handle(event()));
  };
  return { guest, said, until, release, options };
}

describe("a guest of the tier auto", () => {
  it("begins in the interpreter, moves between two calls, and misses no message and no state", async () => {
    const { guest, said, until, release } = await start(counter());
    const calls = 50;
    for (let n = 0; n < calls; n += 1) expect(await guest.handle(event())).toEqual({ ok: true, value: n + 1 });
    expect(guest.stats().tier).toBe("interpreter");
    release();
    await until(() => guest.stats().tier === "metered");
    await until(() => said.length % calls === 0);
    const total = said.length;
    expect(await guest.handle(event())).toEqual({ ok: true, value: total + 1 });
    expect(said).toEqual(Array.from({ length: total + 1 }, (_, n) => (101 + n) * 2 + (n % 2)));
    expect(guest.stats()).toMatchObject({ tier: "metered", calls: total + 2 });
    expect(guest.stats().stays).toBeUndefined();
  });

  it("ends by its deadline in the interpreter", async () => {
    const { guest } = await start(counter());
    expect(guest.stats().tier).toBe("interpreter");
    expect(guest.pause()).toBe(false);
    expect((await guest.handle(event(1))).ok).toBe(false);
    expect(await guest.ended).toMatchObject({ why: "deadline", callMs: LIMITS.callMs });
  });

  it("ends by its deadline after it has moved, and can be paused there", async () => {
    const { guest, release, until } = await start(counter());
    release();
    await until(() => guest.stats().tier === "metered");
    expect(guest.pause()).toBe(true);
    guest.resume();
    expect((await guest.handle(event(1))).ok).toBe(false);
    expect(await guest.ended).toMatchObject({ why: "deadline" });
  });

  it("does not move in the middle of a call, however long that waits for its host", async () => {
    const answer = Promise.withResolvers<{ readonly value: number }>();
    const { guest, release, until } = await start(counter(), { port: { call: () => answer.promise } });
    const first = guest.handle(event());
    release();
    // Others are prepared meanwhile, one after the other, so this one's code is there.
    unwrap(await preparer.prepare(assemble(counter()), { grade: PLAIN_GRADE }));
    expect(guest.stats().tier).toBe("interpreter");
    answer.resolve({ value: 0 });
    expect(await first).toEqual({ ok: true, value: 1 });
    await until(() => guest.stats().tier === "metered");
  });

  it("begins where it would end when its code is prepared in time, or has been before", async () => {
    const kept = new Map<string, Uint8Array>();
    const cache = {
      get: (key: string) => kept.get(key),
      put: (key: string, made: Uint8Array) => void kept.set(key, made),
    };
    const { options, release, guest, until } = await start(counter(), { cache });
    release();
    await until(() => guest.stats().tier === "metered");
    expect([...kept.keys()]).toEqual([expect.stringMatching(/^auto-/)]);
    const again = unwrap(await engineOf("auto").start(options));
    running.push(again);
    expect(again.stats().tier).toBe("metered");
    expect(await again.handle(event())).toEqual({ ok: true, value: 1 });

    const module = unwrap(load(assemble(counter()), LIMITS));
    const made = preparer.prepare(module.bytes, { grade: PLAIN_GRADE, carry: true });
    await made;
    const early = unwrap(await startGuest("auto", { ...options, module }, { ...preparer, prepare: () => made }));
    running.push(early);
    expect(early.stats().tier).toBe("metered");
    expect(await early.handle(event())).toEqual({ ok: true, value: 1 });
  });

  it.each([
    ["a small module beside the start of its thread", 100, ["prepared", "start"]],
    ["a large one when its start function has run", 100_000, ["start", "prepared"]],
  ] as const)("is prepared: %s", async (_which, bytes, expected) => {
    const order: string[] = [];
    const by: Preparer = {
      ...preparer,
      prepare(...given) {
        order.push("prepared");
        return preparer.prepare(...given);
      },
    };
    const { options } = await start(counter());
    const wat = `(module ${PUBLISH} (memory (export "memory") 4) (data "${"x".repeat(bytes)}") (start $start)
      (func $start (drop (call $publish (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))))`;
    const port = {
      call() {
        order.push("start");
        return { value: 0 };
      },
    };
    const module = unwrap(load(assemble(wat), LIMITS));
    running.push(unwrap(await startGuest("auto", { ...options, module, port }, by)));
    expect(order).toEqual(expected);
  });

  it("takes a thread that was kept ready, and moves there as well", async () => {
    keepSpare(true);
    try {
      const { guest, said, until, release } = await start(counter());
      await until(() => said.length === 3);
      expect(guest.stats().tier).toBe("interpreter");
      release();
      await until(() => guest.stats().tier === "metered");
      await until(() => said.length > 3);
      expect(said.slice(0, 4)).toEqual([202, 205, 206, 209]);
    } finally {
      keepSpare(false);
    }
  });

  it("goes on in the interpreter when nothing can be prepared", async () => {
    const refused = async () => err(engineFault("ENGINE_PREPARE", { reason: "it takes too long" }));
    const { options } = await start(counter());
    const module = unwrap(load(assemble(counter()), LIMITS));
    const guest = unwrap(await startGuest("auto", { ...options, module }, { ...preparer, prepare: refused }));
    running.push(guest);
    expect(await guest.handle(event())).toEqual({ ok: true, value: 1 });
    expect(guest.stats()).toMatchObject({ tier: "interpreter", stays: "refused" });
    expect(await guest.handle(event())).toEqual({ ok: true, value: 2 });
  });

  it("begins in the metered tier when it is too large for the interpreter's thread", async () => {
    const { options } = await start(counter());
    const module = unwrap(load(assemble(counter("(func)".repeat(50_000))), LIMITS));
    const guest = unwrap(await engineOf("auto").start({ ...options, module }));
    running.push(guest);
    expect(guest.stats().tier).toBe("metered");
    expect(await guest.handle(event())).toEqual({ ok: true, value: 1 });
  });

  it("stays in the interpreter, and says why, when its state is of a kind that is not carried", async () => {
    const globals = "(global (mut i32) (i32.const 0))".repeat(4200);
    const { guest, said, until, release } = await start(counter(globals));
    expect(guest.stats()).toMatchObject({ tier: "interpreter", stays: "shape" });
    release();
    await until(() => said.length === 3);
    expect(said).toEqual([202, 205, 206]);
    const objects = await start(counter("(type $s (struct)) (global $g (mut anyref) (struct.new $s))"));
    objects.release();
    await objects.until(() => objects.guest.stats().stays !== undefined);
    expect(objects.guest.stats()).toMatchObject({ tier: "interpreter", stays: "objects" });
    await objects.until(() => objects.said.length >= 3);
    expect(objects.said.slice(0, 3)).toEqual([202, 205, 206]);
  });
});

describe("the code of a guest that cannot move", () => {
  const made = () => {
    const said: number[] = [];
    const wasm = assemble(`(module (import "host" "say" (func $say (param i32) (result i32)))
      (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
      (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.store8 (i32.const 0) (global.get $n))
        (call $say (global.get $n)))
      (func (export "trap") unreachable))`);
    const functions = {
      say(one: number | bigint) {
        said.push(Number(one));
        return one;
      },
    };
    const tier = autoTier(wasm);
    return { tier, code: tier.make(wasm, "host", functions), wasm, said };
  };

  it("goes on as it was when the host's compiler refuses, when its exports are missing, and is not asked again", () => {
    const refused = made();
    refused.code.call("next");
    expect(refused.code.move({ bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d) })).toBe("refused");
    expect(refused.code.call("next")).toBe(2);
    expect(refused.code.memory()[0]).toBe(2);
    expect(refused.code.move({ bytes: prepare(refused.wasm, undefined, true) })).toBe("refused");
    expect(refused.code.leash).toBeUndefined();

    const failed = made();
    failed.code.call("next");
    expect(failed.code.move({ bytes: prepare(failed.wasm) })).toBe("failed");
    expect(failed.code.call("next")).toBe(2);
    expect([failed.code.stays, failed.code.leash]).toEqual(["failed", undefined]);
    expect(failed.said).toEqual([1, 2]);
  });

  it("names a trap as the tier names it that it runs in", () => {
    const { tier, code, wasm, said } = made();
    const trap = () => {
      try {
        code.call("trap");
      } catch (thrown) {
        return tier.trapOf(thrown, code).code;
      }
      return "none";
    };
    code.call("next");
    expect(trap()).toBe("unreachable");
    expect(code.move({ bytes: prepare(wasm, undefined, true) })).toBeUndefined();
    expect(code.leash).toBeInstanceOf(SharedArrayBuffer);
    expect(trap()).toBe("unreachable");
    expect([code.call("next"), code.memory()[0]]).toEqual([2, 2]);
    expect(said).toEqual([1, 2]);
  });
});
