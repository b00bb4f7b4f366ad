/**
 * One attestation whose signatures hold, in the form in which the policy's requirements look at it: who signed, when,
 * and what the statement says. Where it came from, a Sigstore bundle or a plain DSSE envelope, no longer matters.
 */
import type { Sha256 } from "../runtime/kernel/brand.ts";
import type { CertificateFacts } from "./certificate.ts";
import type { Identity } from "./identity.ts";
import type { Reason } from "./reasons.ts";
import type { Artifact, Statement } from "./statement.ts";

/** A name that a certificate gives, or a key of the owner's policy (hex SHA-256 of its SubjectPublicKeyInfo). */
export type CandidateSigner =
  | { readonly identity: Identity; readonly certificate: CertificateFacts }
  | { readonly keyId: Sha256 };

export interface Candidate {
  /** Its place in the evidence file, from 0. */
  readonly index: number;
  readonly statement: Statement;
  /** At least one; several only for a plain envelope. */
  readonly signers: readonly CandidateSigner[];
  /** When an authority of the trusted root saw the signature, ms, oldest first. Empty for a plain envelope. */
  readonly signedTimesMs: readonly number[];
}

/** What the requirements may know beside the candidate. */
export interface Circumstances {
  /** The time that the board believes in, ms. */
  readonly nowMs: number;
  readonly module: { readonly team: string; readonly name: string; readonly version: string };
  /** The release's files; the code comes first. */
  readonly artifacts: readonly Artifact[];
  /** The level to which the owner trusts a builder (SLSA Build track, 0 to 3); 0 where the policy names none. */
  levelOf(builderId: string): number;
}

/** What one requirement says of one candidate. */
export interface Examined {
  /** The same checks in the same order for every candidate; all passed means that the requirement is met by it. */
  readonly reasons: readonly Reason[];
  /** Until when that holds, ms, where age counts. */
  readonly untilMs?: number;
}

/**
 * A kind of requirement: reads the predicate and compares it with what the owner asks. Signers, subjects and the
 * predicate's type have been looked at before. Never throws for anything a predicate can contain.
 */
export type Examine<Asked> = (asked: Asked, candidate: Candidate, circumstances: Circumstances) => Examined;
