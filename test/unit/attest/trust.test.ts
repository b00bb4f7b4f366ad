/** The trusted root is read strictly: what the library would let pass silently is refused with the place named. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrustedRoot, TRUSTED_ROOT_BYTES_MAX } from "../../../attest/index.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { altered, type Json } from "./release.ts";

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

function refusalOf(change: (json: Json) => void): string {
  const parsed = parseTrustedRoot(altered(sigstore.trustedRoot, change));
  if (parsed.ok) return "accepted";
  expect(parsed.error.code).toBe("ATTEST_TRUSTED_ROOT_INVALID");
  expect(parsed.error.cause).toBeInstanceOf(Error);
  return parsed.error.message;
}

describe("a trusted root", () => {
  it("is accepted as the services wrote it, and named by its digest", () => {
    const parsed = parseTrustedRoot(sigstore.trustedRoot);
    expect(parsed).toMatchObject({ ok: true, value: { digest: sha256(sigstore.trustedRoot) } });
  });

  it("may say null for what is absent, as protobuf does", () => {
    const change = (json: Json) => {
      json.tlogs[0].operator = null;
      json.tlogs[0].publicKey.validFor.end = null;
      json.timestampAuthorities[0].validFor.end = "2099-12-31T23:59:59.999000Z";
    };
    expect(refusalOf(change)).toBe("accepted");
  });

  it.each(["tlogs", "ctlogs"])(
    "without validFor.start in %s is refused: a missing date must not mean for ever",
    (list) => {
      expect(refusalOf((json) => delete json[list][0].publicKey.validFor.start)).toContain("validFor.start");
      expect(refusalOf((json) => delete json[list][0].publicKey.validFor)).toContain("validFor");
    },
  );

  it.each(["certificateAuthorities", "timestampAuthorities"])("without validFor.start in %s is refused", (list) => {
    expect(refusalOf((json) => delete json[list][0].validFor.start)).toContain(`${list}[0].validFor.start`);
  });

  it.each<[string, (json: Json) => void, string]>([
    [
      "a date that is none",
      (json) => Object.assign(json.tlogs[0].publicKey.validFor, { start: "2026-13-45T00:00:00Z" }),
      "date",
    ],
    ["a local date", (json) => Object.assign(json.tlogs[0].publicKey.validFor, { start: "2026-01-01 00:00" }), "date"],
    [
      "an end before the start",
      (json) => Object.assign(json.tlogs[0].publicKey.validFor, { end: "1999-01-01T00:00:00Z" }),
      "range",
    ],
    ["base64 with a hole", (json) => Object.assign(json.tlogs[0].publicKey, { rawBytes: "AAAA*AAA" }), "base64"],
    ["a log without a key", (json) => delete json.tlogs[0].publicKey, "publicKey"],
    ["an unknown kind of key", (json) => Object.assign(json.tlogs[0].publicKey, { keyDetails: "ROT13" }), "ROT13"],
    ["a key that is none", (json) => Object.assign(json.tlogs[0].publicKey, { rawBytes: "AAAA" }), "cannot be used"],
    [
      "a certificate that is none",
      (json) => Object.assign(json.certificateAuthorities[0].certChain.certificates[0], { rawBytes: "AAAA" }),
      "cannot be used",
    ],
    ["no certificate authority", (json) => Object.assign(json, { certificateAuthorities: [] }), "at least 1"],
    ["no log", (json) => Object.assign(json, { tlogs: [] }), "at least 1"],
    ["an unknown field", (json) => Object.assign(json, { extra: 1 }), "unknown"],
    ["another media type", (json) => Object.assign(json, { mediaType: "text/plain" }), "mediaType"],
  ])("with %s is refused", (_, change, says) => {
    expect(refusalOf(change)).toContain(says);
  });

  it("that is no JSON, or too large, is refused", () => {
    expect(parseTrustedRoot(new Uint8Array([0xff])).ok).toBe(false);
    expect(parseTrustedRoot(new Uint8Array(TRUSTED_ROOT_BYTES_MAX + 1)).ok).toBe(false);
  });

  it("keeps its certificates as they are written, each part encoded once; a copy that is changed is encoded anew", () => {
    const { material } = unwrap(parseTrustedRoot(sigstore.trustedRoot));
    const [certificate] = material.certificateAuthorities.flatMap((one) => one.certChain);
    const json: Json = JSON.parse(Buffer.from(sigstore.trustedRoot).toString());
    const raw = Buffer.from(json.certificateAuthorities[0].certChain.certificates[0].rawBytes, "base64");
    expect(certificate?.root.toDER()).toEqual(raw);
    expect(certificate?.root.toDER()).toBe(certificate?.root.toDER());
    const copy = certificate?.clone();
    copy?.extensions.pop();
    expect(copy?.root.toDER().length).toBeLessThan(raw.length);
    expect(certificate?.root.toDER()).toEqual(raw);
  });
});
