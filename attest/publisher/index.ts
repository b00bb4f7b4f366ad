/** The publisher's side of door two: write statements, sign them, collect them. Not part of what runs on a board. */
export { type ClaimedSigner, type Description, describeEvidence } from "./describe.ts";
export { checkEvidence, type EvidenceSource, mergeEvidence } from "./evidence.ts";
export { catalogue } from "./faults.ts";
export { githubToken, type TokenRequest } from "./github-token.ts";
export { type KeyOptions, signByKey, signPlain } from "./managed.ts";
export { type ProvenanceInput, provenanceStatement } from "./provenance.ts";
export { sbomStatement } from "./sbom.ts";
export type { Services } from "./services.ts";
export { type SignOptions, signKeyless } from "./sign.ts";
export { checkSignable, inTotoStatement, parsePredicate, type StatementInput, type Subject } from "./statement.ts";
