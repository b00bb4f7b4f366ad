/** A guest on its leash: calls that cross, pointers that lie, deadlines, rights that end, floods. */
import { afterEach, describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { engineOf, type Guest, type GuestOptions, type HostCall, load, SP } from "../../../runtime/index.ts";
import { fromUtf8, utf8 } from "../../../runtime/kernel/bytes.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { assemble, GUESTS } from "../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 300, logLinesPerMin: 60 };
const running: Guest[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.terminate())));

describe.each(["metered", "interpreter", "auto"] as const)("in the %s tier", (tier) => {
  function start(wat: string, over: Partial<GuestOptions> = {}) {
    return engineOf(tier).start({
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
  }
  async function up(wat: string, over: Partial<GuestOptions> = {}): Promise<Guest> {
    const guest = unwrap(await start(wat, over));
    running.push(guest);
    return guest;
  }
  const event = (arg: number, payload?: Uint8Array) => ({
    kind: 2,
    handle: 0,
    timeNs: 0n,
    arg,
    ...(payload === undefined ? {} : { payload }),
  });

  /** A guest whose handler is one expression over the imports of the ABI. */
  const guest = (
    imports: string,
    body: string,
  ) => `(module ${imports} (memory (export "memory") 1) (data (i32.const 16) "count")
  (func (export "sp_handle") (param $kind i32) (param $handle i32) (param $time i64) (param $arg i32) (result i32) ${body}))`;
  const PUBLISH = '(import "sallyport_v1" "mqtt_publish" (func $publish (param i32 i32 i32 i32 i32) (result i32)))';
  const KV_GET = '(import "sallyport_v1" "kv_get" (func $get (param i32 i32 i32 i32) (result i32)))';
  const RANDOM = '(import "sallyport_v1" "random_get" (func $random (param i32 i32) (result i32)))';
  const READ = '(import "sallyport_v1" "event_read" (func $read (param i32 i32 i32) (result i32)))';

  it("has a memory when its start function calls the host", async () => {
    const calls: HostCall[] = [];
    const port = {
      call(call: HostCall) {
        calls.push(call);
        return { value: 0 };
      },
    };
    const begins = `(module ${PUBLISH} (memory (export "memory") 1) (data (i32.const 16) "count") (start $s)
      (func $s (drop (call $publish (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0)))))`;
    await up(begins, { port });
    expect(calls.map(({ bytes: [name] }) => fromUtf8(name ?? new Uint8Array()))).toEqual(["count"]);
  });

  describe("a crossing call", () => {
    it("carries numbers and bytes there and the answer back, also when it is answered later", async () => {
      const calls: HostCall[] = [];
      const port = {
        call: async (call: HostCall) => {
          calls.push(call);
          await Promise.resolve();
          return { value: 7 };
        },
      };
      const it = await up(
        guest(PUBLISH, "(call $publish (i32.const 16) (i32.const 5) (i32.const 17) (i32.const 3) (i32.const -2))"),
        { port },
      );
      expect(await it.handle(event(0))).toEqual({ ok: true, value: 7 });
      expect(calls.map((one) => [one.name, one.ints, one.bytes.map((part) => fromUtf8(part))])).toEqual([
        ["mqtt_publish", [-2n], ["count", "oun"]],
      ]);
    });

    it("writes no more than the guest's capacity and gives the full length", async () => {
      const port = { call: () => ({ value: 9, out: utf8("ninebytes") }) };
      const it = await up(
        guest(
          KV_GET,
          "(drop (call $get (i32.const 16) (i32.const 1) (i32.const 100) (i32.const 4))) (i32.load (i32.const 104))",
        ),
        { port },
      );
      expect(await it.handle(event(0))).toEqual({ ok: true, value: 0 });
      const length = await up(guest(KV_GET, "(call $get (i32.const 16) (i32.const 1) (i32.const 100) (i32.const 4))"), {
        port,
      });
      expect(await length.handle(event(0))).toEqual({ ok: true, value: 9 });
    });

    it("gives SP_EFAULT for a pointer outside the memory and SP_ETOOBIG for a name too long, and does not cross", async () => {
      let crossed = 0;
      const port = {
        call: () => {
          crossed += 1;
          return { value: 0 };
        },
      };
      const at = (pointer: string, length: string) =>
        guest(PUBLISH, `(call $publish ${pointer} ${length} (i32.const 0) (i32.const 0) (i32.const 0))`);
      const outside = await up(at("(i32.const 65530)", "(i32.const 20)"), { port });
      expect(await outside.handle(event(0))).toEqual({ ok: true, value: SP.EFAULT });
      const wrapped = await up(at("(i32.const -4)", "(i32.const 8)"), { port });
      expect(await wrapped.handle(event(0))).toEqual({ ok: true, value: SP.EFAULT });
      const long = await up(at("(i32.const 0)", "(i32.const 65)"), { port });
      expect(await long.handle(event(0))).toEqual({ ok: true, value: SP.ETOOBIG });
      expect(crossed).toBe(0);
    });

    it("gives SP_EIO when the host's side throws", async () => {
      const port = {
        call: () => {
          throw new Error("the driver is broken");
        },
      };
      const it = await up(
        guest(PUBLISH, "(call $publish (i32.const 16) (i32.const 5) (i32.const 17) (i32.const 3) (i32.const 0))"),
        { port },
      );
      expect(await it.handle(event(0))).toEqual({ ok: true, value: SP.EIO });
    });

    it("made 100 000 times in a row lets timers run in between", async () => {
      const it = await up(GUESTS.burst, { limits: { ...LIMITS, callMs: 30_000 } });
      let ticks = 0;
      const timer = setInterval(() => (ticks += 1), 5);
      await it.handle(event(0));
      clearInterval(timer);
      expect(it.stats().hostCalls).toBe(100_000);
      expect(ticks).toBeGreaterThan(5);
    });
  });

  describe("the leash", () => {
    it("ends a call that does not return, and every later call says so", async () => {
      const it = await up(GUESTS.loopForever);
      const first = await it.handle(event(0));
      expect(!first.ok && first.error.code).toBe("ENGINE_GUEST_ENDED");
      expect(await it.ended).toMatchObject({ why: "deadline", callMs: LIMITS.callMs });
      expect((await it.handle(event(0))).ok).toBe(false);
    });

    it("covers the start function", async () => {
      const spinning = await start(GUESTS.spinInStart);
      expect(!spinning.ok && spinning.error.code).toBe("ENGINE_DEADLINE");
      const trapping = await start(GUESTS.trapInStart);
      expect(!trapping.ok && trapping.error.code).toBe("ENGINE_TRAP");
    });

    it("ends a guest that waits for an answer which never comes", async () => {
      const it = await up(
        guest(PUBLISH, "(call $publish (i32.const 16) (i32.const 5) (i32.const 17) (i32.const 3) (i32.const 0))"),
        {
          port: { call: () => new Promise(() => undefined) },
        },
      );
      void it.handle(event(0));
      await it.terminate();
      expect(await it.ended).toEqual({ why: "stopped" });
    });

    it("names the trap and says when the memory was at its maximum", async () => {
      const it = await up(GUESTS.growForever);
      await it.handle(event(0));
      expect(await it.ended).toMatchObject({ why: "trap", code: "unreachable", memoryAtMaximum: true });
      expect(it.stats().memoryPages).toBe(LIMITS.memoryPages);
    });

    it.each([
      ["out-of-bounds-memory-access", "(i32.load (i32.const 2000000))"],
      ["integer-divide-by-zero", "(i32.div_u (i32.const 1) (local.get $arg))"],
      ["integer-overflow", "(i32.div_s (i32.const -2147483648) (i32.sub (local.get $arg) (i32.const 1)))"],
      ["invalid-conversion-to-integer", "(i32.trunc_f32_s (f32.const nan))"],
    ])("gives %s its stable code", async (code, body) => {
      const it = await up(guest("", body));
      await it.handle(event(0));
      expect(await it.ended).toMatchObject({ why: "trap", code });
    });

    it("takes endless recursion for a trap, not for a crash", async () => {
      const it = await up(
        '(module (memory (export "memory") 1) (func $f (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))',
      );
      await it.handle(event(0));
      expect(await it.ended).toMatchObject({ why: "trap", code: "call-stack-exhausted" });
    });
  });

  describe("what the worker answers by itself", () => {
    it("is denied without the right, given with it, and revoked with the next call", async () => {
      const wat = guest(RANDOM, "(call $random (i32.const 64) (i32.const 8))");
      const denied = await up(wat);
      expect(await denied.handle(event(0))).toEqual({ ok: true, value: SP.EDENIED });
      const granted = await up(wat, { local: { random: true } });
      expect(await granted.handle(event(0))).toEqual({ ok: true, value: 8 });
      granted.revokeLocal("random");
      expect(await granted.handle(event(0))).toEqual({ ok: true, value: SP.EREVOKED });
    });

    it("gives the event's bytes during the event only, and their full length whatever the capacity", async () => {
      const it = await up(guest(READ, "(call $read (i32.const 1) (i32.const 64) (i32.const 2))"));
      expect(await it.handle(event(0, utf8("payload")))).toEqual({ ok: true, value: 7 });
      expect(await it.handle(event(0))).toEqual({ ok: true, value: SP.ENOENT });
    });

    it("keeps as many log lines as the rate allows and counts the rest", async () => {
      let [kept, dropped] = [0, 0];
      const it = await up(GUESTS.logFlood, {
        limits: { ...LIMITS, callMs: 30_000 },
        onLog: (lines, more) => {
          kept += lines.length;
          dropped += more;
        },
      });
      await it.handle(event(0));
      expect(kept).toBeGreaterThanOrEqual(LIMITS.logLinesPerMin);
      expect(kept).toBeLessThan(LIMITS.logLinesPerMin + 30);
      expect(kept + dropped).toBe(50_000);
    });
  });
});
