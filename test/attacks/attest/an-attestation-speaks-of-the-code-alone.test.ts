/** Other bytes: the code was attested, and the manifest beside it, which says what it may touch, was not. */
import { describe, it } from "vitest";
import { envelope, lines, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const [code, manifest] = ARTIFACTS;
const builder = newSigner();
const registry = newSigner();
const of = (...artifacts: typeof ARTIFACTS | [(typeof ARTIFACTS)[0]]) => envelope(statement({ artifacts }), builder);
const UNNAMED = new RegExp(`^the statement does not speak of manifest\\.json \\(sha256 ${manifest.sha256}\\)`);

describe("an attestation of the code alone", () => {
  it("admits nothing: whoever writes the manifest would choose what the code may touch", async () => {
    accepts(at.ask(await of(code, manifest), { policy: keyPolicy([builder]) }));
    const alone = at.ask(await of(code), { policy: keyPolicy([builder]) });
    refuses(alone, "ATTEST_SUBJECT_MISMATCH", "attack", UNNAMED);
  });

  it("admits nothing under a policy that asks for the code only, unless another that counts has the manifest", async () => {
    const codeOnly = { ...PROVENANCE, keys: [builder.publicPem], about: "module" };
    const lax = requiring([codeOnly]);
    refuses(at.ask(await of(code), { policy: lax }), "ATTEST_SUBJECT_MISMATCH", "attack", UNNAMED);

    const both = requiring([codeOnly, { ...PROVENANCE, keys: [registry.publicPem] }]);
    const withManifest = await envelope(statement(), registry);
    accepts(at.ask(lines(await of(code), withManifest), { policy: both }));
    // Of a stranger it does not count, however much it covers.
    const strangers = await envelope(statement(), newSigner());
    refuses(at.ask(lines(await of(code), strangers), { policy: lax }), "ATTEST_SUBJECT_MISMATCH", "attack", UNNAMED);
  });
});
