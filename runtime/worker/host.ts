/**
 * The leash. One worker per guest, one call at a time, a deadline on each; whoever overruns is ended with the thread it
 * ran in, whatever it was doing. Crossing calls are answered here through the port, each in a turn of the event loop of
 * its own, so that a guest that calls without pause cannot keep the agent from its other work.
 */
import type { Worker } from "node:worker_threads";
import {
  type Guest,
  type GuestEnd,
  type GuestEvent,
  type GuestOptions,
  type GuestStats,
  PLAIN_GRADE,
  type Stay,
  type Tier,
} from "../engine.ts";
import { engineFault } from "../faults.ts";
import { OUT_OF_MEMORY, type PreparedCode, type Trap } from "../guest-code.ts";
import { type HostAnswer, type HostCall, SP } from "../host-module.ts";
import type { Fault } from "../kernel/fault.ts";
import { reasonOf } from "../kernel/fault.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Cancel } from "../kernel/world.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { EPOCH } from "../metered/options.ts";
import { type CodeWanted, codeAtHand, codeFor } from "./prepared.ts";
import type { Preparer } from "./preparer.ts";
import {
  type FromGuest,
  type GuestStart,
  rightWord,
  SHARED_BYTES,
  shared,
  type ToGuest,
  TURN,
  WORD,
} from "./protocol.ts";
import { guestThread, preparer } from "./threads.ts";

type Answer = { readonly value: number } | { readonly trap: Trap } | { readonly end: GuestEnd };

