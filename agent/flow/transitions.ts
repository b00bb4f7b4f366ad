/**
 * The only code that moves a module from one release to another. Every transition is: stop what must not run, write
 * one transaction, start what shall run. A crash before the transaction leaves the old state, after it the new one;
 * `recover` brings either back to "the last committed release runs".
 *
 * Key-value state follows the release: a copy is taken when a candidate is activated (after the old release stopped, so
 * that none of its writes are missing), dropped at commit, restored on roll-back (after the candidate stopped and its
 * last writes were committed, so that none of them survive).
 */
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { Result } from "../../runtime/kernel/result.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { admitFault, moduleFault } from "../faults.ts";
import { isNoStart, type Supervisor } from "../supervise/supervisor.ts";
import type { Admitted } from "./admit.ts";
import type { ModuleStore, Release } from "./inventory.ts";
import type { JobReport } from "./job.ts";

/** A release whose probation never came to an end in so many tries is not tried again. */
const ATTEMPTS_MAX = 12;

export interface TransitionState {
  transaction<T>(body: () => T): T;
  readonly modules: ModuleStore;
  readonly kv: {
    snapshot(module: ModuleName): void;
    restoreSnapshot(module: ModuleName): void;
    dropSnapshot(module: ModuleName): void;
    clear(module: ModuleName): void;
  };
  /** The highest release floor seen; no release below it runs again, a roll-back's target included. */
  releaseFloor(team: string, name: string): number;
  /** Commits what guests have been promised so far. */
  flush(): Promise<void>;
}

export interface TransitionOptions {
  readonly state: TransitionState;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly job: JobReport;
  /** The release is no longer what was active before; reasons go to the event log. */
  onRolledBack(release: Release, reason: Fault, to: Release | undefined): void;
  /** The board could not start it now; it will be tried again, and nothing is held against it. */
  onPostponed(release: Release, reason: Fault): void;
  /** A committed release stays stopped: a floor was raised above it, or the policy spoke against it. */
  onKeptStopped(release: Release, reason: Fault): void;
}

export interface Transitions {
  activate(admitted: Admitted): Promise<Result<void>>;
  /** A candidate ended: the committed release comes back, with its state. */
  rollBack(release: Release, reason: Fault): Promise<void>;
  /** A candidate refused to start, or the board could not start it: in that case it is tried again another time. */
  notStarted(release: Release, reason: Fault): Promise<void>;
  abandon(module: ModuleName, because: string): Promise<void>;
  remove(module: ModuleName): Promise<void>;
  /** After a start of the agent: interrupted candidates are undone, committed releases are started. */
  recover(): Promise<void>;
  close(): void;
}

export function createTransitions(options: TransitionOptions): Transitions {
  const { state, supervisor, clock, job } = options;
  const probations = new Map<ModuleName, Cancel>();

  const endProbation = (module: ModuleName) => {
    probations.get(module)?.();
    probations.delete(module);
  };

  function commit(release: Release): void {
    probations.delete(release.name);
    // It ended in this very moment: its end is already queued and will roll it back.
    if (!supervisor.isRunning(release.name)) return;
    // Its grants may have been narrowed since it was activated: what is committed is what stands in the inventory.
    const standing = state.modules.get(release.name)?.candidate ?? release;
    state.transaction(() => {
      state.modules.saveCommitted(standing);
      state.modules.clearCandidate(release.name);
      state.modules.clearFailed(release.name);
      state.kv.dropSnapshot(release.name);
      job.move(release, "succeeded");
    });
    supervisor.settle(release.name);
  }

  /** Undoes a stopped candidate in one transaction. */
  async function undo(release: Release, record: () => void): Promise<void> {
    await state.flush();
    state.transaction(() => {
      state.kv.restoreSnapshot(release.name);
      state.modules.clearCandidate(release.name);
      record();
    });
  }

  async function startCommitted(module: ModuleName): Promise<Release | undefined> {
    const committed = state.modules.get(module)?.committed;
    if (committed === undefined) return undefined;
    const { team, version, releaseCounter: counter, stopped } = committed;
    const floor = state.releaseFloor(team, module);
    const facts = { module, version };
    if (counter < floor) options.onKeptStopped(committed, admitFault("ADMIT_FLOOR", { ...facts, counter, floor }));
    else if (stopped !== undefined)
      options.onKeptStopped(committed, admitFault("ADMIT_KEPT_STOPPED", { ...facts, ...stopped }));
    else await supervisor.start(committed, "running");
    return committed;
  }

  async function rollBack(release: Release, reason: Fault): Promise<void> {
    endProbation(release.name);
    await supervisor.stop(release.name, "replace");
    await undo(release, () => {
      const { version, moduleSha256, manifestSha256 } = release;
      state.modules.addFailed(release.name, {
        version,
        moduleSha256,
        manifestSha256,
        code: reason.code,
        reason: reason.message,
      });
      job.move(release, "rolled_back", reason);
    });
    const to = await startCommitted(release.name);
    options.onRolledBack(release, reason, to);
  }

  async function notStarted(release: Release, reason: Fault): Promise<void> {
    if (!isNoStart(reason)) return rollBack(release, reason);
    endProbation(release.name);
    await undo(release, () => {
      state.modules.forgetAttempt(release);
      job.move(release, "queued", reason);
    });
    await startCommitted(release.name);
    options.onPostponed(release, reason);
  }

  return {
    rollBack,
    notStarted,
    async activate({ release, loaded }) {
      const { name } = release;
      await supervisor.stop(name, "replace");
      await state.flush();
      state.transaction(() => {
        state.kv.snapshot(name);
        state.modules.saveCandidate(release);
        job.move(release, "activating");
      });
      const started = await supervisor.start(release, "probation", loaded);
      if (!started.ok) {
        await notStarted(release, started.error);
        return started;
      }
      job.move(release, "probation");
      // Monotonic time: a clock that is set while we watch neither shortens nor prolongs a probation.
      const cancel = clock.after(release.probationS * 1000, () => commit(release));
      probations.set(name, cancel);
      return started;
    },
    async abandon(module, because) {
      endProbation(module);
      const candidate = state.modules.get(module)?.candidate;
      await supervisor.stop(module, "replace");
      if (candidate !== undefined) await undo(candidate, () => job.move(candidate, "superseded", because));
      await startCommitted(module);
    },
    async remove(module) {
      endProbation(module);
      await supervisor.stop(module, "stop");
      await state.flush();
      state.transaction(() => {
        state.modules.remove(module);
        state.kv.clear(module);
        state.kv.dropSnapshot(module);
      });
    },
    async recover() {
      for (const { name, candidate } of state.modules.list()) {
        if (candidate !== undefined) await undo(candidate, () => recordInterrupted(candidate));
        await startCommitted(name);
      }
    },
    close() {
      for (const module of [...probations.keys()]) endProbation(module);
    },
  };

  /** The agent went down during a probation. That is not the release's fault, unless it happens every time. */
  function recordInterrupted(candidate: Release): void {
    const { name, version, moduleSha256, manifestSha256 } = candidate;
    const attempts = state.modules.attempts(candidate);
    if (attempts < ATTEMPTS_MAX) {
      job.move(candidate, "queued", "interrupted");
      return;
    }
    const reason = moduleFault("MODULE_PROBATION_INTERRUPTED", { module: name, version, attempts });
    state.modules.addFailed(name, { version, moduleSha256, manifestSha256, code: reason.code, reason: reason.message });
    job.move(candidate, "failed", reason);
  }
}
