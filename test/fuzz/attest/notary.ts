/**
 * Signs whatever it is given with a key that its policies name for everything: so a hostile statement comes as far as it
 * can, to the readers of predicates. The key is made anew each time; nothing that is said depends on it.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { type Policy, parsePolicy, STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { base64, utf8 } from "../../../runtime/kernel/bytes.ts";
import { preAuthEncoding } from "../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { policy } from "../../unit/attest/release.ts";
import type { Kind } from "./predicates.ts";

export class Notary {
  readonly #key = generateKeyPairSync("ed25519");

  /** Asks for this alone. */
  policyFor({ requirement }: Kind): Policy {
    const keys = [this.#key.publicKey.export({ type: "spki", format: "pem" }).toString()];
    const isLayout = requirement.type === "layout";
    const require = [isLayout ? requirement : { ...requirement, parties: ["notary"] }];
    const products = [
      ["CREATE", "*"],
      ["DISALLOW", "*"],
    ];
    const layouts = [{ name: "one step", steps: [{ name: "build", parties: ["notary"], products }] }];
    const evidence = [{ devices: { all: true }, modules: { team: "acme" }, require }];
    const document = { ...policy(), parties: [{ name: "notary", keys }], ...(isLayout ? { layouts } : {}), evidence };
    return unwrap(parsePolicy(utf8(JSON.stringify(document))));
  }

  sign(payload: Uint8Array): Uint8Array {
    const message = preAuthEncoding(STATEMENT_PAYLOAD_TYPE, payload);
    const sig = base64(sign(null, message, this.#key.privateKey));
    return utf8(
      JSON.stringify({ payloadType: STATEMENT_PAYLOAD_TYPE, payload: base64(payload), signatures: [{ sig }] }),
    );
  }
}
