/**
 * One requirement of the policy against all candidates: is there an attestation that meets it, and by as many parties as
 * it asks for? Where none does, the reasons are those of the candidate that came nearest.
 */
import { assert } from "../runtime/kernel/assert.ts";
import type { Candidate, Circumstances } from "./candidate.ts";
import { fault } from "./faults.ts";
import { examine, predicateTypesOf, type Requirement, type Single } from "./kinds.ts";
import { followLayout } from "./layout-requirement.ts";
import { namesOf, partyNaming, type Quorum, quorumOf } from "./parties.ts";
import type { Policy } from "./policy.ts";
import { examineFields } from "./predicate/fields.ts";
import { flagged, passed, placed, type Reason, refused, unexamined } from "./reasons.ts";
import { checkSubjects } from "./statement.ts";

export interface Met {
  readonly reasons: readonly Reason[];
  /** The candidates that meet it, if it is met. */
  readonly used: readonly Candidate[];
  /** It is met, and by a statement about every file of the release. */
  readonly coversAll: boolean;
  readonly untilMs?: number;
}

interface Surroundings {
  readonly policy: Policy;
  readonly circumstances: Circumstances;
  /** Age is reported and does not refuse. */
  readonly running: boolean;
}

interface Looked {
  readonly candidate: Candidate;
  readonly reasons: readonly Reason[];
  readonly parties: readonly string[];
  readonly holds: boolean;
  readonly untilMs?: number;
}

const NOTHING = (["predicate", "identity", "subjects"] as const).map(unexamined);
const DAY_MS = 86_400_000;

export function meetRequirement(asked: Requirement, candidates: readonly Candidate[], around: Surroundings): Met {
  return asked.type === "layout" ? meetLayout(asked.layout, candidates, around) : meetSingle(asked, candidates, around);
}

function meetLayout(name: string, candidates: readonly Candidate[], { policy, circumstances }: Surroundings): Met {
  const { layouts = [], parties = [] } = policy;
  const layout = layouts.find((one) => one.name === name);
  assert(layout !== undefined, "a policy has the layouts that its requirements name");
  const known = quorumOf({ parties: parties.map((one) => one.name) }, parties).parties;
  const reason = followLayout(layout, known, candidates, circumstances);
  return { reasons: [reason], used: [], coversAll: reason.passed };
}

function meetSingle(asked: Single, candidates: readonly Candidate[], around: Surroundings): Met {
  const quorum = quorumOf(asked, around.policy.parties ?? []);
  const looked = candidates.map((one) => look(asked, one, quorum, around));
  const holding = looked.filter((one) => one.holds);
  const best = holding[0] ?? looked.toSorted((a, b) => rank(b) - rank(a))[0];
  if (best === undefined) return { reasons: NOTHING, used: [], coversAll: false };
  const counted = counts(asked, quorum, looked);
  const isMet = best.holds && counted.every((one) => one.passed);
  const untils = holding.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  return {
    reasons: [...best.reasons, ...counted],
    used: isMet ? holding.map((one) => one.candidate) : [],
    coversAll: isMet && (asked.about ?? "release") === "release",
    ...(untils.length === 0 ? {} : { untilMs: Math.min(...untils) }),
  };
}

/** The right kind of statement first, then the right signer, then whatever passes most. */
function rank({ reasons }: Looked): number {
  const weight = { predicate: 10_000, identity: 1000 };
  return reasons.reduce((sum, { check, passed: ok }) => {
    return sum + (ok ? (check === "predicate" || check === "identity" ? weight[check] : 1) : 0);
  }, 0);
}

