/**
 * DSSE v1 envelopes (secure-systems-lab/dsse, protocol.md): pre-authentication encoding, signing, and verification
 * against a ring of keys with a threshold. What the payload says is the caller's business; that its type is the
 * expected one is ours, because a signature over one kind of document must never count for another.
 */
import { base64, concatBytes, fromBase64, utf8 } from "./bytes.ts";
import { declareFaults, type Fault } from "./fault.ts";
import { err, ok, type Result } from "./result.ts";
import { array, type Infer, object, optional, parseJson, string } from "./shape.ts";
import type { PublicKey, Signer } from "./signer.ts";

export const { catalogue, fault } = declareFaults("DSSE", {
  DSSE_TYPE: {
    kind: "attack",
    says: "{what} carries payload type {found}, expected {expected}",
    means: "A signed envelope of another kind was presented. Its signature may be good, but it does not say this.",
    todo: "Send the right document. If nobody made a mistake, somebody is replaying signatures.",
  },
  DSSE_BASE64: {
    kind: "refusal",
    says: "{what} has a field that is not canonical base64",
    means: "Payload or signature is not encoded as RFC 4648 section 4 asks.",
    todo: "Make the envelope again with a conforming tool.",
  },
  DSSE_UNSIGNED: {
    kind: "attack",
    says: "{what} has {valid} valid signature(s) of the keys that may sign it, {threshold} needed",
    means: "The envelope is not signed by enough of the keys that are named for it.",
    todo: "Sign with a key that the owner's policy names. If nobody made a mistake, this is a forgery.",
  },
});

export const envelopeShape = object({
  payloadType: string({ min: 1, max: 200 }),
  payload: string({ max: 4_000_000 }),
  signatures: array(object({ keyid: optional(string({ max: 200 })), sig: string({ min: 1, max: 8192 }) }), {
    min: 1,
    max: 16,
  }),
});
export type Envelope = Infer<typeof envelopeShape>;

/** PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body; lengths in bytes, decimal. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.byteLength} `), type, utf8(` ${payload.byteLength} `), payload);
}

export async function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Promise<Envelope> {
  const message = preAuthEncoding(payloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyid: signer.keyId as string, sig: base64(await signer.sign(message)) })),
  );
  return { payloadType, payload: base64(payload), signatures };
}

export interface VerifyOptions {
  readonly what: string;
  readonly payloadType: string;
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

export interface Verified {
  readonly payload: Uint8Array;
  /** Ids of the keys whose signature holds, each once. */
  readonly keyIds: readonly string[];
}

/** Verifies an envelope: type, encoding, then as many distinct named keys as the threshold asks. `keyid` is only a hint. */
export function verifyEnvelope(envelope: Envelope, options: VerifyOptions): Result<Verified, Fault> {
  const { what, threshold } = options;
  if (envelope.payloadType !== options.payloadType) {
    return err(fault("DSSE_TYPE", { what, found: envelope.payloadType, expected: options.payloadType }));
  }
  const payload = fromBase64(envelope.payload);
  const signatures = envelope.signatures.map((one) => fromBase64(one.sig));
  if (payload === undefined || signatures.includes(undefined)) return err(fault("DSSE_BASE64", { what }));
  const message = preAuthEncoding(envelope.payloadType, payload);
  const keyIds = new Set<string>();
  for (const key of options.keys) {
    if (signatures.some((signature) => signature !== undefined && key.verify(message, signature)))
      keyIds.add(key.keyId);
  }
  if (keyIds.size < threshold || threshold < 1)
    return err(fault("DSSE_UNSIGNED", { what, valid: keyIds.size, threshold }));
  return ok({ payload, keyIds: [...keyIds] });
}

export function parseEnvelope(bytes: Uint8Array, what: string, maxBytes: number): Result<Envelope, Fault> {
  return parseJson(envelopeShape, bytes, what, maxBytes);
}
