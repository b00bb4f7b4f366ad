/**
 * From what a proof says to its bytes and back. A proof has exactly one valid encoding: a DSSE envelope with one
 * signature, in canonical JSON, around a payload in canonical JSON. Whatever is otherwise, by a single byte, is refused
 * here, before metadata or evidence is looked at.
 */
import { createPublicKey } from "node:crypto";
import { assert } from "../../runtime/kernel/assert.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { base64, fromBase64, fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { preAuthEncoding, signEnvelope } from "../../runtime/kernel/dsse.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { attemptSync, err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { type PublicKey, parsePublicKey, type Signer } from "../../runtime/kernel/signer.ts";
import { fault } from "./faults.ts";
import { bytesOf, PROOF_BYTES_MAX, PROOF_TYPE, type Proof, proofShape } from "./format.ts";
import { isLowest, lowered } from "./one-signature.ts";

export interface Opened {
  readonly proof: Proof;
  /** The key inside the proof, which signed it. Whose it is has not been asked. */
  readonly key: PublicKey;
  /** SHA-256 of the whole file. */
  readonly digest: Sha256;
}

/** The bytes of the file. Refuses with PROOF_TOO_LARGE, and with PROOF_INVALID what no reader would accept. */
export async function sealProof(proof: Proof, deviceKey: Signer): Promise<Result<Uint8Array>> {
  const shaped = parseShape(proofShape, proof, "the proof");
  if (!shaped.ok) return err(fault("PROOF_INVALID", { reason: reasonOf(shaped.error) }, shaped.error));
  const payload = utf8(canonicalJson(shaped.value));
  const { signatures } = await signEnvelope(PROOF_TYPE, payload, [deviceKey]);
  const lowest = signatures.map(({ keyid, sig }) => ({ keyid, sig: base64(lowered(bytesOf(sig))) }));
  const bytes = utf8(canonicalJson({ payloadType: PROOF_TYPE, payload: base64(payload), signatures: lowest }));
  const size = bytes.byteLength;
  return size > PROOF_BYTES_MAX ? err(fault("PROOF_TOO_LARGE", { size, max: PROOF_BYTES_MAX })) : ok(bytes);
}

/**
 * Encoding, form and signature. Refuses with PROOF_TOO_LARGE, PROOF_NOT_CANONICAL, PROOF_INVALID, PROOF_SIGNATURE.
 */
export function openProof(bytes: Uint8Array): Result<Opened> {
  return attemptSync(() => {
    const size = bytes.byteLength;
    if (size > PROOF_BYTES_MAX) throw fault("PROOF_TOO_LARGE", { size, max: PROOF_BYTES_MAX });
    const { payload, keyId, signature } = readEnvelope(bytes);
    const proof = readPayload(payload);
    const { id: device } = proof.device;
    const forged = (reason: string) => fault("PROOF_SIGNATURE", { device, reason });
    const spki = bytesOf(proof.device.publicKey);
    const key = readKey(spki, forged);
    if (keyId !== key.keyId) throw forged(`it is said to be by ${keyId}, the key inside is ${key.keyId}`);
    if (!isLowest(signature) || !key.verify(preAuthEncoding(PROOF_TYPE, payload), signature)) {
      throw forged("other bytes, or another key");
    }
    return { proof, key, digest: sha256(bytes) };
  });
}

/** What `canonicalJson` makes of an envelope with one signature, letter by letter. */
const BEGIN = '{"payload":"';
const MIDDLE = `","payloadType":${JSON.stringify(PROOF_TYPE)},"signatures":[`;
const SIGNATURE = /^\{"keyid":"([0-9a-f]{64})","sig":"([A-Za-z0-9+/]{1,200}={0,2})"\}\]\}$/;

function readEnvelope(bytes: Uint8Array) {
  const refuse = (reason: string) => fault("PROOF_NOT_CANONICAL", { reason });
  const text = fromUtf8(bytes);
  const cut = text?.lastIndexOf(MIDDLE) ?? -1;
  if (text === undefined || !text.startsWith(BEGIN) || cut < 0) {
    throw refuse("it is no envelope of a proof");
  }
  const [, keyId, sig = ""] = SIGNATURE.exec(text.slice(cut + MIDDLE.length)) ?? [];
  const payload = fromBase64(text.slice(BEGIN.length, cut));
  const signature = fromBase64(sig);
  if (keyId === undefined || signature === undefined) throw refuse("its signature is not written as a proof's");
  if (payload === undefined) throw refuse("its payload is not canonical base64");
  return { payload, keyId, signature };
}

function readPayload(payload: Uint8Array): Proof {
  const refuse = (reason: string, cause?: unknown) => fault("PROOF_NOT_CANONICAL", { reason }, cause);
  const text = fromUtf8(payload);
  if (text === undefined) throw refuse("its payload is not UTF-8");
  const excess = excessOf(text);
  if (excess !== undefined) throw refuse(`its payload is ${excess}`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw refuse(`its payload is not JSON: ${reasonOf(error)}`, error);
  }
  const shaped = parseShape(proofShape, document, "the proof");
  if (!shaped.ok) throw fault("PROOF_INVALID", { reason: reasonOf(shaped.error) }, shaped.error);
  if (canonicalJson(shaped.value) !== text) throw refuse("its payload is not canonical JSON");
  return shaped.value;
}

/** Far more than a proof has, for brackets and quotes inside texts are counted as well. */
const DEPTH_MAX = 500;
const BRACKETS_MAX = 400_000;
const QUOTES_MAX = 1_200_000;

/** Before the parser, which takes a second for two megabytes of brackets, or for a million names in one object. */
function excessOf(text: string): string | undefined {
  let [depth, count, quotes] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      quotes += 1;
      if (quotes > QUOTES_MAX) return `made of more than ${QUOTES_MAX / 2} names and texts`;
      continue;
    }
    if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    else continue;
    count += 1;
    if (depth > DEPTH_MAX) return `nested deeper than ${DEPTH_MAX}`;
    if (count > BRACKETS_MAX) return `made of more than ${BRACKETS_MAX / 2} parts`;
  }
  return undefined;
}

function readKey(spki: Uint8Array, forged: (reason: string) => Error): PublicKey {
  let pem: string;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    pem = key.export({ format: "pem", type: "spki" }).toString();
  } catch (error) {
    throw forged(`its key cannot be read: ${reasonOf(error)}`);
  }
  const key = parsePublicKey(pem, "the device key in the proof");
  if (!key.ok) throw forged(reasonOf(key.error));
  if (key.value.keyId !== sha256(spki)) throw forged("its key is not in canonical DER");
  return key.value;
}

/** SubjectPublicKeyInfo in DER of a signer's key. */
export function spkiOf(signer: Pick<Signer, "publicPem" | "keyId">): Uint8Array {
  const key = unwrap(parsePublicKey(signer.publicPem, "the device key"));
  assert(key.keyId === signer.keyId, "a signer names its own key");
  return new Uint8Array(createPublicKey(key.pem).export({ format: "der", type: "spki" }));
}
