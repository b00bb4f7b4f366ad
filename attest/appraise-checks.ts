/**
 * The appraiser's checks of a genuine statement, as tables in the order in which their reasons are listed: does it
 * continue what the board said before, is it fresh, is it what it should be. Each check looks at one thing and says why.
 */
import type { Facts, Fault } from "../runtime/kernel/fault.ts";
import type { Result } from "../runtime/kernel/result.ts";
import { fault } from "./appraise-faults.ts";
import type { Reference, Remembered } from "./reference.ts";
import type { RuntimeModule, RuntimeStatement } from "./runtime-statement.ts";
import type { Quoted } from "./tpm/quote.ts";

export type AppraisalCheck =
  | "envelope"
  | "signature"
  | "statement"
  | "device"
  | "nonce"
  | "counter"
  | "boot"
  | "metadata-before"
  | "policy-before"
  | "time-floor"
  | "age"
  | "agent"
  | "engine"
  | "modules"
  | "policy"
  | "metadata"
  | "quote";

export interface AppraisalReason {
  readonly check: AppraisalCheck;
  /** `unexamined`: nothing was given to hold it against. */
  readonly outcome: "passed" | "refused" | "unexamined";
  readonly code?: string;
  readonly text: string;
  readonly facts: Facts;
}

export interface Checkable {
  readonly statement: RuntimeStatement;
  /** Of the statement. */
  readonly digest: string;
  /** What came of the TPM's quote; undefined where no TPM is expected. */
  readonly quoted: Result<Quoted> | undefined;
  readonly reference: Reference;
  readonly before: Remembered | undefined;
  readonly nonce?: string | undefined;
  readonly nowMs: number;
}

/** A refusal; a sentence that says what was found right; or undefined: nothing to hold it against. */
type Check = (asked: Checkable) => Fault | string | undefined;
type Table = readonly (readonly [AppraisalCheck, Check])[];

const REPOSITORIES = ["image", "director"] as const;
const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
/** How far ahead of the appraiser a board's clock may be. */
const AHEAD_MS_MAX = 300_000;

const device: Check = ({ statement: { predicate }, reference }) => {
  const found = `${predicate.tenant}/${predicate.device}`;
  const expected = `${reference.tenant}/${reference.device}`;
  return found === expected ? "it is this board's" : fault("APPRAISE_DEVICE", { found, device: expected });
};

const nonce: Check = ({ statement, nonce: asked }) => {
  if (asked === undefined) return undefined;
  const found = statement.predicate.nonce;
  return found === asked
    ? "it answers the question that was asked"
    : fault("APPRAISE_NONCE", { found: found ?? "no question", nonce: asked });
};

const counter: Check = ({ statement: { predicate }, before, digest }) => {
  if (before === undefined) return undefined;
  const facts = { counter: predicate.counter, device: predicate.device, seen: before.counter };
  if (predicate.counter > before.counter) return "its number rose";
  return fault(digest === before.digest ? "APPRAISE_REPLAYED" : "APPRAISE_COUNTER", facts);
};

/** A new boot of the machine is a new start of the agent; within one start the machine does not boot. */
const boot: Check = ({ statement: { predicate }, before }) => {
  if (before === undefined) return undefined;
  const { count, id = "unknown" } = predicate.boot;
  const { count: seen, id: seenBoot = "unknown" } = before.boot;
  if (count > seen || (count === seen && id === seenBoot))
    return count > seen ? "the agent started anew" : "same start";
  return fault("APPRAISE_BOOT", { device: predicate.device, count, boot: id, seen, seenBoot });
};

/** A root that moved on may have brought new keys, and with them lower numbers (TUF 5.3.11, fast-forward recovery). */
const metadataBefore: Check = ({ statement, before }) => {
  const seen = before?.metadata;
  if (seen === undefined) return undefined;
  const { metadata } = statement.predicate;
  for (const repository of REPOSITORIES) {
    for (const role of ROLES) {
      const found = metadata?.[repository][role] ?? 0;
      const isExcused = role !== "root" && (metadata?.[repository].root ?? 0) > seen[repository].root;
      if (found < seen[repository][role] && !isExcused) {
        return fault("APPRAISE_METADATA_BACK", { repository, role, found, seen: seen[repository][role] });
      }
    }
  }
  return "no metadata went back";
};

const policyBefore: Check = ({ statement, before }) => {
  const seen = before?.policy;
  if (seen === undefined) return undefined;
  const found = statement.predicate.policy;
  const isOn =
    found !== undefined &&
    (found.version > seen.version || (found.version === seen.version && found.digest === seen.digest));
  return isOn
    ? "the policy did not go back"
    : fault("APPRAISE_POLICY_BACK", { found: found?.version ?? "none", seen: seen.version });
};

const timeFloor: Check = ({ statement: { predicate }, before }) => {
  if (before === undefined) return undefined;
  const isReset = (predicate.policy?.version ?? 0) > (before.policy?.version ?? 0);
  if (predicate.timeFloorMs >= before.timeFloorMs || isReset) return "the latest signed time did not go back";
  const facts = { found: instant(predicate.timeFloorMs), seen: instant(before.timeFloorMs) };
  return fault("APPRAISE_TIME_BACK", facts);
};

/** The answer to a fresh question is not older than the question, whatever a board without a clock of its own says. */
const age: Check = ({ statement: { predicate }, reference: { maxAgeS }, nonce: asked, nowMs }) => {
  if (asked !== undefined && predicate.nonce === asked) return "not older than the question";
  const ageMs = nowMs - Math.max(predicate.timeMs, predicate.timeFloorMs);
  if (ageMs <= maxAgeS * 1000 && ageMs >= -AHEAD_MS_MAX) return `made ${Math.max(0, Math.round(ageMs / 1000))} s ago`;
  return fault("APPRAISE_STALE", { ageS: Math.round(ageMs / 1000), maxAgeS });
};

