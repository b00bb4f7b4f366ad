/**
 * Signing with a key that the owner's policy names: a Sigstore bundle around the envelope, witnessed if services are
 * given, or the plain DSSE envelope alone. Boards look for the key in the policy, never in what is made here; the
 * names of the key that go in are hints.
 */
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { signEnvelope } from "../../runtime/kernel/dsse.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parsePublicKey, type Signer } from "../../runtime/kernel/signer.ts";
import { STATEMENT_PAYLOAD_TYPE } from "../bundle.ts";
import { bundleOf, type Progress } from "./builder.ts";
import { fault } from "./faults.ts";
import { type Services, witnessesOf } from "./services.ts";
import { checkSignable } from "./statement.ts";

export interface KeyOptions extends Services {
  readonly onProgress?: Progress;
}

/** The bundle's bytes (version 0.3). Throws a Fault: ATTEST_SIGN_*, KEY_UNSUPPORTED for a key no board takes. */
export async function signByKey(statement: Uint8Array, signer: Signer, options: KeyOptions = {}): Promise<Uint8Array> {
  const witnesses = witnessesOf(options, "key");
  const key = { $case: "publicKey" as const, publicKey: signer.publicPem, hint: signer.keyId };
  checkKeys([signer]);
  checkSignable(statement);
  const sign = async (data: Buffer) => ({ key, signature: Buffer.from(await signer.sign(data)) });
  return bundleOf(statement, { signer: { sign }, witnesses }, options);
}

/** The envelope's bytes: one signature of each signer. It has no time of its own. Throws a Fault as `signByKey`. */
export async function signPlain(statement: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
  checkKeys(signers);
  checkSignable(statement);
  return utf8(JSON.stringify(await signEnvelope(STATEMENT_PAYLOAD_TYPE, statement, signers)));
}

function checkKeys(signers: readonly Signer[]): void {
  for (const { publicPem } of signers) unwrap(parsePublicKey(publicPem, "the signing key"));
  const ids = signers.map((one) => one.keyId);
  if (new Set(ids).size === ids.length && ids.length > 0) return;
  throw fault("ATTEST_SIGN_INPUT", { reason: "a plain envelope needs at least one key, and none twice" });
}
