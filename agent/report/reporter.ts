/**
 * Everything the agent itself says on the `up` topics, in the shapes of the wire. All of it goes through the outbox at
 * QoS 1, so that a report made while the broker was away is not lost; retained topics keep their last word there.
 */
import type { Tier } from "../../runtime/index.ts";
import { onDevice } from "../../runtime/kernel/authority/engine.ts";
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { documentDigest } from "../../runtime/kernel/digest.ts";
import { type Facts, Fault, printable } from "../../runtime/kernel/fault.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import { type Release, termsOf } from "../flow/inventory.ts";
import type { JobReport, JobSubject } from "../flow/job.ts";
import { jobId } from "../flow/job.ts";
import type { GrantsReport, SlotState } from "../supervise/supervisor.ts";
import type {
  EventMessage,
  JobMessage,
  JobState,
  LogMessage,
  ModuleGrantsMessage,
  ModuleStateMessage,
  ResultMessage,
  Topics,
} from "../wire/index.ts";

export interface ReporterOptions {
  /** The board's own tier. */
  readonly tier: Tier;
  readonly topics: Topics;
  readonly device: string;
  readonly clock: Clock;
  /** Unique within the device's life; used as the CloudEvents id. */
  nextEventId(): string;
  /** Appends to the outbox. May be called inside a transaction. */
  send(
    topic: string,
    payload: Uint8Array,
    options: { readonly retain: boolean; readonly priority: "high" | "low" },
  ): void;
  /** Keeps the event on the board as well. */
  keep(type: string, data: Facts): void;
  /** The job's next revision when this is a change, undefined when it was said already. */
  nextJobRev(
    id: string,
    subject: JobSubject,
    state: JobState,
    code: string | undefined,
    reason: string | undefined,
  ): number | undefined;
}

export interface Reporter extends JobReport {
  event(type: string, data: Facts): void;
  /** An event that tells a refusal: code, sentence and facts. */
  refusal(type: string, fault: Fault, more?: Facts): void;
  moduleState(release: Release, state: SlotState | "rolled_back", restarts: number, reason?: Fault): void;
  moduleGrants(module: ModuleName, report: GrantsReport): void;
  log(module: ModuleName, lines: readonly { readonly level: number; readonly text: string }[], dropped: number): void;
  result(message: ResultMessage): void;
  /** A signed runtime attestation, as it is. */
  attestation(envelope: Uint8Array, retain: boolean): void;
  /** A signed version manifest, as it is. */
  versions(envelope: Uint8Array): void;
}

export function createReporter(options: ReporterOptions): Reporter {
  const { topics, clock } = options;
  const say = (topic: string, message: unknown, retain: boolean, priority: "high" | "low" = "high") =>
    options.send(topic, utf8(JSON.stringify(message)), { retain, priority });
  const event = (type: string, data: Facts) => {
    const message: EventMessage = {
      specversion: "1.0",
      id: options.nextEventId(),
      source: `/device/${options.device}`,
      type,
      time: new Date(clock.now()).toISOString(),
      datacontenttype: "application/json",
      data,
    };
    options.keep(type, data);
    say(topics.event(type), message, false);
  };
  return {
    event,
    refusal: (type, fault, more = {}) =>
      event(type, { code: fault.code, reason: fault.message, kind: fault.kind, ...more }),
    moduleState(release, s, restarts, reason) {
      const message: ModuleStateMessage = {
        ver: release.version,
        digest: `sha256:${release.moduleSha256}`,
        s,
        restarts,
        engine: onDevice(termsOf(release), options.tier),
        ...(reason === undefined ? {} : { code: reason.code, reason: reason.message }),
        t: clock.now(),
      };
      say(topics.moduleState(release.name), message, true);
      if (reason !== undefined)
        event(`module.${s}`, {
          module: release.name,
          version: release.version,
          code: reason.code,
          reason: reason.message,
        });
    },
    moduleGrants(module, report) {
      const message: ModuleGrantsMessage = {
        module,
        digest: `sha256:${documentDigest(report.grants.map((one) => one.detail))}`,
        grants: report.grants,
        revoked: report.revoked,
        t: clock.now(),
      };
      say(topics.moduleGrants(module), message, true);
    },
    log(module, lines, dropped) {
      const message: LogMessage = {
        lines: lines.slice(0, 200).map((one) => ({ l: one.level, m: printable(one.text) })),
        dropped: dropped + Math.max(0, lines.length - 200),
        t: clock.now(),
      };
      say(topics.log(module), message, false, "low");
    },
    versions: (envelope) => options.send(topics.versions, envelope, { retain: true, priority: "high" }),
    attestation: (envelope, retain) => options.send(topics.attestation, envelope, { retain, priority: "high" }),
    result: (message) => say(topics.result(message.id), message, false),
    move(subject, to, why) {
      const code = why instanceof Fault ? why.code : undefined;
      const reason = why instanceof Fault ? why.message : why;
      const id = jobId(subject);
      const rev = options.nextJobRev(id, subject, to, code, reason);
      if (rev === undefined) return;
      const message: JobMessage = {
        id,
        module: subject.name,
        version: subject.version,
        s: to,
        rev,
        ...(code === undefined ? {} : { code }),
        ...(reason === undefined ? {} : { reason }),
        t: clock.now(),
      };
      say(topics.job(id), message, true);
    },
  };
}
