/** Door two: is this code what it says? The board's side; what a publisher needs to sign is in `publisher/`. */
import { catalogue as appraiseCatalogue } from "./appraise-faults.ts";
import { catalogue as evidenceCatalogue } from "./faults.ts";
import { catalogue as predicateCatalogue } from "./predicate/faults.ts";

export { type Appraisal, type AppraisalInput, type AppraisalStatus, appraise } from "./appraise.ts";
export type { AppraisalCheck, AppraisalReason } from "./appraise-checks.ts";
export {
  type ArtifactBytes,
  type ArtifactEvidence,
  type PinnedKey,
  parsePinnedKey,
  type Signers,
  verifyArtifact,
} from "./artifact.ts";
export { BUNDLE_BYTES_MAX, STATEMENT_PAYLOAD_TYPE } from "./bundle.ts";
export { createJudge, createRootReader, type Judge } from "./cache.ts";
export { CERTIFICATE_FACTS, type CertificateFact, type CertificateFacts } from "./certificate.ts";
export type { Identity, NamedIdentity } from "./identity.ts";
export { type Attested, type JudgeInput, judge, type Verdict } from "./judge.ts";
export {
  type EvidenceRule,
  POLICY_BYTES_MAX,
  POLICY_PATH,
  type Policy,
  parsePolicy,
  policyShape,
  TRUSTED_ROOT_PATH,
} from "./policy.ts";
export { PROVENANCE_TYPE, type ProvenanceFacts } from "./provenance.ts";
export { type Check, firstRefusal, flags, type Reason } from "./reasons.ts";
export { parseReference, parseRemembered, type Reference, type Remembered, referenceLike } from "./reference.ts";
export { revokedFile } from "./revocation.ts";
export {
  peekRuntimeStatement,
  type Quoter,
  quoteClaim,
  RUNTIME_BYTES_MAX,
  RUNTIME_MODULES_MAX,
  RUNTIME_TYPE,
  type RuntimeFacts,
  type RuntimeModule,
  type RuntimeStatement,
  runtimeNonce,
  signRuntimeStatement,
} from "./runtime-statement.ts";
export { type Artifact, STATEMENT_TYPE } from "./statement.ts";
export { parseAttestationKey } from "./tpm/attestation-key.ts";
export { parseTrustedRoot, TRUSTED_ROOT_BYTES_MAX, type TrustedRoot } from "./trust.ts";
export { type Evidence, type Verification, verifyBundle } from "./verify.ts";
export { moduleResource, type VsaInput, vsaStatement } from "./vsa.ts";
export { verifiedLevels } from "./vsa-levels.ts";

export const catalogues = [evidenceCatalogue, predicateCatalogue, appraiseCatalogue];
