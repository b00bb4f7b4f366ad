/** The preparing thread: one module at a time, hostile ones with an end, and the thread only as long as it is needed. */
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../../runtime/binary/writer.ts";
import { PLAIN_GRADE } from "../../../../runtime/engine.ts";
import { ENGINE_LIMITS } from "../../../../runtime/limits.ts";
import {
  createPreparer,
  type PrepareAnswer,
  type PrepareJob,
  type PreparingEvents,
  prepareMs,
} from "../../../../runtime/worker/preparer.ts";
import { preparer, threadPreparer } from "../../../../runtime/worker/threads.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { assemble } from "../../../guests/guests.ts";

const options = { grade: PLAIN_GRADE };
const module = (first: number) => Uint8Array.of(first);
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const prepared = (first: number): PrepareAnswer => ({
  prepared: { bytes: module(first), compiled: new WebAssembly.Module(EMPTY) },
});

/** Threads that do what the test says. */
function rig() {
  const clock = new SteppingClock();
  const threads: { readonly events: PreparingEvents; readonly sent: number[]; ended: boolean }[] = [];
  let full = false;
  const subject = createPreparer({
    after: (ms, then) => clock.after(ms, then),
    spawn(events) {
      if (full) throw new Error("no room for a thread");
      const thread = { events, sent: [] as number[], ended: false };
      threads.push(thread);
      return {
        send: ({ wasm }: PrepareJob) => void thread.sent.push(wasm[0] ?? -1),
        end: () => {
          thread.ended = true;
        },
      };
    },
  });
  return {
    clock,
    threads,
    preparer: subject,
    fill: (now: boolean) => {
      full = now;
    },
    only: (n: number) => {
      const found = threads[n];
      if (found === undefined) throw new Error(`there is no thread ${n}`);
      return found;
    },
  };
}

describe("the preparing thread", () => {
  it("gets one module at a time, in their order, and its answers go to who asked", async () => {
    const { preparer: it, only } = rig();
    const all = [1, 2, 3].map((n) => it.prepare(module(n), options));
    const { sent, events } = only(0);
    expect(sent).toEqual([1]);
    events.answer(prepared(11));
    expect(sent).toEqual([1, 2]);
    events.answer({ refused: { code: "METER_NAME", facts: { name: "sallyport:why" } } });
    events.answer(prepared(13));
    const [first, second, third] = await Promise.all(all);
    expect(first?.ok === true && first.value.bytes).toEqual(module(11));
    expect(second).toMatchObject({ ok: false, error: { code: "METER_NAME", facts: { name: "sallyport:why" } } });
    expect(third?.ok).toBe(true);
  });

  it("that is too long at a module is ended with it, and the next module has a new one", async () => {
    const { preparer: it, only, clock, threads } = rig();
    const stuck = it.prepare(module(1), options);
    const waits = it.prepare(module(2), options);
    clock.advance(prepareMs(1) - 1);
    expect(threads.length).toBe(1);
    clock.advance(1);
    expect(await stuck).toMatchObject({ ok: false, error: { code: "ENGINE_PREPARE", kind: "refusal" } });
    expect([only(0).ended, only(1).sent]).toEqual([true, [2]]);
    // What the ended thread still says is nobody's answer.
    only(0).events.answer(prepared(1));
    only(0).events.gone("ended");
    only(1).events.answer(prepared(12));
    const second = await waits;
    expect(second.ok && second.value.bytes).toEqual(module(12));
  });

  it("that dies of a module refuses that module only", async () => {
    const { preparer: it, only } = rig();
    const deadly = it.prepare(module(1), options);
    const waits = it.prepare(module(2), options);
    only(0).events.gone("out of memory");
    expect(await deadly).toMatchObject({ ok: false, error: { code: "ENGINE_PREPARE" } });
    only(1).events.answer(prepared(2));
    expect((await waits).ok).toBe(true);
  });

  it("ends when no module came for a while, and is there again for the next", async () => {
    const { preparer: it, only, clock, threads } = rig();
    it.warm();
    it.warm();
    expect(threads.length).toBe(1);
    clock.advance(ENGINE_LIMITS.prepareIdleMs - 1);
    const first = it.prepare(module(1), options);
    clock.advance(2);
    only(0).events.answer(prepared(1));
    await first;
    expect(only(0).ended).toBe(false);
    clock.advance(ENGINE_LIMITS.prepareIdleMs);
    expect(only(0).ended).toBe(true);
    void it.prepare(module(2), options);
    expect(only(1).sent).toEqual([2]);
  });

  it("that cannot be made is said to each module, and is tried again", async () => {
    const { preparer: it, only, fill } = rig();
    fill(true);
    it.warm();
    expect(await it.prepare(module(1), options)).toMatchObject({ ok: false, error: { code: "ENGINE_START" } });
    fill(false);
    const second = it.prepare(module(2), options);
    only(0).events.answer(prepared(2));
    expect((await second).ok).toBe(true);
  });

  it("that is ended refuses what waits", async () => {
    const { preparer: it, only } = rig();
    const all = [it.prepare(module(1), options), it.prepare(module(2), options)];
    it.end();
    for (const one of await Promise.all(all)) expect(one).toMatchObject({ error: { code: "ENGINE_PREPARE" } });
    expect(only(0).ended).toBe(true);
  });
});

describe("the real preparing thread", () => {
  it("gives a module that this thread can instantiate, and the refusal of who refuses", async () => {
    const good = await preparer.prepare(
      assemble('(module (func (export "seven") (result i32) (i32.const 7)))'),
      options,
    );
    if (!good.ok || good.value.compiled === undefined) throw new Error("nothing was compiled");
    const { exports } = new WebAssembly.Instance(good.value.compiled);
    expect((exports["seven"] as () => number)()).toBe(7);
    const named = await preparer.prepare(assemble('(module (func (export "sallyport:why")))'), options);
    expect(named).toMatchObject({ error: { code: "METER_NAME", facts: { name: "sallyport:why" } } });
    const broken = await preparer.prepare(EMPTY.subarray(0, 5), options);
    expect(broken).toMatchObject({ error: { code: "LOAD_MALFORMED" } });
    preparer.end();
  });

  it("is ended in the middle of a module that takes too long, or too much memory, and prepares the next", async () => {
    const small = assemble('(module (func (export "f")))');
    const clock = new SteppingClock();
    const it = threadPreparer(16, (ms, then) => clock.after(ms, then));
    const busy = it.prepare(manyFunctions(20_000), options);
    clock.advance(prepareMs(2 ** 22));
    expect(await busy).toMatchObject({
      error: { code: "ENGINE_PREPARE", facts: { reason: expect.stringMatching(/longer than/) } },
    });
    expect((await it.prepare(small, options)).ok).toBe(true);
    const large = await it.prepare(manyFunctions(200_000), options);
    expect(large).toMatchObject({
      error: { code: "ENGINE_PREPARE", facts: { reason: expect.stringMatching(/memory/i) } },
    });
    expect((await it.prepare(small, options)).ok).toBe(true);
    it.end();
  });
});

/** Functions with a loop each: little to read, much to keep. */
function manyFunctions(count: number): Uint8Array {
  const out = new ByteWriter(count * 16);
  out.raw(EMPTY);
  out.section(1, (to) => to.raw(Uint8Array.of(1, 0x60, 0, 0)));
  out.section(3, (to) => {
    to.u32(count);
    to.raw(new Uint8Array(count));
  });
  out.section(10, (to) => {
    to.u32(count);
    for (let n = 0; n < count; n += 1) to.raw(Uint8Array.of(7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b));
  });
  return out.bytes;
}
