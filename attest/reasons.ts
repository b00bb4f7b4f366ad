/**
 * A verdict's reasons: one line per check, passed, refused or not examined, as plain data that can be stored, shown and
 * sent. The Fault behind a refusal, with its cause, stays reachable for as long as the reason itself is in memory.
 */
import { assert } from "../runtime/kernel/assert.ts";
import type { Facts, Fault } from "../runtime/kernel/fault.ts";
import { catalogue, fault } from "./faults.ts";

export type Check =
  | "bundle"
  | "timestamps"
  | "certificate"
  | "log"
  | "signature"
  | "signer"
  | "rule"
  | "identity"
  | "statement"
  | "subjects"
  | "predicate"
  | "provenance"
  | "builder"
  | "source"
  | "build-type";

export interface Reason {
  readonly check: Check;
  readonly passed: boolean;
  /** The refusal. A check that has neither passed nor a code could not be made, because one before it failed. */
  readonly code?: string;
  readonly text: string;
  readonly facts: Facts;
}

/** Not part of the record: a Fault is no JSON and its cause must not travel. */
const faults = new WeakMap<Reason, Fault>();

export function passed(check: Check, text: string, facts: Facts = {}): Reason {
  return { check, passed: true, text, facts };
}

export function refused(check: Check, why: Fault): Reason {
  const reason: Reason = { check, passed: false, code: why.code, text: why.message, facts: why.facts };
  faults.set(reason, why);
  return reason;
}

export function unexamined(check: Check): Reason {
  return { check, passed: false, text: "not examined, because a check before it failed", facts: {} };
}

/** The Fault of the first failed check, for reports. The cause is there unless the verdict was read back from a record. */
export function firstRefusal(verdict: { readonly reasons: readonly Reason[] }): Fault {
  const reason = verdict.reasons.find((one) => one.code !== undefined);
  const code = Object.keys(catalogue.table).find((one) => one === reason?.code) as Parameters<typeof fault>[0];
  assert(reason !== undefined && code !== undefined, "only a verdict with a refusal of this room has a first refusal");
  return faults.get(reason) ?? fault(code, reason.facts);
}
