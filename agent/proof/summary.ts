/**
 * The short form of a proof, for the next link: a SLSA verification summary signed by the device, by which a gateway or a
 * neighbour that trusts this device's key admits the release with a requirement of type `vsa`, without judging it again.
 */
import {
  moduleResource,
  parsePolicy,
  STATEMENT_PAYLOAD_TYPE,
  verifiedLevels,
  vsaStatement,
} from "../../attest/index.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { signEnvelope } from "../../runtime/kernel/dsse.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import { bytesOf } from "./format.ts";
import type { ProofResult } from "./verify.ts";

/** `verifier.id` of what a device signs: the name that a device authority's certificate gives it. */
export function verifierOf(tenant: string, device: string): string {
  return `spiffe://${tenant}/device/${device}`;
}

/** A DSSE envelope around the statement, canonical JSON. */
export async function makeSummary({ proof, verdict }: ProofResult, deviceKey: Signer): Promise<Uint8Array> {
  const { release, time, documents, device, tenant, agent } = proof;
  const { team, name, version, module, manifest, bundle } = release;
  const policyBytes = bytesOf(documents.policy);
  const policy = unwrap(parsePolicy(policyBytes));
  // What is revoked or too old may go on running where it runs. Whoever relies on this would begin with it.
  const mayBegin = verdict.reasons.every(({ flagged }) => flagged !== true);
  const statement = vsaStatement({
    artifacts: [
      { name: "module.wasm", sha256: module.sha256 },
      { name: "manifest.json", sha256: manifest.sha256 },
    ],
    verifier: { id: verifierOf(tenant, device.id), version: { sallyport: agent.version } },
    verifiedMs: time.judgedMs,
    resourceUri: moduleResource({ team, name, version }),
    policy: { uri: `sallyport:policy/${policy.version}`, sha256: sha256(policyBytes) },
    inputs: [{ uri: `sallyport:${releasePaths(team, name, version).bundle}`, sha256: bundle.sha256 }],
    result: mayBegin ? "PASSED" : "FAILED",
    levels: mayBegin ? verifiedLevels(verdict, policy) : ["FAILED"],
  });
  return utf8(canonicalJson(await signEnvelope(STATEMENT_PAYLOAD_TYPE, statement, [deviceKey])));
}
