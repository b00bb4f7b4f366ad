/** A false name: a bundle or an envelope by a stranger's key carries the hint of a key that the owner names. */
import { describe, expect, it } from "vitest";
import { signByKey } from "../../../attest/publisher/index.ts";
import type { Sha256 } from "../../../runtime/kernel/brand.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const [ci, qa, stranger] = [newSigner(), newSigner(), newSigner()];
const posing = (signer: Signer, as: string): Signer => ({ ...signer, keyId: as as Sha256 });
const NOBODY = /^the signing key is not accepted: /;

describe("a key under another's hint", () => {
  it("signs for nobody when it is a stranger's, in a bundle with or without witnesses and in an envelope", async () => {
    const { rekorUrl, tsaUrl } = at.sigstore;
    for (const evidence of [
      await signByKey(statement(), posing(stranger, ci.keyId)),
      await signByKey(statement(), posing(stranger, ci.keyId), { rekorUrl, tsaUrl }),
      await provenanceBy(posing(stranger, ci.keyId)),
    ]) {
      refuses(at.ask(evidence, { policy: keyPolicy([ci]) }), "ATTEST_KEY", "refusal", NOBODY);
    }
    accepts(at.ask(await signByKey(statement(), ci), { policy: keyPolicy([ci]) }));
  });

  it("signs for itself when the owner names both: the hint makes it nobody else", async () => {
    const both = requiring([
      { ...PROVENANCE, keys: [ci.publicPem] },
      { ...PROVENANCE, keys: [qa.publicPem] },
    ]);
    const evidence = await signByKey(statement(), posing(qa, ci.keyId));
    const verdict = at.ask(evidence, { policy: both });
    expect(verdict.evidence).toMatchObject([{ holds: true, signers: [`key ${qa.keyId}`] }]);
    const said = `signed by key ${qa.keyId} (issuer none), whom the policy does not name here; it names key ${ci.keyId}`;
    refuses(verdict, "ATTEST_IDENTITY_MISMATCH", "attack", said);
  });

  it("is believed without any hint: only the key counts", async () => {
    const bare = altered(await signByKey(statement(), ci), (json: Json) => {
      json.verificationMaterial.publicKey = {};
      delete json.dsseEnvelope.signatures[0].keyid;
    });
    accepts(at.ask(bare, { policy: keyPolicy([ci]) }));
    refuses(at.ask(bare, { policy: keyPolicy([qa]) }), "ATTEST_KEY", "refusal", NOBODY);
  });

  it("does not stand in for a certificate, nor a certificate's key for it", async () => {
    refuses(at.ask(await signByKey(statement(), ci)), "ATTEST_KEY", "refusal", NOBODY);
    const said = /whom the policy does not name here; it names key /;
    refuses(at.ask(at.honest, { policy: keyPolicy([ci]) }), "ATTEST_IDENTITY_MISMATCH", "attack", said);
    const stripped = altered(at.honest, (json: Json) => {
      delete json.verificationMaterial.certificate;
      json.verificationMaterial.publicKey = { hint: ci.keyId };
    });
    refuses(at.ask(stripped, { policy: keyPolicy([ci]) }), "ATTEST_KEY", "refusal", NOBODY);
  });
});
