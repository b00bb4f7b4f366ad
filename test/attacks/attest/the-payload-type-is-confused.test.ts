/** Another kind of document: the payload is a statement, but what was signed says that it is something else. */
import { describe, it } from "vitest";
import { STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import { envelopeBundle, keyless, ownKey } from "../../unit/attest/bundles.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";
import { altered, statement } from "../../unit/attest/release.ts";
import { accepts, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const OTHERS = [
  "application/vnd.sallyport.command+json",
  "application/json",
  "application/vnd.in-toto+json; charset=utf-8",
  "application/vnd.in-toto+JSON",
  " application/vnd.in-toto+json",
  "application/vnd.in-toto.provenance+dsse",
];

describe("a statement that was signed as something else", () => {
  it.each(OTHERS)("is no attestation in a plain envelope: %s", async (type) => {
    const signedAs = async (one: string) => utf8(JSON.stringify(await signEnvelope(one, statement(), [key])));
    const policy = keyPolicy([key]);
    accepts(at.ask(await signedAs(STATEMENT_PAYLOAD_TYPE), { policy }));
    const said = /carries payload type .+, expected application\/vnd\.in-toto\+json$/;
    refuses(at.ask(await signedAs(type), { policy }), "ATTEST_BUNDLE_INVALID", "refusal", said);
    // Renamed afterwards: the type is signed with the payload.
    const renamed = altered(await signedAs(type), (json) => {
      json.payloadType = STATEMENT_PAYLOAD_TYPE;
    });
    const nobody = "the signing key is not accepted: no key that the policy names signed it, or it was altered";
    refuses(at.ask(renamed, { policy }), "ATTEST_KEY", "refusal", nobody);
  });

  it.each(OTHERS)("is no attestation in a bundle, by certificate or by key: %s", async (type) => {
    const said = `the attestation bundle cannot be used: its payload type is ${type}, not ${STATEMENT_PAYLOAD_TYPE}`;
    const own = ownKey("");
    const policy = keyPolicy([{ ...key, publicPem: own.pem }]);
    const ways = [
      [keyless(at.sigstore), keylessPolicy()],
      [own.signer, policy],
    ] as const;
    for (const [signer, asked] of ways) {
      accepts(at.ask(await envelopeBundle(at.sigstore, signer, statement()), { policy: asked }));
      const evidence = await envelopeBundle(at.sigstore, signer, statement(), type);
      refuses(at.ask(evidence, { policy: asked }), "ATTEST_BUNDLE_INVALID", "refusal", said);
    }
  });
});
