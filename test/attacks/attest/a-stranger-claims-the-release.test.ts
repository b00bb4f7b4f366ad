/** A false name: beside the evidence that counts lies a stranger's, validly signed, so that the release looks like the stranger's or like better built. */
import { describe, expect, it } from "vitest";
import { verifiedLevels } from "../../../attest/index.ts";
import { about, envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { BUILDER, IDENTITY, SOURCE } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const key = newSigner();
const STRANGER = { subject: "https://ci.example/mallory/app/.build/release.yml@refs/heads/main" };

describe("a stranger's attestation beside what counts", () => {
  it("is listed, and neither signer nor builder of the verdict is the stranger's", async () => {
    const strangers = await at.sign({ by: STRANGER, sourceUri: "git+https://git.example/mallory/app" });
    const policy = requiring([{ ...PROVENANCE, identities: [IDENTITY] }]);
    for (const evidence of [lines(strangers, at.honest), lines(at.honest, strangers)]) {
      const verdict = at.ask(evidence, { policy });
      accepts(verdict);
      expect(verdict.signer).toEqual(IDENTITY);
      expect(verdict.provenance?.sourceUri).toBe(SOURCE);
      expect(verdict.evidence.flatMap((one) => one.signers)).toContain(STRANGER.subject);
    }
    refuses(at.ask(strangers, { policy }), "ATTEST_IDENTITY_MISMATCH", "attack", /mallory/);
    expect(at.ask(strangers, { policy }).signer?.subject).toBe(STRANGER.subject);
  });

  it("lends nothing to a release that a key vouches for: no signer, no provenance, no level", async () => {
    const builders = [{ id: BUILDER, level: 3 }];
    const strangers = await at.sign({ by: STRANGER });
    const byKey = at.ask(lines(strangers, await provenanceBy(key)), { policy: keyPolicy([key], { builders }) });
    accepts(byKey);
    expect(byKey.signer).toBeUndefined();

    const type = "https://example.com/reviewed/v1";
    const asked = { type: "predicate", predicateTypes: [type], keys: [key.publicPem] };
    const policy = requiring([asked], { builders });
    const verdict = at.ask(lines(strangers, await envelope(about(type, {}), key)), { policy });
    accepts(verdict);
    expect(verdict.signer).toBeUndefined();
    expect(verdict.provenance).toBeUndefined();
    expect(verifiedLevels(verdict, policy)).toEqual(["SLSA_BUILD_LEVEL_UNEVALUATED"]);
    const honest = at.ask(await provenanceBy(key), { policy: keyPolicy([key], { builders }) });
    expect(verifiedLevels(honest, keyPolicy([key], { builders }))).toEqual(["SLSA_BUILD_LEVEL_3"]);
  });
});
