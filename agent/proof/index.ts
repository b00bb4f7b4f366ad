/** Proofs: why a board admitted a release, kept by the board and verified by anybody, without the board. */
export { subjectOf } from "./certificate.ts";
export type { Dependence, RootDependence } from "./depends.ts";
export { type DeviceIdentity, type DeviceTrust, readAuthorities } from "./device.ts";
export { catalogue, fault } from "./faults.ts";
export { bytesOf, CERTIFICATES_MAX, PROOF_BYTES_MAX, PROOF_TYPE, type Proof } from "./format.ts";
export { type Admission, type Made, makeProof, type Prover } from "./make.ts";
export type { Roots } from "./release.ts";
export { type Opened, openProof, sealProof } from "./seal.ts";
export { verifierOf } from "./summary.ts";
export { type ProofDemand, type ProofResult, verifyProof } from "./verify.ts";
