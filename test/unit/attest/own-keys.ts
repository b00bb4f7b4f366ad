/** Attestations without Sigstore, for tests of what the policy asks: plain envelopes by keys made on the spot. */
import { STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner, type Signer } from "../../../runtime/kernel/signer.ts";
import { ARTIFACTS, statement } from "./release.ts";

export const newSigner = (): Signer => unwrap(parseSigner(generateKeyPem()));

export async function envelope(payload: Uint8Array, ...signers: readonly Signer[]): Promise<Uint8Array> {
  return utf8(JSON.stringify(await signEnvelope(STATEMENT_PAYLOAD_TYPE, payload, signers)));
}

export const provenanceBy = (...signers: readonly Signer[]) => envelope(statement(), ...signers);

/** A statement of another kind about the release. */
export function about(
  predicateType: string,
  predicate: unknown,
  artifacts = ARTIFACTS as readonly object[],
): Uint8Array {
  const subject = artifacts.map((one) => {
    const { name, sha256 } = one as (typeof ARTIFACTS)[number];
    return { name, digest: { sha256 } };
  });
  return utf8(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject, predicateType, predicate }));
}

/** An evidence file of several attestations. */
export const lines = (...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...parts.flatMap((one) => [one, utf8("\n")]));
