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
  /** By the policy in the proof, at the time in the proof: equal to what the board recorded. */
  readonly verdict: Verdict;
  readonly policy: Policy;
  readonly trust: TrustedRoot;
}

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

/** Refuses with PROOF_VERDICT_DIFFERS, and with PROOF_RELEASE for a policy or trusted root that cannot be read. */
export function judgeAgain(proof: Proof, proven: ProvenRelease, judgeBy: Judge = judge): Result<Rejudged> {
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
    if (canonicalJson(judged) !== canonicalJson(proof.verdict)) {
      const facts = { recorded: inWords(proof.verdict), judged: inWords(judged), agent: proof.agent.version };
      throw fault("PROOF_VERDICT_DIFFERS", facts);
    }
    return { verdict, policy, trust };
  });
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
