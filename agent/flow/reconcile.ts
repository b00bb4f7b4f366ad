/**
 * One round: refresh both repositories, read what owner and director say, plan, carry out. Refusals are reported once
 * per change and leave what runs alone; only evidence that no longer satisfies the policy, or a release floor, stops a
 * committed release. Everything here can be repeated safely.
 */
import { createJudge, createRootReader, flags } from "../../attest/index.ts";
import type { LoadedModule } from "../../runtime/index.ts";
import type { DeviceFacts } from "../../runtime/kernel/authority/ceiling.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { TrustedView, Updater } from "../../updater/index.ts";
import { admitFault } from "../faults.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Serial } from "../serial.ts";
import type { Phase, Supervisor } from "../supervise/supervisor.ts";
import { type AdmitContext, admit } from "./admit.ts";
import { judgeHeld } from "./held.ts";
import { digestsInUse, type FailedRelease, type ModuleStore, type Release, termsOf } from "./inventory.ts";
import { jobId } from "./job.ts";
import { type Judged, judgeMetadata, type SeenPolicy } from "./judge-metadata.ts";
import { planSteps, type Step, unjudged } from "./plan.ts";
import type { AdmissionSeen } from "./proofs.ts";
import type { Outcome } from "./refresh-loop.ts";
import type { Transitions } from "./transitions.ts";

export interface ReconcileOptions {
  readonly updater: Updater;
  readonly device: DeviceFacts & { readonly id: DeviceId };
  readonly memory: {
    readonly modules: ModuleStore;
    seenPolicy(): SeenPolicy | undefined;
    /** In one transaction: the policy now in force, the moment, the floors, the lifted revocations. */
    remember(judged: Judged, floors: ReadonlyMap<string, number>): void;
    releaseFloor(team: string, name: string): number;
    /** The time that the board believes in, ms. */
    trustedNow(): number;
    /** Signed times of accepted evidence raise the clock's floor. */
    raiseTimeFloor(times: readonly number[]): void;
    transaction<T>(body: () => T): T;
  };
  readonly supervisor: Supervisor;
  readonly transitions: Transitions;
  readonly reporter: Reporter;
  readonly serial: Serial;
  /** A round was refused before anything was judged. */
  onRefused(why: Fault): void;
  /** A round brought fresh director metadata and these policies into force. */
  onFresh(judged: Judged): void;
  /** A release that did not run here before is about to be fetched and judged. */
  onActivate(): void;
  /** A release was accepted: it is about to be started, or goes on running. */
  onAdmitted(seen: AdmissionSeen): Promise<void>;
}

/** Kinds of refusal that time alone may mend. */
const PASSING: ReadonlySet<string> = new Set(["network", "disk", "environment"]);

