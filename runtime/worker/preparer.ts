/**
 * One thread that prepares the modules of an engine: Loader, Validator, instrumenter, Validator again, the host's compiler.
 * A guest's own thread gets what was compiled and loads none of these. One module at a time, each with a deadline: one that
 * passes it is refused and takes the thread with it, and the next module gets a new thread. A thread without work ends.
 */
import type { GuestGrade } from "../engine.ts";
import { engineFault, faultOf } from "../faults.ts";
import type { PreparedCode } from "../guest-code.ts";
import { type Facts, type Fault, reasonOf } from "../kernel/fault.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Cancel, Clock } from "../kernel/world.ts";
import { ENGINE_LIMITS } from "../limits.ts";

export interface PrepareOptions {
  readonly grade: GuestGrade;
  /** The module's state may come from the interpreter; false unless given. */
  readonly carry?: boolean;
}

/** Bytes for a cache, and the compiled module, which other threads take as it is; absent for bytes above `HANDED_OVER`. */
export interface PreparedBytes extends PreparedCode {
  readonly bytes: Uint8Array;
}

/**
 * A thread that gets a compiled module reads its bytes once, to name it for a debugger: 1.6 ms for each MB. The agent's
 * thread has no such time for a large module, which is compiled where it runs.
 */
export const HANDED_OVER = 2 ** 22;

/** What the thread is asked, one at a time. */
export interface PrepareJob extends PrepareOptions {
  readonly wasm: Uint8Array;
}

/** Its answer: a refusal as what a Fault is made of, because classes do not cross threads. */
export type PrepareAnswer =
  | { readonly prepared: PreparedBytes }
  | { readonly refused: { readonly code: string; readonly facts: Facts } };

export interface PreparingThread {
  send(job: PrepareJob): void;
  end(): void;
}

export interface PreparingEvents {
  answer(answer: PrepareAnswer): void;
  /** It ended without being told: out of memory, or a mistake of ours. */
  gone(reason: string): void;
}

export interface PreparerSeams {
  /** A new thread, which works on what it is sent when it is up. Throws when there is no room for one. */
  spawn(events: PreparingEvents): PreparingThread;
  readonly after: Clock["after"];
}

export interface Preparer {
  /**
   * The Fault of whoever refuses the module; ENGINE_PREPARE when it takes too long or too much memory, ENGINE_START when there can be no thread.
   */
  prepare(wasm: Uint8Array, options: PrepareOptions): Promise<Result<PreparedBytes, Fault>>;
  /** Starts the thread ahead of the first module, if it is not there. */
  warm(): void;
  /** Ends the thread; what waits is refused. The preparer can be used again. */
  end(): void;
}

interface Waiting {
  readonly job: PrepareJob;
  readonly resolve: (result: Result<PreparedBytes, Fault>) => void;
}

/** Milliseconds that a module of so many bytes may take to be prepared. */
export function prepareMs(bytes: number): number {
  return ENGINE_LIMITS.prepareMs + Math.ceil((bytes / 2 ** 20) * ENGINE_LIMITS.prepareMsPerMiB);
}

export function createPreparer({ spawn, after }: PreparerSeams): Preparer {
  const queue: Waiting[] = [];
  let thread: PreparingThread | undefined;
  let current: Waiting | undefined;
  let cancel: Cancel = () => undefined;

  function threadNow(): PreparingThread {
    if (thread !== undefined) return thread;
    // A thread that was ended may still speak: only the one of now is listened to.
    const mine: PreparingThread = spawn({
      answer: (answer) => {
        if (thread === mine && current !== undefined) settle(resultOf(answer));
      },
      gone: (reason) => {
        if (thread === mine) abandon(reason);
      },
    });
    thread = mine;
    return mine;
  }

  function settle(result: Result<PreparedBytes, Fault>): void {
    cancel();
    const done = current;
    current = undefined;
    done?.resolve(result);
    next();
  }

  /** Gives up the thread, and the module that it was busy with. */
  function abandon(reason: string): void {
    thread?.end();
    thread = undefined;
    settle(err(engineFault("ENGINE_PREPARE", { reason })));
  }

  function next(): void {
    if (current !== undefined) return;
    current = queue.shift();
    if (current === undefined) return idle();
    const { job } = current;
    const ms = prepareMs(job.wasm.byteLength);
    try {
      threadNow().send(job);
    } catch (error) {
      return settle(err(engineFault("ENGINE_START", { reason: reasonOf(error) }, error)));
    }
    cancel = after(ms, () => abandon(`it takes longer than ${ms} ms`));
  }

  function idle(): void {
    if (thread === undefined) return;
    cancel();
    cancel = after(ENGINE_LIMITS.prepareIdleMs, () => {
      thread?.end();
      thread = undefined;
    });
  }

  return {
    prepare: (wasm, options) =>
      new Promise((resolve) => {
        queue.push({ job: { ...options, wasm }, resolve });
        if (current === undefined) cancel();
        next();
      }),
    warm() {
      if (current !== undefined) return;
      try {
        threadNow();
      } catch {
        // The module that needs it will say why there is none.
      }
      idle();
    },
    end() {
      queue.push(...(current === undefined ? [] : [current]));
      current = undefined;
      cancel();
      thread?.end();
      thread = undefined;
      for (const { resolve } of queue.splice(0))
        resolve(err(engineFault("ENGINE_PREPARE", { reason: "it was stopped" })));
    },
  };
}

function resultOf(answer: PrepareAnswer): Result<PreparedBytes, Fault> {
  return "prepared" in answer ? ok(answer.prepared) : err(faultOf(answer.refused.code, answer.refused.facts));
}
