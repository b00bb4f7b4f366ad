/**
 * The requirement `vsa`: somebody whom the owner trusts has judged the release by a policy of their own and says so in a
 * SLSA verification summary (slsa.dev/spec/v1.1/verification_summary, "How to verify", steps 4 to 7; the core does 1 to
 * 3). The heavy policy runs once, elsewhere; the board checks one small signed statement.
 */

import { sha256Hex } from "../../runtime/kernel/brand.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  array,
  type Infer,
  integer,
  type object,
  optional,
  parseShape,
  record,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { Candidate, Circumstances, Examine, Examined } from "../candidate.ts";
import { fault } from "../faults.ts";
import { passed, type Reason, refused, unexamined } from "../reasons.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault as predicateFault } from "./faults.ts";

export const VSA_TYPE = "https://slsa.dev/verification_summary/v1";
export const VSA_TYPE_V02 = "https://slsa.dev/verification_summary/v0.2";
export const VSA_TYPES: readonly string[] = [VSA_TYPE, VSA_TYPE_V02];

export interface VsaFacts {
  readonly verifierId: string;
  readonly resourceUri: string;
  readonly policyUri?: string;
  readonly policyDigest?: Readonly<Record<string, string>>;
  /** `PASSED` or `FAILED`, as written. */
  readonly result: string;
  readonly levels: readonly string[];
  /** As the verifier says. */
  readonly verifiedMs?: number;
}

const uri = string({ min: 1, max: 500 });
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const time = refined(
  string({ max: 40 }),
  (text) => UTC.test(text) && Number.isFinite(Date.parse(text)),
  "a time as 2026-01-31T00:00:00Z",
);
const digest = record(string({ min: 1, max: 64 }), string({ min: 1, max: 256 }), { max: 32 });
const verifier = tolerant({ id: uri });
const policy = tolerant({ uri: optional(nullable(uri)), digest: optional(nullable(digest)) });
const result = string({ min: 1, max: 40 });
const LEVELS_MAX = 64;
const level = string({ min: 1, max: 200 });

const v1 = tolerant({
  verifier,
  timeVerified: optional(nullable(time)),
  resourceUri: uri,
  policy,
  verificationResult: result,
  verifiedLevels: array(level, { max: LEVELS_MAX }),
});
/** slsa.dev/verification_summary/v0.2: the same in snake_case, with one level of the tracks of its time. */
const v02 = tolerant({
  verifier,
  time_verified: time,
  resource_uri: uri,
  policy,
  verification_result: result,
  policy_level: level,
});

/** Refuses with ATTEST_PREDICATE_INVALID. */
export function parseVsa(predicate: unknown, type: string = VSA_TYPE): Result<VsaFacts, Fault> {
  const what = "the verification summary";
  const read = type === VSA_TYPE_V02 ? parseShape(v02, predicate ?? {}, what) : parseShape(v1, predicate ?? {}, what);
  if (!read.ok) {
    return err(predicateFault("ATTEST_PREDICATE_INVALID", { type, reason: reasonOf(read.error) }, read.error));
  }
  const said = read.value;
  const timeVerified = "policy_level" in said ? said.time_verified : said.timeVerified;
  return ok({
    verifierId: said.verifier.id,
    resourceUri: "policy_level" in said ? said.resource_uri : said.resourceUri,
    ...(said.policy.uri === undefined ? {} : { policyUri: said.policy.uri }),
    ...(said.policy.digest === undefined ? {} : { policyDigest: said.policy.digest }),
    result: "policy_level" in said ? said.verification_result : said.verificationResult,
    levels: "policy_level" in said ? [said.policy_level] : said.verifiedLevels,
    ...(timeVerified === undefined ? {} : { verifiedMs: Date.parse(timeVerified) }),
  });
}

/** `SLSA_BUILD_LEVEL_3`. Values of one's own must not begin with `SLSA_`. */
const TRACK_LEVEL = /^SLSA_([A-Z]+)_LEVEL_(\d)$/;

export const vsaFields = {
  /** `verifier.id` is one of these. Whoever may sign may sign for each of them: for other pairs make a second requirement. */
  verifiers: array(uri, { min: 1, max: 32 }),
  /**
   * `resourceUri`, exactly; `{team}`, `{name}` and `{version}` stand for the module's. Unless given it is
   * `sallyport:modules/{team}/{name}/{version}`.
   */
  resource: optional(uri),
  /** All of these must have been verified. A level of a SLSA track covers those below it. */
  levels: optional(
    array(
      refined(
        level,
        (text) => !text.startsWith("SLSA_") || TRACK_LEVEL.test(text) || text.endsWith("_LEVEL_UNEVALUATED"),
        "SLSA_TRACK_LEVEL_N, or a value of the verifier's own",
      ),
      { min: 1, max: 16 },
    ),
  ),
  /** SHA-256 of the policy by which the verifier judged. */
  policyDigest: optional(sha256Hex),
  /** The oldest that `timeVerified` may be. Without one the summary is refused. */
  maxVerifiedAgeDays: optional(integer({ min: 1, max: 36_500 })),
};
type Asked = Infer<ReturnType<typeof object<typeof vsaFields>>>;