export function createReconciler(options: ReconcileOptions): () => Promise<Outcome> {
  const { updater, memory, supervisor, transitions, reporter, serial } = options;
  let lastRefusal = "";
  const rejected = new Map<string, string>();
  const judge = createJudge();
  const readRoot = createRootReader();

  function refuseRound(fault: Fault): Outcome {
    options.onRefused(fault);
    if (lastRefusal !== fault.line())
      reporter.refusal(fault.kind === "network" ? "update.unreachable" : "update.refused", fault);
    lastRefusal = fault.line();
    return PASSING.has(fault.kind) ? "retry" : "done";
  }

  async function round(): Promise<Outcome> {
    updater.keep(digestsInUse(memory.modules.list()));
    const view = await updater.refresh();
    if (!view.ok) return refuseRound(view.error);
    const judged = await judgeMetadata(view.value, updater, options.device.id, memory.seenPolicy(), readRoot);
    if (!judged.ok) return refuseRound(judged.error);
    lastRefusal = "";
    memory.remember(judged.value, floorsOf(judged.value, view.value));
    options.onFresh(judged.value);

    let outcome: Outcome = "done";
    const inventory = memory.modules.list();
    const steps = planSteps(judged.value.desired, inventory);
    for (const release of unjudged(steps, inventory)) await hold(release, judged.value);
    for (const step of steps) {
      const refused = await carryOut(step, view.value, judged.value);
      if (refused !== undefined && PASSING.has(refused.kind)) outcome = "retry";
    }
    return outcome;
  }

  async function carryOut(step: Step, view: TrustedView, judged: Judged): Promise<Fault | undefined> {
    switch (step.do) {
      case "abandon":
        await serial.run(() => transitions.abandon(step.name, step.because));
        return undefined;
      case "remove":
        await serial.run(() => transitions.remove(step.name));
        return undefined;
      case "activate":
        return activate(step.wanted, view, judged);
      case "renew":
        return renew(step.wanted, step.release, view, judged);
    }
  }

  async function activate(wanted: DesiredModule, view: TrustedView, judged: Judged): Promise<Fault | undefined> {
    // A release that was refused is judged again each round, silently, and reported only when the answer changes.
    const quiet = rejected.has(jobId(wanted));
    if (!quiet) {
      reporter.move(wanted, "received");
      options.onActivate();
    }
    const admitted = await admit(wanted, view, {
      ...contextOf(judged),
      whenLacking: "refuse",
      onStage: (stage) => (quiet ? undefined : reporter.move(wanted, stage)),
    });
    if (!admitted.ok) return reject(wanted, admitted.error);
    const { release, verdict } = admitted.value;
    const before = memory.modules.get(wanted.name)?.failed.find((one) => isSame(one, release));
    if (before !== undefined) {
      return reject(
        wanted,
        admitFault("ADMIT_ROLLED_BACK", { module: wanted.name, version: wanted.version, reason: before.reason }),
      );
    }
    rejected.delete(jobId(wanted));
    memory.raiseTimeFloor(verdict.signedTimesMs);
    reporter.move(wanted, "staged");
    await options.onAdmitted({ wanted, view, judged, admitted: admitted.value, judge, running: false });
    const started = await serial.run(() => transitions.activate(admitted.value));
    return started.ok ? undefined : started.error;
  }

  function reject(wanted: DesiredModule, fault: Fault): Fault {
    const id = jobId(wanted);
    const passing = PASSING.has(fault.kind);
    if (rejected.get(id) === fault.line()) return fault;
    rejected.set(id, fault.line());
    if (fault.code === "UPDATE_NOT_NOW") {
      // Nothing is wrong with it; a poll in the download window fetches it.
      reporter.move(wanted, "queued", fault);
      reporter.refusal("update.postponed", fault, { module: wanted.name, version: wanted.version });
      return fault;
    }
    // A release that already failed its probation has its last word in the job: rolled_back.
    if (fault.code !== "ADMIT_ROLLED_BACK") reporter.move(wanted, passing ? "failed" : "rejected", fault);
    reporter.refusal(passing ? "update.failed" : "update.rejected", fault, {
      module: wanted.name,
      version: wanted.version,
    });
    return fault;
  }

  async function renew(
    wanted: DesiredModule,
    release: Release,
    view: TrustedView,
    judged: Judged,
  ): Promise<Fault | undefined> {
    const again = await admit(wanted, view, { ...contextOf(judged), whenLacking: "narrow", onStage: () => undefined });
    if (!again.ok) return unconfirmed(release, again.error, judged);
    flag(release, flags(again.value.verdict));
    const stored = memory.modules.get(release.name);
    const { release: fresh } = again.value;
    if (fresh.moduleSha256 !== release.moduleSha256 || fresh.manifestSha256 !== release.manifestSha256) {
      const facts = { module: release.name, expected: release.moduleSha256, found: fresh.moduleSha256 };
      return unconfirmed(release, admitFault("ADMIT_ENTRY", facts), judged);
    }
    await serial.run(async () => {
      if (canonicalJson(fresh) !== canonicalJson(release)) {
        memory.transaction(() => {
          if (stored?.candidate !== undefined) memory.modules.updateCandidate(fresh);
          else memory.modules.saveCommitted(fresh);
        });
      }
      await goOn(fresh, release, stored?.candidate === undefined ? "running" : "probation", again.value.loaded);
    });
    await options.onAdmitted({ wanted, view, judged, admitted: again.value, judge, running: true });
    return undefined;
  }

  /** A committed release that the director wants replaced: until it is, and for as long as it may come back, the policy holds. */
  async function hold(release: Release, judged: Judged): Promise<void> {
    const held = await judgeHeld(release, contextOf(judged));
    if (!held.ok) return void (await doubt(release, held.error));
    flag(release, held.value.flags);
    const { stopped, ...going } = held.value.release;
    // A floor is not the policy's: whatever stopped it otherwise is still so.
    if (stopped !== undefined && !stopped.code.startsWith("ATTEST_")) return;
    rejected.delete(`${jobId(release)}/renew`);
    await serial.run(async () => {
      if (canonicalJson(going) !== canonicalJson(release))
        memory.transaction(() => memory.modules.saveCommitted(going));
      if (memory.modules.get(release.name)?.candidate === undefined) await goOn(going, release, "running");
    });
  }

  /** The repositories do not confirm what runs. That alone stops nothing; the policy is asked by what is on the board. */
  async function unconfirmed(release: Release, fault: Fault, judged: Judged): Promise<Fault> {
    if (isAgainst(fault)) return doubt(release, fault);
    const held = await judgeHeld(release, contextOf(judged));
    if (!held.ok) return doubt(release, held.error);
    flag(release, held.value.flags);
    return doubt(release, fault);
  }

  /** What the owner only wants to know of a release that runs: said once until it changes. */
  function flag(release: Release, faults: readonly Fault[]): void {
    const id = `${jobId(release)}/flags`;
    const lines = faults.map((one) => one.line()).join("\n");
    if (lines === (rejected.get(id) ?? "")) return;
    rejected.set(id, lines);
    for (const one of faults) reporter.refusal("update.doubted", one, { module: release.name, stopped: false });
  }

  async function goOn(fresh: Release, release: Release, phase: Phase, loaded?: LoadedModule): Promise<void> {
    if (!supervisor.holds(release.name)) {
      if (phase === "running") await supervisor.start(fresh, phase, loaded);
    } else if (canonicalJson(termsOf(fresh)) === canonicalJson(termsOf(release))) supervisor.renew(fresh);
    else await startAgain(fresh, phase, loaded);
  }

  /** Other terms than those it was started under: code is made anew. */
  async function startAgain(fresh: Release, phase: Phase, loaded?: LoadedModule): Promise<void> {
    const started = await supervisor.start(fresh, phase, loaded);
    if (!started.ok && phase === "probation") await transitions.notStarted(fresh, started.error);
  }

  /** What runs is doubted: a policy or floor that speaks against it stops it, anything else is only reported. */
  async function doubt(release: Release, fault: Fault): Promise<Fault> {
    const against = isAgainst(fault);
    const id = `${jobId(release)}/renew`;
    if (rejected.get(id) !== fault.line())
      reporter.refusal("update.doubted", fault, { module: release.name, stopped: against });
    rejected.set(id, fault.line());
    if (against) await serial.run(() => stopDoubted(release, fault));
    return fault;
  }

  async function stopDoubted(release: Release, fault: Fault): Promise<void> {
    const candidate = memory.modules.get(release.name)?.candidate;
    if (candidate !== undefined && isSame(candidate, release)) return transitions.rollBack(release, fault);
    const stopped = { code: fault.code, reason: fault.message };
    if (canonicalJson(release.stopped ?? null) !== canonicalJson(stopped)) {
      memory.transaction(() => memory.modules.saveCommitted({ ...release, stopped }));
    }
    // What is in probation in its place goes on; a roll-back finds that nothing may start.
    if (candidate === undefined) await supervisor.stop(release.name, "stop", fault);
  }

  function contextOf(judged: Judged): Omit<AdmitContext, "whenLacking" | "onStage"> {
    const { device } = options;
    const { policy, trust } = judged;
    const { releaseFloor, trustedNow: now } = memory;
    return { device, policy, trust, judge, updater, releaseFloor, now };
  }

  return round;
}

const isAgainst = ({ code }: Fault) => /^(?:ATTEST_|ADMIT_FLOOR$|VALIDATE_FEATURE$|LOAD_MEMORY_LIMIT$)/.test(code);

/** The floors the image repository names now for the modules this board shall run; keys are `team/name`. */
function floorsOf(judged: Judged, view: TrustedView): ReadonlyMap<string, number> {
  return new Map(judged.desired.modules.map(({ team, name }) => [`${team}/${name}`, view.releaseFloor(team, name)]));
}

/** What failed was this code with this manifest: a release that corrects either is tried. */
const isSame = (
  failed: Pick<FailedRelease, "moduleSha256" | "manifestSha256">,
  { moduleSha256, manifestSha256 }: Release,
): boolean =>
  failed.moduleSha256 === moduleSha256 && (failed.manifestSha256 === "" || failed.manifestSha256 === manifestSha256);
