/** Other bytes: a statement lists a file twice, or one digest twice, so that two readers find different bytes in it. */
import { describe, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha512 } from "../../../runtime/kernel/digest.ts";
import { envelope, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, OTHER_BYTES, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const named = keyPolicy([key]);
const [code, manifest] = ARTIFACTS;
const long = sha512(utf8("\0asm\x01\0\0\0"));
const artifacts = [{ ...code, sha512: long }, manifest];
const text = Buffer.from(statement()).toString();

async function signedText(said: string) {
  return at.ask(await envelope(utf8(said), key), { policy: named, artifacts });
}

const withSubjects = (...subject: readonly object[]) => signedText(JSON.stringify({ ...JSON.parse(text), subject }));
const one = { name: "module.wasm", digest: { sha256: code.sha256 } };
const two = { name: "manifest.json", digest: { sha256: manifest.sha256 } };

describe("a statement whose subjects contradict each other", () => {
  it("is refused where an object has one name twice: which of the two counts depends on the reader", async () => {
    accepts(await signedText(text));
    const twice = text.replace(`"sha256":"${code.sha256}"`, `"sha256":"${OTHER_BYTES}","sha256":"${code.sha256}"`);
    const said = /an object has "sha256" twice/;
    refuses(await signedText(twice), "ATTEST_STATEMENT_INVALID", "refusal", said);
    // The same name in another spelling.
    const escaped = text.replace(
      `"sha256":"${code.sha256}"`,
      `"sha25\\u0036":"${OTHER_BYTES}","sha256":"${code.sha256}"`,
    );
    refuses(await signedText(escaped), "ATTEST_STATEMENT_INVALID", "refusal", said);
    const subjects = text.replace('"subject":', '"subject":[],"subject":');
    refuses(await signedText(subjects), "ATTEST_STATEMENT_INVALID", "refusal", /an object has "subject" twice/);
  });

  it("is refused where two subjects have one digest of the code in common and differ in the other", async () => {
    accepts(await withSubjects({ ...one, digest: { ...one.digest, sha512: long } }, two));
    const other = { name: "other.wasm", digest: { sha256: code.sha256, sha512: sha512(utf8("other bytes")) } };
    const said = /^the statement does not speak of module\.wasm/;
    refuses(await withSubjects(one, other, two), "ATTEST_SUBJECT_MISMATCH", "attack", said);
    refuses(await withSubjects(other, one, two), "ATTEST_SUBJECT_MISMATCH", "attack", said);
  });

  it("gains nothing by repeating itself: the same subject again says the same", async () => {
    accepts(await withSubjects(one, one, two, two));
    const thousand = Array.from({ length: 1025 }, () => one);
    refuses(
      await withSubjects(...thousand, two),
      "ATTEST_STATEMENT_INVALID",
      "refusal",
      /subject must be at most 1024/,
    );
    const digests = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`d${index}`, "00"]));
    const many = withSubjects({ name: "module.wasm", digest: { ...digests, sha256: code.sha256 } }, two);
    refuses(await many, "ATTEST_STATEMENT_INVALID", "refusal", /digest must be at most 32/);
  });
});
