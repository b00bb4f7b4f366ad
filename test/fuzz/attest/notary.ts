/**
 * Signs whatever it is given with a key that its policy names for everything: so a hostile statement comes as far as it
 * can, to the readers of predicates. The key is made anew each time; nothing that is said depends on it.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { type Policy, parsePolicy, STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { base64, utf8 } from "../../../runtime/kernel/bytes.ts";
import { preAuthEncoding } from "../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";

export class Notary {
  readonly policy: Policy;
  readonly #key = generateKeyPairSync("ed25519");

  /** `like` gives the requirements; each is then asked of the notary's key. */
  constructor(like: Policy) {
    const keys = [this.#key.publicKey.export({ type: "spki", format: "pem" }).toString()];
    const require = like.evidence.flatMap((rule) => [
      ...(rule.require ?? []).map(({ ...one }) => ({ ...one, parties: ["notary"] })),
      { type: "provenance", parties: ["notary"], builders: rule.builders, sources: rule.sources },
    ]);
    const evidence = [{ devices: { all: true }, modules: { team: "acme" }, require }];
    const document = { ...like, parties: [{ name: "notary", keys }], evidence };
    this.policy = unwrap(parsePolicy(utf8(JSON.stringify(document))));
  }

  sign(payload: Uint8Array): Uint8Array {
    const message = preAuthEncoding(STATEMENT_PAYLOAD_TYPE, payload);
    const sig = base64(sign(null, message, this.#key.privateKey));
    return utf8(
      JSON.stringify({ payloadType: STATEMENT_PAYLOAD_TYPE, payload: base64(payload), signatures: [{ sig }] }),
    );
  }
}
