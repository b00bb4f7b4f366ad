/** The second door, walked through once more: the same evidence before the same judge, and what became of it. */
import {
  type Judge,
  type JudgeInput,
  judge,
  type Policy,
  parsePolicy,
  parseTrustedRoot,
  type TrustedRoot,
  type Verdict,
} from "../../attest/index.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { attemptSync, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "./faults.ts";
import type { Proof } from "./format.ts";
import type { ProvenRelease } from "./release.ts";

export interface Rejudged {
  /** By the policy in the proof, at the time in the proof: equal to what the board recorded in what decides. */
  readonly verdict: Verdict;
  readonly policy: Policy;
  readonly trust: TrustedRoot;
  /** Where a program of another version made the record. */
  readonly otherChecks?: OtherChecks;
}

/** Names of checks of which one list has more than the other. None of them refused or flagged anything. */
export interface OtherChecks {
  readonly recordedOnly: readonly string[];
  readonly hereOnly: readonly string[];
}

type Line = Proof["verdict"]["reasons"][number];

/** What of a verdict a proof records. */
export function recordOf(verdict: Verdict): Omit<Proof["verdict"], "accepted"> & { readonly accepted: boolean } {
  const { accepted, policyDigest, bundleDigest, reasons } = verdict;
  return {
    accepted,
    policyDigest,
    bundleDigest,
    reasons: reasons.map(({ check, passed, code, flagged, evidence, rule, requirement }) => ({
      check,
      passed,
      ...(flagged === undefined ? {} : { flagged }),
      ...(code === undefined ? {} : { code }),
      ...(evidence === undefined ? {} : { evidence }),
      ...(rule === undefined ? {} : { rule }),
      ...(requirement === undefined ? {} : { requirement }),
    })),
  };
}

/**
 * Refuses with PROOF_VERDICT_DIFFERS, and with PROOF_RELEASE for a policy or trusted root that cannot be read. What this
 * version of the program (`ownVersion`) recorded has to be the same to the last check. A proof outlives its board: of what another
 * version recorded, the decision, the digests and every refusal and flag have to be the same; checks may be more or less.
 */
export function judgeAgain(
  proof: Proof,
  proven: ProvenRelease,
  judgeBy: Judge = judge,
  ownVersion: string = proof.agent.version,
): Result<Rejudged> {
  return attemptSync(() => {
    const { team, name, version } = proof.release;
    const readable = <T>(what: string, read: Result<T>): T => {
      if (read.ok) return read.value;
      const reason = `its ${what} cannot be read: ${reasonOf(read.error)}`;
      throw fault("PROOF_RELEASE", { release: `${team}/${name} ${version}`, reason }, read.error);
    };
    const policy = readable("policy", parsePolicy(proven.documents.policy));
    const trust = readable("trusted root", parseTrustedRoot(proven.documents.trustedRoot));
    const verdict = judgeBy(questionOf(proof, proven, policy, trust));
    const judged = recordOf(verdict);
    const isOwn = proof.agent.version === ownVersion;
    const part = isOwn ? (one: Proof["verdict"] | typeof judged) => one : decisive;
    if (canonicalJson(part(judged)) !== canonicalJson(part(proof.verdict))) {
      const facts = { recorded: inWords(proof.verdict), judged: inWords(judged), agent: proof.agent.version };
      throw fault("PROOF_VERDICT_DIFFERS", facts);
    }
    return { verdict, policy, trust, ...(isOwn ? {} : { otherChecks: otherChecks(proof.verdict, judged) }) };
  });
}

/** What no version of the program may see otherwise. Which checks there are, and their order, is a version's own. */
function decisive({ reasons, ...rest }: Proof["verdict"] | ReturnType<typeof recordOf>) {
  const found = reasons.flatMap(({ code, flagged = false, evidence = -1, rule = -1 }) =>
    code === undefined ? [] : [canonicalJson({ code, flagged, evidence, rule })],
  );
  return { ...rest, found: found.sort() };
}

function otherChecks(recorded: Pick<Proof["verdict"], "reasons">, judged: Pick<Proof["verdict"], "reasons">) {
  return {
    recordedOnly: without(recorded.reasons, judged.reasons),
    hereOnly: without(judged.reasons, recorded.reasons),
  };
}

/** The checks of which `some` has more lines than `others`, each once. */
function without(some: readonly Line[], others: readonly Line[]): readonly string[] {
  const left = new Map<string, number>();
  for (const { check } of others) left.set(check, (left.get(check) ?? 0) + 1);
  const more = some.filter(({ check }) => {
    const count = left.get(check) ?? 0;
    left.set(check, count - 1);
    return count <= 0;
  });
  return [...new Set(more.map(({ check }) => check))];
}

/** By another policy, at another time, or both. */
export function judgeUnder(
  proof: Proof,
  proven: ProvenRelease,
  trust: TrustedRoot,
  policy: Policy,
  atMs: number = proof.time.judgedMs,
): Verdict {
  return judge({ ...questionOf(proof, proven, policy, trust), nowMs: atMs });
}

function questionOf(proof: Proof, proven: ProvenRelease, policy: Policy, trust: TrustedRoot): JudgeInput {
  const { team, name, version, module, manifest } = proof.release;
  const { id, class: kind, region } = proof.device;
  const { capabilities, data } = proven.manifest;
  return {
    bundle: proven.documents.evidence,
    artifacts: [
      { name: "module.wasm", sha256: module.sha256 },
      { name: "manifest.json", sha256: manifest.sha256 },
    ],
    module: { team, name, version, capabilities, ...(data === undefined ? {} : { regions: data.regions }) },
    device: { id, class: kind, region },
    policy,
    trust,
    nowMs: proof.time.judgedMs,
    running: proof.running,
  };
}

/** Short: how it ended, and where the first of the reasons stand that make the difference. */
function inWords(record: { readonly accepted: boolean; readonly reasons: Proof["verdict"]["reasons"] }): string {
  const codes = record.reasons.flatMap(({ check, code }) => (code === undefined ? [] : [`${check}: ${code}`]));
  const end = codes.length === 0 ? `${record.reasons.length} checks passed` : codes.slice(0, 5).join(", ");
  return `${record.accepted ? "accepted" : "refused"} (${end})`;
}