/** Refuses with ATTEST_VSA_VERIFIER, _RESOURCE, _RESULT, ATTEST_LEVEL, ATTEST_STALE and ATTEST_NO_TIME; checks in this order. */
export const examineVsa: Examine<Asked> = (asked, candidate, circumstances) => {
  const read = parseVsa(candidate.statement.predicate, candidate.statement.predicateType);
  const aged = asked.maxVerifiedAgeDays;
  if (!read.ok) {
    const rest = (["resource", "result", "level"] as const).map(unexamined);
    return { reasons: [refused("verifier", read.error), ...rest, ...(aged === undefined ? [] : [unexamined("age")])] };
  }
  const facts = read.value;
  const reasons = [
    verified(facts, asked),
    about(facts, asked, circumstances.module),
    resulted(facts, asked),
    levelled(facts, asked),
  ];
  if (aged === undefined) return { reasons };
  const age = ageOf(facts, aged, candidate, circumstances);
  return { ...age, reasons: [...reasons, ...age.reasons] };
};

function verified({ verifierId: found }: VsaFacts, { verifiers }: Asked): Reason {
  if (verifiers.includes(found)) return passed("verifier", "the verifier is one that is named", { found });
  return refused("verifier", predicateFault("ATTEST_VSA_VERIFIER", { found, expected: verifiers }));
}

export const RESOURCE = "sallyport:modules/{team}/{name}/{version}";

/** Names and versions of modules hold neither braces nor `$`. */
export function resourceOf(pattern: string, { team, name, version }: Circumstances["module"]): string {
  return pattern.replaceAll("{team}", team).replaceAll("{name}", name).replaceAll("{version}", version);
}

function about({ resourceUri: found }: VsaFacts, { resource }: Asked, module: Circumstances["module"]): Reason {
  const expected = resourceOf(resource ?? RESOURCE, module);
  if (found === expected) return passed("resource", "the summary is about this module", { found });
  return refused("resource", predicateFault("ATTEST_VSA_RESOURCE", { found, expected }));
}

const PASSED = "PASSED";
const FAILED = "FAILED";

function resulted({ result: found, levels, policyDigest }: VsaFacts, asked: Asked): Reason {
  // A summary that passes and lists `FAILED` among its levels says both.
  const said = levels.includes(FAILED) ? FAILED : found;
  if (said !== PASSED) return refused("result", predicateFault("ATTEST_VSA_RESULT", { found: said, expected: PASSED }));
  const used = policyDigest?.["sha256"];
  if (asked.policyDigest === undefined || asked.policyDigest === used) {
    return passed("result", "the verifier let the release pass", { found });
  }
  const facts = { found: `${found} by policy ${used ?? "without a sha256"}`, expected: `policy ${asked.policyDigest}` };
  return refused("result", predicateFault("ATTEST_VSA_RESULT", facts));
}

function levelled({ levels: found }: VsaFacts, { levels = [] }: Asked): Reason {
  const missing = levels.filter((wanted) => !found.some((one) => covers(one, wanted)));
  if (missing.length === 0) return passed("level", "every level that is asked for was verified", { found });
  const facts = { what: "the verification", found: found.length === 0 ? "no level" : found, expected: missing };
  return refused("level", predicateFault("ATTEST_LEVEL", facts));
}

/** Of two levels of one track the higher one counts: each implies those below it. */
function covers(found: string, wanted: string): boolean {
  if (found === wanted) return true;
  const [, track, low] = TRACK_LEVEL.exec(wanted) ?? [];
  const [, same, high] = TRACK_LEVEL.exec(found) ?? [];
  return track !== undefined && track === same && Number(high) >= Number(low);
}

const DAY_MS = 86_400_000;

/** What was signed was verified before, so a trusted time of signing bounds a date that lies further ahead. */
function ageOf(
  { verifiedMs }: VsaFacts,
  maxDays: number,
  { signedTimesMs: [signedMs = Number.POSITIVE_INFINITY] }: Candidate,
  { nowMs }: Circumstances,
): Examined {
  if (verifiedMs === undefined) {
    const reason = "the age of the verification counts, and it does not say when it was";
    return { reasons: [refused("age", fault("ATTEST_NO_TIME", { reason }))] };
  }
  const atMs = Math.min(verifiedMs, signedMs);
  const verifiedAt = new Date(atMs).toISOString();
  if (atMs > nowMs + DAY_MS) {
    const reason = `it says that it was verified at ${verifiedAt}, which is yet to come`;
    return { reasons: [refused("age", fault("ATTEST_NO_TIME", { reason }))] };
  }
  const untilMs = atMs + maxDays * DAY_MS;
  const max = `${maxDays} days`;
  if (nowMs < untilMs)
    return { reasons: [passed("age", "the verification is young enough", { verifiedAt, max })], untilMs };
  const age = `${Math.floor((nowMs - atMs) / DAY_MS)} days`;
  return { reasons: [refused("age", fault("ATTEST_STALE", { what: "it was verified", age, max }))] };
}
