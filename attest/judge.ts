/**
 * Door two in one call: is this release what the owner's policy asks for? It knows nothing of how the bytes arrived and
 * touches nothing: the same input gives the same verdict on the board, at the fleet and in an auditor's hands.
 */
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { documentDigest, sha256 } from "../runtime/kernel/digest.ts";
import { decide, type Question } from "./decide.ts";
import { type Item, readEvidence } from "./evidence.ts";
import type { Identity } from "./identity.ts";
import { policyKey } from "./parties.ts";
import { keysOf } from "./policy.ts";
import type { ProvenanceFacts } from "./provenance.ts";
import type { Reason } from "./reasons.ts";
import type { TrustedRoot } from "./trust.ts";

export interface JudgeInput extends Question {
  /** The evidence file: a Sigstore bundle, a DSSE envelope, or several of both as JSON Lines. */
  readonly bundle: Uint8Array;
  readonly trust: TrustedRoot;
}

/** One attestation of the evidence file. */
export interface Attested {
  readonly digest: Sha256;
  /** Its signatures hold. Whether it counts is said by the reasons. */
  readonly holds: boolean;
  readonly predicateType?: string;
  /** Names of certificates, `key <hex>` for keys of the policy. */
  readonly signers: readonly string[];
}

/** Plain data. What is known is said also when the release is refused: who signed, what they claim. */
export interface Verdict {
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  /** The first that a certificate names: of what the policy accepted, or of what there is if the release is refused. */
  readonly signer?: Identity;
  /** What the signed statement claims, of the same; to be believed only if accepted. */
  readonly provenance?: ProvenanceFacts;
  /** In the order of the file. */
  readonly evidence: readonly Attested[];
  /** Times signed by authorities of the trusted root, oldest first; usable as a floor for the clock. */
  readonly signedTimesMs: readonly number[];
  /** Until when it is accepted, ms, where age counts. */
  readonly untilMs?: number;
  readonly policyDigest: Sha256;
  /** Of the whole evidence file. */
  readonly bundleDigest: Sha256;
}

/** Never throws for anything a bundle can contain: what is wrong with it becomes reasons. */
export function judge(input: JudgeInput): Verdict {
  const items = readEvidence(input.bundle, input.trust, keysOf(input.policy).map(policyKey));
  const decision = decide(items, input);
  const held = items.flatMap(({ candidate }) => (candidate === undefined ? [] : [candidate]));
  const found = held.flatMap((one) => one.signers).find((one) => "identity" in one);
  const signer = decision.signer ?? (decision.accepted ? undefined : found?.identity);
  return {
    ...decision,
    ...(signer === undefined ? {} : { signer }),
    evidence: items.map(attested),
    signedTimesMs: held.flatMap((one) => one.signedTimesMs).sort((a, b) => a - b),
    policyDigest: documentDigest(input.policy),
    bundleDigest: sha256(input.bundle),
  };
}

function attested({ digest, candidate }: Item): Attested {
  if (candidate === undefined) return { digest, holds: false, signers: [] };
  const signers = candidate.signers.map((one) => ("keyId" in one ? `key ${one.keyId}` : one.identity.subject));
  return { digest, holds: true, predicateType: candidate.statement.predicateType, signers };
}
