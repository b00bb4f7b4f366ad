/**
 * The agent's memory as the rest of the agent uses it: one database behind small stores, the transactions that span
 * them, and the time the board believes in. Nothing outside this file and `store/` speaks SQL.
 */
import type { Policy } from "../attest/index.ts";
import { type Operator, operatorShape } from "../runtime/kernel/authority/ceiling.ts";
import type { Facts } from "../runtime/kernel/fault.ts";
import { array, parseShape } from "../runtime/kernel/shape.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import { isSuspect, raisedFloor, trustedTime } from "./board-time.ts";
import type { ModuleStore } from "./flow/inventory.ts";
import type { JobSubject } from "./flow/job.ts";
import type { Judged, SeenPolicy } from "./flow/judge-metadata.ts";
import type { ReconcileOptions } from "./flow/reconcile.ts";
import type { TransitionState } from "./flow/transitions.ts";
import { createRevocations, createSequences, type Revocations, type Sequences } from "./store/authority.ts";
import { openDb } from "./store/db.ts";
import { createEvents, createFacts, createFloors, createJobs } from "./store/facts.ts";
import { createGroupCommit } from "./store/group-commit.ts";
import { createKvStore, type KvStore } from "./store/kv.ts";
import { createModuleStore } from "./store/modules.ts";
import { createOutbox, type Outbox } from "./store/outbox.ts";

export interface Memory {
  readonly modules: ModuleStore;
  readonly kv: KvStore;
  readonly outbox: Outbox;
  readonly revocations: Revocations;
  readonly sequences: Sequences;
  readonly transitionState: TransitionState;
  readonly reconcileMemory: ReconcileOptions["memory"];
  transaction<T>(body: () => T): T;
  /** Group commit: resolves when the work's rows are durable. */
  commit(work: () => number): Promise<number>;
  flush(): Promise<void>;
  nextBoot(): number;
  /** The number of the next version manifest. */
  nextManifest(): number;
  /** The number of the next runtime attestation. */
  nextAttestation(): number;
  /** max(system clock, floor): the system clock never lowers what signed times have shown (DESIGN section 3.5). */
  trustedNow(): number;
  timeFloor(): number;
  /** The system clock is further ahead of the floor than the policy believes. */
  isClockSuspect(): boolean;
  /** When the director's metadata was last fresh, wall clock; 0 before the first time. */
  freshAt(): number;
  operators(): readonly Operator[];
  rememberOperators(operators: Policy["operators"]): void;
  keepEvent(type: string, data: Facts): void;
  nextJobRev(
    id: string,
    subject: JobSubject,
    state: string,
    code: string | undefined,
    reason: string | undefined,
  ): number | undefined;
  close(): void;
}

export function openMemory(path: string, clock: Clock, buildTimeMs: number): Memory {
  const db = openDb(path);
  const facts = createFacts(db);
  const modules = createModuleStore(db);
  const kv = createKvStore(db);
  const outbox = createOutbox(db);
  const revocations = createRevocations(db);
  const sequences = createSequences(db);
  const floors = createFloors(db);
  const jobs = createJobs(db);
  const events = createEvents(db);
  const group = createGroupCommit(db, clock);

  const transaction = <T>(body: () => T): T => db.transaction(body)();
  const number = (name: string): number => {
    const value = facts.get(name);
    return typeof value === "number" ? value : 0;
  };
  const next = (name: string) => {
    const value = number(name) + 1;
    facts.set(name, value);
    return value;
  };
  const timeFloor = () => Math.max(buildTimeMs, number("time_floor"));
  const flush = async () => group.flush();
  /** The owner's word on clocks; the floor is set once per policy version, for an older one never comes again. */
  const rememberClock = ({ policy, seen }: Judged) => {
    const { aheadDaysMax = 0, floorMs } = policy.clock ?? {};
    if (number("clock_ahead_days") !== aheadDaysMax) facts.set("clock_ahead_days", aheadDaysMax);
    const before = facts.get("policy_seen") as SeenPolicy | undefined;
    if (floorMs !== undefined && seen.version > (before?.version ?? 0)) facts.set("time_floor", floorMs);
  };
  let operators: readonly Operator[] | undefined;

  return {
    modules,
    kv,
    outbox,
    revocations,
    sequences,
    transaction,
    flush,
    commit: group.submit,
    nextBoot: () => next("boot"),
    nextManifest: () => next("manifest"),
    nextAttestation: () => next("attestation"),
    trustedNow: () => trustedTime(clock.now(), timeFloor()),
    timeFloor,
    isClockSuspect: () => isSuspect(clock.now(), timeFloor(), number("clock_ahead_days") || undefined),
    freshAt: () => number("fresh_at"),
    operators() {
      if (operators === undefined) {
        const stored = parseShape(array(operatorShape, { max: 32 }), facts.get("operators") ?? [], "stored operators");
        operators = stored.ok ? stored.value : [];
      }
      return operators;
    },
    rememberOperators(list) {
      operators = list;
      facts.set("operators", list);
    },
    keepEvent: (type, data) => events.keep(clock.now(), type, data),
    nextJobRev: (id, _subject, state, code, reason) => jobs.move(id, state, code, reason),
    transitionState: { transaction, modules, kv, flush, releaseFloor: floors.get },
    reconcileMemory: {
      modules,
      trustedNow: () => trustedTime(clock.now(), timeFloor()),
      transaction,
      releaseFloor: floors.get,
      seenPolicy: () => facts.get("policy_seen") as SeenPolicy | undefined,
      remember(judged, raised) {
        transaction(() => {
          rememberClock(judged);
          facts.set("policy_seen", judged.seen);
          facts.set("fresh_at", clock.now());
          for (const [key, floor] of raised) {
            const [team = "", name = ""] = key.split("/");
            floors.raise(team, name, floor);
          }
          for (const module of judged.desired.modules) revocations.lift(module.name, module.lifts, judged.desired.rev);
        });
      },
      raiseTimeFloor(times) {
        const before = timeFloor();
        const floor = raisedFloor(before, times);
        if (floor > before) facts.set("time_floor", floor);
      },
    },
    close() {
      group.flush();
      db.close();
    },
  };
}