const agent: Check = ({ statement: { predicate }, reference: { agents } }) => {
  if (agents === undefined) return undefined;
  const found = predicate.agent.digest;
  const isKnown = agents.some((one) => one === found);
  return isKnown ? "the agent is of a known release" : fault("APPRAISE_AGENT", { found, expected: agents });
};

const engine: Check = ({ statement: { predicate }, reference: { tiers } }) => {
  if (tiers === undefined) return undefined;
  const found = predicate.engine.tier;
  return tiers.includes(found)
    ? "modules run in an expected tier"
    : fault("APPRAISE_ENGINE", { found, expected: tiers });
};

const isRunning = ({ state }: RuntimeModule) => state === "running" || state === "probation";

/** Exactly what is expected: no other code, nothing missing, nothing twice. */
const modules: Check = ({ statement: { predicate }, reference }) => {
  const { modules: expected } = reference;
  if (expected === undefined) return undefined;
  const refused = (reason: string) => fault("APPRAISE_MODULES", { reason });
  const names = predicate.modules.map(({ team, name }) => `${team}/${name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return refused(`${twice} is listed twice`);
  for (const found of predicate.modules) {
    const wanted = expected.find(({ team, name }) => team === found.team && name === found.name);
    const called = `${found.team}/${found.name} ${found.version} (${found.state})`;
    if (wanted === undefined) {
      if (found.state !== "stopped") return refused(`${called} is not expected`);
    } else if (!wanted.digests.includes(found.digest)) {
      return refused(`${called} has the code ${found.digest}, expected ${wanted.digests.join(" or ")}`);
    } else if (wanted.grantsDigest !== undefined && wanted.grantsDigest !== found.grantsDigest) {
      return refused(`${called} has the grants ${found.grantsDigest}, expected ${wanted.grantsDigest}`);
    }
  }
  const missing = expected.find(
    (wanted) =>
      wanted.optional !== true &&
      !predicate.modules.some((one) => one.team === wanted.team && one.name === wanted.name && isRunning(one)),
  );
  if (missing !== undefined) return refused(`${missing.team}/${missing.name} does not run`);
  return "what runs is what should";
};

const policy: Check = ({ statement: { predicate }, reference: { policy: expected } }) => {
  if (expected === undefined) return undefined;
  const { version = 0, digest = "none" } = predicate.policy ?? {};
  const { versionMin = 1, digest: exact } = expected;
  if (version >= versionMin && (exact === undefined || exact === digest)) return "the expected policy is in force";
  const wanted = exact ?? `version ${versionMin} or higher`;
  return fault("APPRAISE_POLICY", { found: `version ${version}, ${digest}`, expected: wanted });
};

const metadata: Check = ({ statement: { predicate }, reference: { metadataMin } }) => {
  if (metadataMin === undefined) return undefined;
  for (const repository of REPOSITORIES) {
    for (const role of ROLES) {
      const least = metadataMin[repository]?.[role] ?? 0;
      const found = predicate.metadata?.[repository][role] ?? 0;
      if (found < least) return fault("APPRAISE_METADATA", { repository, role, found, least });
    }
  }
  return "the metadata is as new as it should be";
};

const UNMEASURED =
  "the board's TPM vouches for this statement; its measurements were not examined: no values were given";

/** The chip counts its own resets, and the restarts since the last: neither goes back in the life of its keys. */
const quote: Check = ({ quoted, before, reference }) => {
  if (quoted?.ok !== true) return quoted?.error;
  const { key, resets, restarts } = quoted.value;
  const isSameChip = before?.tpm?.key === undefined || before.tpm.key === key;
  const seen = (isSameChip ? before?.tpm : undefined) ?? { resets: 0, restarts: 0 };
  if (resets > seen.resets || (resets === seen.resets && restarts >= seen.restarts)) {
    const isMeasured = Object.keys(reference.tpm?.pcrs ?? {}).length > 0;
    return isMeasured ? "the board's TPM vouches for this statement" : UNMEASURED;
  }
  const reason = `the chip counts ${resets} resets and ${restarts} restarts, it was at ${seen.resets} and ${seen.restarts}`;
  return fault("APPRAISE_QUOTE", { reason });
};

export const CONTINUITY: Table = [
  ["device", device],
  ["nonce", nonce],
  ["counter", counter],
  ["boot", boot],
  ["metadata-before", metadataBefore],
  ["policy-before", policyBefore],
  ["time-floor", timeFloor],
];
export const FRESHNESS: Table = [["age", age]];
export const CONTENT: Table = [
  ["agent", agent],
  ["engine", engine],
  ["modules", modules],
  ["policy", policy],
  ["metadata", metadata],
  ["quote", quote],
];

const UNEXAMINED: Readonly<Partial<Record<AppraisalCheck, string>>> = {
  nonce: "nothing was asked",
  counter: "the first that is seen of this board",
  boot: "the first that is seen of this board",
  "metadata-before": "none was seen before",
  "policy-before": "none was seen before",
  "time-floor": "the first that is seen of this board",
  quote: "no TPM is recorded for this board: the claim is that of a key in a file",
};

export function run(table: Table, asked: Checkable): readonly AppraisalReason[] {
  return table.map(([check, look]) => {
    const found = look(asked);
    if (found === undefined) {
      return { check, outcome: "unexamined", text: UNEXAMINED[check] ?? "no reference value was given", facts: {} };
    }
    if (typeof found === "string") return { check, outcome: "passed", text: found, facts: {} };
    return { check, outcome: "refused", code: found.code, text: found.message, facts: found.facts };
  });
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
