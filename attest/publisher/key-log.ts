/**
 * A version 2 transparency log asked to enter an envelope that a bare key signed (rekor-tiles, POST
 * /api/v2/log/entries). One request, one bounded answer; whether the answer proves anything is for verifiers to find.
 */
import { createPublicKey } from "node:crypto";
import { PublicKeyDetails, TransparencyLogEntry } from "@sigstore/protobuf-specs";
import { CreateEntryRequest } from "@sigstore/protobuf-specs/rekor/v2";
import { InternalError, type SignatureBundle, type VerificationMaterial, type Witness } from "@sigstore/sign";
import { assert } from "../../runtime/kernel/assert.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { boundedText } from "./answer.ts";

const ANSWER_BYTES_MAX = 262_144;

export function keyWitness(baseUrl: string, timeoutMs: number): Witness {
  return {
    async testify(content, publicKey) {
      try {
        const body = JSON.stringify(CreateEntryRequest.toJSON(requestFor(content, publicKey)));
        const headers = { "content-type": "application/json", accept: "application/json" };
        const signal = AbortSignal.timeout(timeoutMs);
        const answer = await fetch(`${baseUrl}/api/v2/log/entries`, { method: "POST", headers, body, signal });
        if (!answer.ok) throw new Error(`(${answer.status}) ${answer.statusText}`);
        return { tlogEntries: [entryOf(await boundedText(answer, ANSWER_BYTES_MAX))] };
      } catch (cause) {
        const message = `error creating tlog entry: ${reasonOf(cause)}`;
        throw new InternalError({ code: "TLOG_CREATE_ENTRY_ERROR", message, cause });
      }
    },
  };
}

function requestFor(content: SignatureBundle, publicKey: string): CreateEntryRequest {
  assert(content.$case === "dsseEnvelope", "statements are signed in envelopes");
  const key = createPublicKey(publicKey);
  const keyDetails =
    key.asymmetricKeyType === "ed25519" ? PublicKeyDetails.PKIX_ED25519 : PublicKeyDetails.PKIX_ECDSA_P256_SHA_256;
  const rawBytes = key.export({ format: "der", type: "spki" });
  const verifiers = [{ keyDetails, verifier: { $case: "publicKey" as const, publicKey: { rawBytes } } }];
  return { spec: { $case: "dsseRequestV002", dsseRequestV002: { envelope: content.dsseEnvelope, verifiers } } };
}

function entryOf(text: string): NonNullable<VerificationMaterial["tlogEntries"]>[number] {
  const entry = TransparencyLogEntry.fromJSON(JSON.parse(text));
  const { logId, kindVersion } = entry;
  if (logId === undefined || kindVersion === undefined) throw new Error("the answer is not a log entry");
  return { ...entry, logId, kindVersion };
}
