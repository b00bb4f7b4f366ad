/**
 * A module that runs away costs its neighbour no tick: each one is answered, in order, while the other is where it will
 * not come back from by itself, while it is being ended, and after. Time is the test's: nothing waits for a number of
 * milliseconds, and nothing depends on how fast this machine is.
 */
import { afterEach, describe, expect, it } from "vitest";
import { hostModule } from "../../devices/index.ts";
import { ByteWriter } from "../../runtime/binary/writer.ts";
import { EVENT, engineOf, type Guest, type GuestOptions, type HostPort, load } from "../../runtime/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import { ENGINE_LIMITS } from "../../runtime/limits.ts";
import { SteppingClock } from "../fakes/clock.ts";
import { assemble } from "../guests/guests.ts";

const CALL_MS = 60_000;
const TICKS = 100;
const running: Guest[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.terminate())));

function start(wasm: Uint8Array, clock: Clock, port: HostPort, memoryPages = 16) {
  const limits = { memoryPages, tableElements: 8, callMs: CALL_MS, logLinesPerMin: 60 };
  const options: GuestOptions = {
    module: unwrap(load(wasm, limits)),
    host: hostModule,
    port,
    limits,
    identity: { deviceId: "porch-1", moduleName: "test", moduleVersion: "1.0.0" },
    local: {},
    clock,
    onLog: () => undefined,
  };
  return engineOf("metered").start(options);
}

/** Counts its ticks and answers with their number. */
const NEIGHBOUR = `(module (memory (export "memory") 1) (global $ticks (mut i32) (i32.const 0))
  (func (export "sp_handle") (param i32 i32 i64 i32) (result i32)
    (global.set $ticks (i32.add (global.get $ticks) (i32.const 1))) (global.get $ticks)))`;

const PUBLISH = '(import "sallyport_v1" "mqtt_publish" (func $publish (param i32 i32 i32 i32 i32) (result i32)))';
/** Says where it is by a host call, which the port hears. */
const HERE = "(drop (call $publish (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))";
const runaway = (body: string, pages = 1) => `(module ${PUBLISH} (memory (export "memory") ${pages})
  (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) ${HERE} ${body} (i32.const 0)))`;

interface Case {
  readonly wasm: () => Uint8Array;
  readonly pages: number;
  /** The host call that says where it is, is never answered. */
  readonly blocks?: true;
}
const CASES: Readonly<Record<string, Case>> = {
  "in a loop": { wasm: () => assemble(runaway("(loop $on (br $on))")), pages: 1 },
  "in memory.fill of 1 GiB": {
    wasm: () =>
      assemble(runaway("(loop $on (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000)) (br $on))", 16_384)),
    pages: 16_384,
  },
  "in a host call that is not answered": { wasm: () => assemble(runaway("")), pages: 1, blocks: true },
  "in its start function, behind 48 MiB of data": { wasm: () => withData(48), pages: 1024 },
};

/** A module that writes so many MiB when it starts, and then says where it is and turns for ever. */
function withData(mebibytes: number): Uint8Array {
  const code = assemble(`(module ${PUBLISH} (memory (export "memory") 1024)
    (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.const 0))
    (func $begin ${HERE} (loop $on (br $on))) (start $begin))`);
  const out = new ByteWriter(mebibytes * 2 ** 20 + code.length + 64);
  out.raw(code);
  out.section(11, (to) => {
    to.raw(Uint8Array.of(1, 0, 0x41, 0, 0x0b));
    to.u32(mebibytes * 2 ** 20);
    to.raw(new Uint8Array(mebibytes * 2 ** 20));
  });
  return out.bytes;
}

describe("a neighbour misses no tick while another module is", () => {
  it.each(Object.entries(CASES))("%s", async (_name, { wasm, pages, blocks }) => {
    const neighbour = unwrap(await start(assemble(NEIGHBOUR), nodeClock, { call: () => ({ value: 0 }) }));
    running.push(neighbour);
    let sent = 0;
    /** One more tick, answered with its number: none before it was lost, none was answered twice. */
    const tick = async () => {
      sent += 1;
      const answer = await neighbour.handle({ kind: EVENT.TICK, handle: 0, timeNs: 0n, arg: 0 });
      expect(answer).toEqual({ ok: true, value: sent });
    };

    const clock = new SteppingClock();
    let here = false;
    let over = false;
    const port: HostPort = {
      call() {
        here = true;
        return blocks === true ? new Promise(() => undefined) : { value: 0 };
      },
    };
    const other = start(wasm(), clock, port, pages).then(async (started) => {
      if (!started.ok) return started.error.code;
      running.push(started.value);
      await started.value.handle({ kind: EVENT.TICK, handle: 0, timeNs: 0n, arg: 0 });
      return (await started.value.ended).why;
    });
    const ending = other.finally(() => {
      over = true;
    });

    while (!here) await tick();
    for (let n = 0; n < TICKS; n += 1) await tick();
    expect(over).toBe(false);

    clock.advance(CALL_MS + ENGINE_LIMITS.deadlineGraceMs);
    // The deadline first lets in what is in the queue already, for a turn of the event loop.
    await Promise.all([new Promise((turn) => setImmediate(turn)), tick()]);
    clock.advance(ENGINE_LIMITS.stopMs);
    while (!over) await tick();
    for (let n = 0; n < TICKS; n += 1) await tick();
    expect(["deadline", "ENGINE_DEADLINE"]).toContain(await ending);
  });
});
