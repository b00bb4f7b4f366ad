/**
 * A verdict's reasons: one line per check, passed, refused or not examined, as plain data that can be stored, shown and
 * sent. The Fault behind a refusal, with its cause, stays reachable for as long as the reason itself is in memory.
 */
import { assert } from "../runtime/kernel/assert.ts";
import type { Facts, Fault } from "../runtime/kernel/fault.ts";
import { catalogue, fault } from "./faults.ts";
import { fault as predicateFault, catalogue as predicates } from "./predicate/faults.ts";

export type Check =
  | "bundle"
  | "timestamps"
  | "certificate"
  | "log"
  | "signature"
  | "signer"
  | "revocation"
  | "region"
  | "rule"
  | "identity"
  | "statement"
  | "subjects"
  | "predicate"
  | "provenance"
  | "builder"
  | "source"
  | "build-type"
  | "level"
  | "certificate-source"
  | "parameters"
  | "threshold"
  | "age"
  | "fields"
  | "verifier"
  | "resource"
  | "result"
  | "components"
  | "licences"
  | "vulnerabilities"
  | "scan"
  | "attributes"
  | "steps"
  | "manifest";

export interface Reason {
  readonly check: Check;
  readonly passed: boolean;
  /** The refusal. A check that has neither passed nor a code could not be made, because one before it failed. */
  readonly code?: string;
  readonly text: string;
  readonly facts: Facts;
  /** The attestation it speaks of: its place in the evidence file. */
  readonly evidence?: number;
  /** The policy's evidence rule, and the requirement within it. */
  readonly rule?: number;
  readonly requirement?: number;
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
  assert(reason !== undefined, "only a verdict with a refusal has a first refusal");
  return faults.get(reason) ?? remade(reason);
}

function remade({ code, facts }: Reason): Fault {
  const own = Object.keys(catalogue.table).find((one) => one === code) as Parameters<typeof fault>[0] | undefined;
  if (own !== undefined) return fault(own, facts);
  const predicate = Object.keys(predicates.table).find((one) => one === code);
  assert(predicate !== undefined, "a reason's code is one of this room's");
  return predicateFault(predicate as Parameters<typeof predicateFault>[0], facts);
}
