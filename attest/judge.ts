/**
 * Door two in one call: is this release what the owner's policy asks for? It knows nothing of how the bytes arrived and
 * touches nothing: the same input gives the same verdict on the board, at the fleet and in an auditor's hands.
 */
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { documentDigest, sha256 } from "../runtime/kernel/digest.ts";
import { decide, type Question } from "./decide.ts";
import type { Identity } from "./identity.ts";
import type { ProvenanceFacts } from "./provenance.ts";
import type { Reason } from "./reasons.ts";
import type { TrustedRoot } from "./trust.ts";
import { verifyBundle } from "./verify.ts";

export interface JudgeInput extends Question {
  readonly bundle: Uint8Array;
  readonly trust: TrustedRoot;
}

/** Plain data. What is known is said also when the release is refused: who signed, what they claim. */
export interface Verdict {
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  readonly signer?: Identity;
  /** What the signed statement claims; to be believed only if accepted. */
  readonly provenance?: ProvenanceFacts;
  /** Times signed by authorities of the trusted root, oldest first; usable as a floor for the clock. */
  readonly signedTimesMs: readonly number[];
  readonly policyDigest: Sha256;
  readonly bundleDigest: Sha256;
}

/** Never throws for anything a bundle can contain: what is wrong with it becomes reasons. */
export function judge(input: JudgeInput): Verdict {
  const verification = verifyBundle(input.bundle, input.trust);
  const decision = decide(verification, input);
  return {
    accepted: decision.reasons.every((one) => one.passed),
    ...decision,
    ...(verification.ok ? { signer: verification.evidence.signer } : {}),
    signedTimesMs: verification.ok ? verification.evidence.signedTimesMs : [],
    policyDigest: documentDigest(input.policy),
    bundleDigest: sha256(input.bundle),
  };
}
