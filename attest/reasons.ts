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
  /** It would be refused if it were new; as it runs already, the owner only wants to know. */
  readonly flagged?: true;
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

/** `onlyFlagged`: it is reported and refuses nothing, for what it speaks of was admitted before. */
export function refused(check: Check, why: Fault, onlyFlagged = false): Reason {
  const { code, message: text, facts } = why;
  const reason: Reason = { check, passed: onlyFlagged, code, text, facts, ...(onlyFlagged ? { flagged: true } : {}) };
  faults.set(reason, why);
  return reason;
}

/** The same reason with its place: which attestation, which rule, which requirement. */
export function placed(reason: Reason, place: Pick<Reason, "evidence" | "rule" | "requirement">): Reason {
  const copy = { ...reason, ...place };
  const why = faults.get(reason);
  if (why !== undefined) faults.set(copy, why);
  return copy;
}

export function unexamined(check: Check): Reason {
  return { check, passed: false, text: "not examined, because a check before it failed", facts: {} };
}

/** The Fault of the first failed check, for reports. The cause is there unless the verdict was read back from a record. */
export function firstRefusal(verdict: { readonly reasons: readonly Reason[] }): Fault {
  const all = verdict.reasons.filter((one) => one.code !== undefined && !one.passed);
  const ofEvidence = (one: Reason) => one.evidence !== undefined && one.rule === undefined;
  // Of attestations that do not hold only where no other was there to be looked at: they decide nothing.
  const reason =
    all.find((one) => one.check === "revocation") ?? all.find((one) => !ofEvidence(one)) ?? all.find(ofEvidence);
  assert(reason !== undefined, "only a verdict with a refusal has a first refusal");
  return faults.get(reason) ?? remade(reason);
}

/** A refusal that only says what has become of something that was admitted before. */
export function flagged(reason: Reason): Reason {
  const copy: Reason = { ...reason, passed: true, flagged: true };
  const why = faults.get(reason);
  if (why !== undefined) faults.set(copy, why);
  return copy;
}

/** What is reported of something that goes on running. */
export function flags(verdict: { readonly reasons: readonly Reason[] }): readonly Fault[] {
  return verdict.reasons.filter((one) => one.flagged === true).map((one) => faults.get(one) ?? remade(one));
}

function remade({ code, facts }: Reason): Fault {
  const own = Object.keys(catalogue.table).find((one) => one === code) as Parameters<typeof fault>[0] | undefined;
  if (own !== undefined) return fault(own, facts);
  const predicate = Object.keys(predicates.table).find((one) => one === code);
  assert(predicate !== undefined, "a reason's code is one of this room's");
  return predicateFault(predicate as Parameters<typeof predicateFault>[0], facts);
}