/** `by`: the process's own unless given. */
export async function startGuest(
  asked: Tier,
  options: GuestOptions,
  by: Preparer = preparer,
): Promise<Result<Guest, Fault>> {
  const { clock, limits, port, host, grade = PLAIN_GRADE } = options;
  const wanted: CodeWanted = { tier: asked, grade, wasm: options.module.bytes, cache: options.cache };
  const atHand = codeAtHand(wanted);
  // Where the code is there already, nothing is gained by beginning without it.
  // And a command is one call, which no tier leaves in the middle.
  const tier = asked === "auto" && (atHand !== undefined || options.command !== undefined) ? "metered" : asked;
  const buffer = new SharedArrayBuffer(SHARED_BYTES);
  const { words, ints, data } = shared(buffer);
  const start: GuestStart = {
    tier,
    buffer,
    wasm: tier === "interpreter" || tier === "auto" ? options.module.bytes : new Uint8Array(),
    grade,
    host,
    identity: options.identity,
    local: options.local,
    logLinesPerMin: limits.logLinesPerMin,
    command: options.command,
  };
  let worker: Worker;
  try {
    worker = guestThread(start);
  } catch (error) {
    return err(engineFault("ENGINE_START", { reason: reasonOf(error) }, error));
  }

  const ended = Promise.withResolvers<GuestEnd>();
  const up = Promise.withResolvers<void>();
  /** The guest's epoch, from when it was made. */
  let epoch: Int32Array | undefined;
  let cameUp = false;
  let late = false;
  let end: GuestEnd | undefined;
  let answered: ((answer: Answer) => void) | undefined;
  let calls = 0;
  let busyMs = 0;
  let now: GuestStats["tier"] = tier === "auto" ? "metered" : tier;
  let stays: Stay | undefined;

  const atMaximum = () => (words[WORD.pages] ?? 0) >= limits.memoryPages;
  const finish = (why: GuestEnd) => {
    if (end !== undefined) return;
    end = why;
    answered?.({ end: why });
    up.resolve();
    ended.resolve(why);
    void worker.terminate();
  };

  worker.on("message", (message: FromGuest) => {
    if (message.op === "log") options.onLog(message.lines, message.dropped);
    else if (end !== undefined) return;
    else if (message.op === "cross") void cross();
    else if (message.op === "up") {
      cameUp = true;
      up.resolve();
    } else if (message.op === "made" || message.op === "moved") {
      if (message.leash !== undefined) epoch = new Int32Array(message.leash);
      stays = message.stays;
      if (message.op === "moved" && stays === undefined) now = "metered";
    } else if (message.op === "done") answered?.({ value: message.value });
    else answered?.({ trap: message.trap });
  });
  worker.on("error", (error) => finish({ why: "worker", message: reasonOf(error) }));
  worker.on("exit", () => finish({ why: "worker", message: "the thread ended" }));

  async function cross(): Promise<void> {
    const fn = host.functions[words[WORD.fn] ?? -1];
    let answer: HostAnswer = { value: SP.ENOSUP };
    if (fn !== undefined && fn.answered.by === "broker") {
      const first = words[WORD.firstLength] ?? 0;
      const second = words[WORD.secondLength] ?? 0;
      const parts = [data.slice(0, first), data.slice(first, first + second)].slice(0, words[WORD.parts] ?? 0);
      const call: HostCall = {
        name: fn.name,
        ints: [...ints.slice(0, words[WORD.ints] ?? 0)],
        bytes: parts,
        capacity: words[WORD.capacity] ?? 0,
      };
      try {
        const given = port.call(call);
        answer = given instanceof Promise ? await given : given;
      } catch {
        answer = { value: SP.EIO };
      }
    }
    const out = answer.out?.subarray(0, ENGINE_LIMITS.crossingBytes);
    if (out !== undefined) data.set(out);
    words[WORD.value] = answer.value;
    words[WORD.out] = out?.byteLength ?? 0;
    Atomics.store(words, WORD.turn, TURN.guest);
    Atomics.notify(words, WORD.turn);
  }

  const say = (word: number) => {
    if (epoch === undefined) return;
    Atomics.store(epoch, 0, word);
    Atomics.notify(epoch, 0);
  };

  /** Asks by the epoch first, so that the guest ends with a trap of its own; then ends the thread. */
  function overrun(): void {
    late = true;
    const stop = () => finish({ why: "deadline", callMs: limits.callMs, memoryAtMaximum: atMaximum() });
    if (epoch === undefined) return stop();
    say(EPOCH.stop);
    clock.after(ENGINE_LIMITS.stopMs, stop);
  }

  /** Ends a call that overran. Answers that are in the queue already are let in first: a busy agent is not the guest's fault. */
  function deadline(): Cancel {
    let cancelled = false;
    let cancel = clock.after(limits.callMs + ENGINE_LIMITS.deadlineGraceMs, () => {
      setImmediate(() => {
        if (!cancelled) overrun();
      });
    });
    return () => {
      cancelled = true;
      cancel();
      cancel = () => undefined;
    };
  }

  /** Of the host's work, which is no call of the guest's. */
  const ourDeadline = (what: string) =>
    clock.after(ENGINE_LIMITS.workerStartMs, () => finish({ why: "worker", message: `no ${what} in time` }));

  let preparing: ReturnType<typeof codeFor> | undefined;
  const code = () => {
    preparing ??= codeFor(wanted, by, atHand);
    return preparing;
  };

  /** What is prepared when the thread of a guest is up, or when that has the interpreter: it then begins without. */
  async function codeInTime(): Promise<PreparedCode | undefined> {
    let made: PreparedCode | undefined;
    if (wanted.wasm.byteLength <= ENGINE_LIMITS.prepareBesideBytes) {
      void code().then((result) => {
        if (result.ok) made = result.value;
      });
    }
    await up.promise;
    if (made === undefined) await ask({ op: "load" });
    if (made === undefined) now = "interpreter";
    return made;
  }

  /** Between two calls, as soon as the code is prepared. A guest whose module is refused there goes on as it is. */
  async function moveWhenPrepared(): Promise<void> {
    const made = await code();
    if (end !== undefined) return;
    if (!made.ok) stays = "refused";
    else if (made.value !== undefined) await ask({ op: "move", prepared: made.value });
  }

  let queue: Promise<unknown> = Promise.resolve();
  function ask(message: ToGuest): Promise<Answer> {
    const next = queue.then(async (): Promise<Answer> => {
      if (end !== undefined) return { end };
      const { promise, resolve } = Promise.withResolvers<Answer>();
      answered = resolve;
      const since = clock.monotonic();
      const ours = message.op === "load" || message.op === "move";
      const cancel = ours ? ourDeadline(message.op) : deadline();
      worker.postMessage(message);
      const answer = await promise;
      cancel();
      answered = undefined;
      if (!ours) {
        calls += 1;
        busyMs += clock.monotonic() - since;
      }
      if ("trap" in answer) {
        const memoryAtMaximum = atMaximum();
        if (late) finish({ why: "deadline", callMs: limits.callMs, memoryAtMaximum });
        else finish({ why: "trap", ...answer.trap, memoryAtMaximum });
      }
      return answer;
    });
    queue = next;
    return next;
  }

  const outcome = (answer: Answer): Result<number, Fault> => {
    if ("value" in answer) return ok(answer.value);
    const why = end ?? { why: "stopped" };
    return err(engineFault("ENGINE_GUEST_ENDED", { why: why.why === "trap" ? `trap: ${why.code}` : why.why }));
  };

  const notUp = clock.after(ENGINE_LIMITS.workerStartMs, () =>
    finish({ why: "worker", message: "the thread did not come up in time" }),
  );
  void up.promise.then(notUp);
  const prepared = tier === "auto" ? ok(await codeInTime()) : (await Promise.all([code(), up.promise]))[0];
  if (!prepared.ok) {
    finish({ why: "stopped" });
    await worker.terminate();
    return prepared;
  }
  const instantiated = await ask({ op: "instantiate", prepared: prepared.value });
  if (!("value" in instantiated)) {
    await worker.terminate();
    const why = await ended.promise;
    if (why.why === "trap" && why.code === OUT_OF_MEMORY) {
      return err(engineFault("ENGINE_START", { reason: why.message }));
    }
    if (why.why === "trap") return err(engineFault("ENGINE_TRAP", { trap: why.code, reason: why.message }));
    if (why.why === "deadline") return err(engineFault("ENGINE_DEADLINE", { callMs: why.callMs }));
    const reason = why.why === "worker" ? why.message : "it was stopped";
    return err(engineFault(cameUp ? "ENGINE_LOST" : "ENGINE_START", { reason }));
  }
  if (tier === "auto" && prepared.value === undefined && stays === undefined) void moveWhenPrepared();

  return ok({
    init: async () => outcome(await ask({ op: "init" })),
    run: async () => outcome(await ask({ op: "run" })),
    handle: async (event: GuestEvent) =>
      outcome(await ask({ op: "handle", ...event, name: event.name, payload: event.payload })),
    ended: ended.promise,
    pause() {
      if (end !== undefined || late) return false;
      say(EPOCH.pause);
      return epoch !== undefined;
    },
    resume() {
      if (!late) say(EPOCH.run);
    },
    revokeLocal(right) {
      const word = rightWord(right, options.local);
      if (word !== undefined) Atomics.add(words, word, 1);
    },
    stats: () => ({
      tier: now,
      ...(stays === undefined ? {} : { stays }),
      calls,
      hostCalls: words[WORD.hostCalls] ?? 0,
      busyMs,
      memoryPages: words[WORD.pages] ?? 0,
    }),
    async terminate() {
      finish({ why: "stopped" });
      await worker.terminate();
    },
  });
}
