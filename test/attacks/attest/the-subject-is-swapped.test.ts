/** Other bytes: a genuine attestation of one release is put beside the code or the manifest of another. */
import { describe, expect, it } from "vitest";
import type { Artifact } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha512 } from "../../../runtime/kernel/digest.ts";
import { envelope, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, OTHER_BYTES, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, refuses } from "./door.ts";

const at = door();
const [code, manifest] = ARTIFACTS;
const key = newSigner();
const named = keyPolicy([key]);
const MISSING = (name: string, digest: string) =>
  `the statement does not speak of ${name} (sha256 ${digest}): none of its 2 subjects has that digest`;

/** The statement of the honest build with other digests in its subjects, signed by its builder. */
function speakingOf(digests: readonly object[], artifacts: readonly Artifact[] = ARTIFACTS) {
  const said = JSON.parse(Buffer.from(statement()).toString());
  const subject = digests.map((digest, index) => ({ name: ARTIFACTS[index]?.name, digest }));
  return envelope(utf8(JSON.stringify({ ...said, subject })), key).then((evidence) =>
    at.ask(evidence, { policy: named, artifacts }),
  );
}

describe("an attestation of another release", () => {
  it("does not vouch for other code under the same names, nor for another manifest", () => {
    accepts(at.ask(at.honest));
    const otherCode = at.ask(at.honest, { artifacts: [{ ...code, sha256: OTHER_BYTES }, manifest] });
    refuses(otherCode, "ATTEST_SUBJECT_MISMATCH", "attack", MISSING("module.wasm", OTHER_BYTES));
    const otherManifest = at.ask(at.honest, { artifacts: [code, { ...manifest, sha256: OTHER_BYTES }] });
    refuses(otherManifest, "ATTEST_SUBJECT_MISMATCH", "attack", MISSING("manifest.json", OTHER_BYTES));
  });

  it("does not vouch by a digest under another algorithm's name, in another case, cut short or padded", async () => {
    accepts(await speakingOf([{ sha256: code.sha256 }, { sha256: manifest.sha256 }]));
    for (const digest of [
      { sha1: code.sha256 },
      { SHA256: code.sha256 },
      { sha256: code.sha256.toUpperCase() },
      { sha256: code.sha256.slice(0, 8) },
      { sha256: ` ${code.sha256}` },
      { sha256: `sha256:${code.sha256}` },
      { gitCommit: code.sha256, sha256: OTHER_BYTES },
    ]) {
      const verdict = await speakingOf([digest, { sha256: manifest.sha256 }]);
      refuses(verdict, "ATTEST_SUBJECT_MISMATCH", "attack", MISSING("module.wasm", code.sha256));
    }
  });

  it("does not vouch when one of two digests of the code is another's", async () => {
    const long = sha512(utf8("\0asm\x01\0\0\0"));
    const artifacts = [{ ...code, sha512: long }, manifest];
    accepts(await speakingOf([{ sha256: code.sha256, sha512: long }, { sha256: manifest.sha256 }], artifacts));
    const half = { sha256: code.sha256, sha512: sha512(utf8("other bytes")) };
    const verdict = await speakingOf([half, { sha256: manifest.sha256 }], artifacts);
    refuses(verdict, "ATTEST_SUBJECT_MISMATCH", "attack", MISSING("module.wasm", code.sha256));
    expect(verdict.signedTimesMs).toEqual([]);
  });
});
