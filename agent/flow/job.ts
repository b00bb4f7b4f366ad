/**
 * One job per module and wanted release: a retained state machine on MQTT (DESIGN section 7). `rev` rises with every
 * change and is written before it is sent; saying the same state twice changes nothing.
 */
import type { ModuleName, Version } from "../../runtime/kernel/brand.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { JobState } from "../wire/index.ts";

export interface JobSubject {
  readonly name: ModuleName;
  readonly version: Version;
}

export interface JobReport {
  move(subject: JobSubject, to: JobState, reason?: Fault | string): void;
}

/** Stable over restarts and refreshes: the release is the job. */
export function jobId(subject: JobSubject): string {
  return `${subject.name}-${subject.version}`;
}