function look(asked: Single, candidate: Candidate, quorum: Quorum, around: Surroundings): Looked {
  const { statement, index } = candidate;
  const types = predicateTypesOf(asked);
  const found = statement.predicateType;
  const place = (reasons: readonly Reason[]) => reasons.map((one) => placed(one, { evidence: index }));
  if (!types.includes(found)) {
    const reason = refused("predicate", fault("ATTEST_PREDICATE_TYPE", { found, expected: types }));
    return { candidate, reasons: place([reason]), parties: [], holds: false };
  }
  const parties = candidate.signers.flatMap((one) => partyNaming(one, quorum.parties)?.name ?? []);
  const { reasons, untilMs } = examine(asked, candidate, around.circumstances);
  const age = aged(asked, candidate, around);
  const checks = [
    passed("predicate", "the statement is of the kind that is asked for", { type: found }),
    identified(parties, candidate, quorum),
    about(asked, candidate, around.circumstances),
    ...reasons,
    ...(asked.fields === undefined ? [] : [examineFields(asked.fields, statement)]),
    ...age.reasons,
  ];
  // Expiry stops admission only.
  const isLate = (one: Reason) => around.running && one.code === "ATTEST_STALE";
  const all = checks.map((one) => (isLate(one) ? flagged(one) : one));
  const untils = [untilMs, age.untilMs].flatMap((one) => (one === undefined ? [] : [one]));
  return {
    candidate,
    reasons: place(all),
    parties,
    holds: all.every((one) => one.passed),
    ...(untils.length === 0 ? {} : { untilMs: Math.min(...untils) }),
  };
}

function identified(parties: readonly string[], { signers }: Candidate, quorum: Quorum): Reason {
  const [signer] = signers;
  const names = signers.map((one) => ("keyId" in one ? `key ${one.keyId}` : one.identity.subject));
  const issuer = signer !== undefined && "identity" in signer ? signer.identity.issuer : "none";
  const facts = { subject: names.join(", "), issuer };
  if (parties.length > 0) return passed("identity", "the signer is one that the policy names", facts);
  return refused("identity", fault("ATTEST_IDENTITY_MISMATCH", { ...facts, expected: namesOf(quorum.parties) }));
}

function about(asked: Single, { statement }: Candidate, { artifacts }: Circumstances): Reason {
  const wanted = asked.about === "module" ? artifacts.slice(0, 1) : artifacts;
  const checked = checkSubjects(statement.subject, wanted);
  if (!checked.ok) return refused("subjects", checked.error);
  const names = wanted.map((one) => `${one.name} (sha256 ${one.sha256})`);
  return passed("subjects", "the statement speaks of exactly these bytes", { artifacts: names });
}

/**
 * A witness says that a signature was there, not that it was made then. A certificate bounds both within minutes; what a
 * bare key signed long ago anybody can have witnessed anew, so it has no age.
 */
function aged(
  { maxAgeDays }: Single,
  { signers, signedTimesMs }: Candidate,
  { circumstances }: Surroundings,
): { readonly reasons: readonly Reason[]; readonly untilMs?: number } {
  if (maxAgeDays === undefined) return { reasons: [] };
  const [earliest] = signedTimesMs;
  const isByKey = signers.some((one) => "keyId" in one);
  if (earliest === undefined || isByKey) {
    const why = isByKey ? "it is signed by a key, not by a certificate" : "it has neither log entry nor timestamp";
    const reason = `its age counts, and ${why}`;
    return { reasons: [refused("age", fault("ATTEST_NO_TIME", { reason }))] };
  }
  const untilMs = earliest + maxAgeDays * DAY_MS;
  const signed = new Date(earliest).toISOString();
  if (circumstances.nowMs < untilMs) {
    return { reasons: [passed("age", "it is young enough", { signed, max: `${maxAgeDays} days` })], untilMs };
  }
  const days = Math.floor((circumstances.nowMs - earliest) / DAY_MS);
  const stale = fault("ATTEST_STALE", { what: "it was signed", age: `${days} days`, max: `${maxAgeDays} days` });
  return { reasons: [refused("age", stale)] };
}

/** Of how many parties there is such an attestation. */
function counts({ threshold }: Single, quorum: Quorum, looked: readonly Looked[]): readonly Reason[] {
  if (threshold === undefined) return [];
  const have = new Set(looked.filter((one) => one.holds).flatMap((one) => one.parties));
  const missing = quorum.parties.map((one) => one.name).filter((name) => !have.has(name));
  const facts = { parties: [...have], threshold };
  if (have.size >= threshold) return [passed("threshold", "enough parties have signed", facts)];
  const because = looked
    .filter((one) => !one.holds && one.parties.some((name) => missing.includes(name)))
    .flatMap((one) => one.reasons.filter((reason) => !reason.passed).map((reason) => reason.text));
  const why = because.length === 0 ? {} : { because };
  return [refused("threshold", fault("ATTEST_THRESHOLD", { met: have.size, threshold, missing, ...why }))];
}
