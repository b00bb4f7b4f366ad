/**
 * Verifies a proof offline, by anybody who has the fleet's roots: without network, disk, clock or the device. The cheap
 * questions come first: encoding, form and signature, then whose key, then the metadata, then the evidence.
 */
import type { Judge, Policy, Verdict } from "../../attest/index.ts";
import type { Capability } from "../../runtime/kernel/authority/capability.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { attemptSync, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { type Dependence, dependenceOf } from "./depends.ts";
import { type DeviceTrust, identify } from "./device.ts";
import { fault } from "./faults.ts";
import type { Proof } from "./format.ts";
import { proveGrants } from "./grants.ts";
import { proveRelease, type Roots } from "./release.ts";
import { openProof } from "./seal.ts";
import { checkTimes } from "./times.ts";
import { judgeAgain, judgeUnder, type OtherChecks } from "./verdict.ts";

export interface ProofDemand {
  readonly roots: Roots;
  readonly device: DeviceTrust;
  /** The version of this program. Unless given, the record is taken for one of this version's own: equal to the last check. */
  readonly agent?: string;
  /** The code, where the reader has it: its digest must be the proof's. */
  readonly module?: Uint8Array;
  /** Another policy to judge the same evidence by, beside the one that the board had. */
  readonly policy?: Policy;
  /** Another time to judge the evidence at, ms. The metadata is always judged at the time in the proof. */
  readonly atMs?: number;
}

export interface ProofResult {
  /** SHA-256 of the file. */
  readonly digest: Sha256;
  readonly proof: Proof;
  readonly releaseCounter: number;
  /** What it might do on that board. */
  readonly capabilities: readonly Capability[];
  /** By the policy and at the time in the proof, made here; equal to the recorded one in what decides. */
  readonly verdict: Verdict;
  /** Where another version of the program made the record: the checks that only one of the two knows. */
  readonly otherChecks?: OtherChecks;
  /** Under the demand's policy or at its time, where it has one. It may refuse. */
  readonly again?: Verdict;
  readonly dependence: Dependence;
}

/**
 * Refuses with PROOF_TOO_LARGE, _NOT_CANONICAL, _INVALID, _SIGNATURE, _DEVICE, _MODULE, _CHAIN, _DOCUMENT, _RELEASE,
 * _TIME, _VERDICT_DIFFERS, in this order. Never throws for anything that a file can contain. `judgeBy`: one with a memory, for
 * whoever has just judged the same.
 */
export function verifyProof(bytes: Uint8Array, demand: ProofDemand, judgeBy?: Judge): Result<ProofResult> {
  return attemptSync(() => {
    const { proof, key, digest } = unwrap(openProof(bytes));
    const device = unwrap(identify(proof, key, demand.device));
    const found = demand.module && sha256(demand.module);
    const expected = proof.release.module.sha256;
    if (found !== undefined && found !== expected) throw fault("PROOF_MODULE", { found, expected });
    const proven = unwrap(proveRelease(proof, demand.roots));
    const metadataUntil = unwrap(checkTimes(proof, demand.roots, proven.versions));
    const rejudged = unwrap(judgeAgain(proof, proven, judgeBy, demand.agent));
    const capabilities = unwrap(proveGrants(proof, proven.manifest, proven.wanted, rejudged.policy));
    const { policy, atMs } = demand;
    const { otherChecks } = rejudged;
    const asked = policy !== undefined || atMs !== undefined;
    const again = asked ? judgeUnder(proof, proven, rejudged.trust, policy ?? rejudged.policy, atMs) : undefined;
    return {
      digest,
      proof,
      releaseCounter: proven.releaseCounter,
      capabilities,
      verdict: rejudged.verdict,
      ...(otherChecks === undefined ? {} : { otherChecks }),
      ...(again === undefined ? {} : { again }),
      dependence: dependenceOf(proof, demand.roots, proven, rejudged, device, metadataUntil),
    };
  });
}
