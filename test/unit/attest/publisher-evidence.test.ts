/** Evidence files put together and looked at: each attestation goes in as it is, what boards would pass over does not. */
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge } from "../../../attest/index.ts";
import { checkEvidence, describeEvidence, mergeEvidence } from "../../../attest/publisher/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeAuthority } from "../../fakes/certificates.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { keyless, messageBundle } from "./bundles.ts";
import { envelope, newSigner, provenanceBy } from "./own-keys.ts";
import {
  ARTIFACTS,
  altered,
  BUILD_TYPE,
  BUILDER,
  type Json,
  question,
  refusals,
  SOURCE,
  SUBJECT,
  signed,
  statement,
} from "./release.ts";

let sigstore: FakeSigstore;
let bundle: Uint8Array;
let plain: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await signed(sigstore);
  plain = await provenanceBy(newSigner());
});
afterAll(() => sigstore.close());

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const merged = (...files: readonly (Uint8Array | string)[]) => {
  const sources = files.map((one, index) => ({
    name: `file-${index + 1}`,
    bytes: typeof one === "string" ? utf8(one) : one,
  }));
  return mergeEvidence(sources);
};
const refusal = (...files: readonly (Uint8Array | string)[]) => {
  const made = merged(...files);
  return made.ok ? "accepted" : made.error.line();
};

const withPredicate = (payload: string, predicate: Json) => {
  const said: Json = JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
  return Buffer.from(JSON.stringify({ ...said, predicate })).toString("base64");
};

describe("an evidence file", () => {
  it("holds each attestation on a line, in the order given, as it was", () => {
    const file = unwrap(merged(plain, bundle));
    expect(text(file)).toBe(`${text(plain)}\n${text(bundle)}\n`);
    const verdict = judge(question(sigstore, file));
    expect(verdict.evidence.map((one) => one.holds)).toEqual([false, true]);
    expect(verdict.evidence.map((one) => one.digest)).toEqual([sha256(plain), sha256(bundle)]);
  });

  it("takes in files of several, and documents over several lines", () => {
    const indented = JSON.stringify(JSON.parse(text(bundle)), null, 2);
    expect(text(unwrap(merged(indented)))).toBe(`${text(bundle)}\n`);
    const both = unwrap(merged(indented, plain));
    expect(unwrap(merged(both))).toEqual(both);
    expect(unwrap(merged(`${text(plain)}\r\n\r\n${text(bundle)}`))).toEqual(unwrap(merged(plain, bundle)));
  });

  it("of one bundle is judged as the bundle is", () => {
    expect(refusals(judge(question(sigstore, unwrap(merged(bundle)))))).toEqual([]);
  });

  it("takes npm's answer about a package apart", () => {
    const answer = { attestations: [{ predicateType: "x", bundle: JSON.parse(text(bundle)) }] };
    expect(text(unwrap(merged(JSON.stringify(answer, null, 1))))).toBe(`${text(bundle)}\n`);
    for (const broken of [[{}], [null], ["x"], [{ bundle: 7 }]]) {
      expect(refusal(JSON.stringify({ attestations: broken }))).toContain("ATTEST_MERGE: file-1 cannot go");
    }
    const deep = `{"attestations":[{"bundle":{"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}}]}`;
    expect(refusal(deep)).toContain("ATTEST_BUNDLE_INVALID");
    expect(refusal(JSON.stringify({ attestations: [] }))).toContain("there are 0 attestations");
  });

  it("holds no signed statement twice, whatever is wrapped around it", () => {
    expect(refusal(bundle, plain, bundle)).toContain("file-3 cannot go into an evidence file: it is the same signed");
    const { dsseEnvelope: inner } = JSON.parse(text(bundle));
    expect(refusal(bundle, JSON.stringify(inner))).toContain("the same signed statement as file-1");
    expect(refusal(`${text(plain)}\n${text(plain)}`)).toContain("file-1, attestation 2, cannot go");
  });

  it("takes the same statement by two signers", async () => {
    const [one, two] = [await provenanceBy(newSigner()), await provenanceBy(newSigner())];
    expect(merged(one, two).ok).toBe(true);
  });

  it("holds at most what boards read: 16, and 1 MiB", async () => {
    const signer = newSigner();
    const many = await Promise.all(
      Array.from({ length: 17 }, (_, index) => envelope(statement({ invocationId: `run-${index}` }), signer)),
    );
    expect(merged(...many.slice(0, 16)).ok).toBe(true);
    expect(refusal(...many)).toContain("there are 17 attestations, from 1 to 16 make a file");
    expect(refusal()).toContain("there are 0");
    const large = await Promise.all(
      [1, 2].map((index) => envelope(statement({ parameters: { index, notes: "x".repeat(450_000) } }), signer)),
    );
    expect(refusal(...large)).toContain("boards read at most 1048576");
    expect(refusal("x".repeat(1_048_577))).toContain("ATTEST_BUNDLE_INVALID");
  });

  it.each([
    ["nothing", () => "", "ATTEST_BUNDLE_INVALID"],
    ["another document", () => '{"schema":"x"}', "ATTEST_BUNDLE_INVALID"],
    ["null", () => "null", "ATTEST_BUNDLE_INVALID"],
    [
      "a bundle of cosign's old form",
      () => JSON.stringify({ base64Signature: "AA==", cert: "AA==", rekorBundle: {} }),
      "--new-bundle-format",
    ],
    [
      "an envelope of another type",
      () => JSON.stringify({ ...JSON.parse(text(plain)), payloadType: "x" }),
      "payload type is x",
    ],
    [
      "an envelope around another document",
      () => JSON.stringify({ ...JSON.parse(text(plain)), payload: "e30=" }),
      "ATTEST_STATEMENT_INVALID",
    ],
    [
      "an envelope whose signature is not canonical base64",
      () => text(altered(plain, (json) => (json.signatures[0].sig = json.signatures[0].sig.replace(/=+$/, "")))),
      "not canonical base64",
    ],
    ["an envelope with a name twice", () => text(plain).replace("{", '{"payloadType":"x",'), "ATTEST_BUNDLE_INVALID"],
    [
      "an envelope without a signature",
      () => JSON.stringify({ ...JSON.parse(text(plain)), signatures: [] }),
      "SHAPE_MISMATCH",
    ],
    [
      "an envelope around a statement of another framework",
      () => {
        const payload = JSON.stringify({ ...JSON.parse(text(statement())), _type: "https://x.example/Statement/v1" });
        return JSON.stringify({ ...JSON.parse(text(plain)), payload: Buffer.from(payload).toString("base64") });
      },
      "ATTEST_STATEMENT_TYPE",
    ],
    [
      "a bundle around a payload of another type",
      () => text(altered(bundle, (json) => (json.dsseEnvelope.payloadType = "text/plain"))),
      "its payload type is text/plain",
    ],
    [
      "an envelope signed by a certificate, which no board can believe",
      () => text(altered(plain, (json) => (json.signatures[0].cert = "-----BEGIN CERTIFICATE-----"))),
      "ATTEST_NO_TIME",
    ],
    [
      "a bundle that boards do not read",
      () => text(altered(bundle, (json) => (json.mediaType = "application/vnd.dev.sigstore.bundle.v0.9+json"))),
      "ATTEST_BUNDLE_INVALID",
    ],
  ])("does not hold %s", (_, file, why) => {
    expect(refusal(file())).toContain("ATTEST_MERGE: file-1 cannot go into an evidence file: ");
    expect(refusal(file())).toContain(why);
  });

  it("does not hold a signature over bare bytes", async () => {
    const message = await messageBundle(sigstore, keyless(sigstore), utf8("bytes"));
    expect(refusal(message)).toContain("it signs bare bytes");
    expect(unwrap(describeEvidence(message))).toMatchObject([
      { kind: "Sigstore bundle 0.2, keyless", problems: ["it signs bare bytes, not an in-toto statement"] },
    ]);
  });
});

describe("a file that is to be published", () => {
  const check = (bytes: Uint8Array | string) =>
    checkEvidence({ name: "b.json", bytes: typeof bytes === "string" ? utf8(bytes) : bytes });

  it("is one that boards read: a bundle, an envelope, lines of both", () => {
    for (const file of [
      bundle,
      plain,
      unwrap(merged(bundle, plain)),
      JSON.stringify(JSON.parse(text(bundle)), null, 2),
    ]) {
      expect(check(file).ok).toBe(true);
    }
  });

  it("is refused where boards would pass over a part of it", () => {
    const npm = JSON.stringify({ attestations: [{ bundle: JSON.parse(text(bundle)) }] });
    for (const file of ["", "{}", `${text(bundle)}\n{}`, `${text(bundle)}\n${text(bundle)}`, npm]) {
      expect(check(file)).toMatchObject({ ok: false, error: { code: "ATTEST_MERGE" } });
    }
  });
});

describe("a description of an evidence file", () => {
  it("says of each attestation what it is, by whom, about what and when, as it claims", async () => {
    const [first, second] = unwrap(describeEvidence(unwrap(merged(bundle, plain))));
    expect(first).toMatchObject({
      index: 0,
      digest: sha256(bundle),
      kind: "Sigstore bundle 0.3, keyless",
      signers: [{ subject: SUBJECT }],
      statementType: "https://in-toto.io/Statement/v1",
      predicateType: "https://slsa.dev/provenance/v1",
      provenance: { builderId: BUILDER, buildType: BUILD_TYPE, sourceUri: SOURCE },
      logEntries: [{ kind: "dsse 0.0.1", logIndex: "1000005", timeMs: expect.any(Number) }],
      timestampsMs: [expect.any(Number)],
      problems: [],
    });
    expect(first?.subjects.map((one) => one.digest["sha256"])).toEqual(ARTIFACTS.map((one) => one.sha256));
    expect(second).toMatchObject({ index: 1, kind: "DSSE envelope", logEntries: [], timestampsMs: [], problems: [] });
    expect(second?.signers).toEqual([{ key: JSON.parse(text(plain)).signatures[0].keyid }]);
  });

  it("says of a version 2 log no time, as it signed none", async () => {
    const [one] = unwrap(describeEvidence(await signed(sigstore, { rekorVersion: 2 })));
    expect(one?.logEntries).toEqual([{ kind: "dsse 0.0.2", logIndex: expect.any(String) }]);
    expect(one?.timestampsMs).toHaveLength(1);
  });

  it.each<[string, (json: Json) => void, string]>([
    ["a certificate", (json) => (json.verificationMaterial.certificate.rawBytes = "AAAA"), "the certificate"],
    [
      "a timestamp",
      (json) => (json.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp = "AAAA"),
      "a timestamp",
    ],
    ["a payload type", (json) => (json.dsseEnvelope.payloadType = "x"), "payload is of type x"],
    ["a statement", (json) => (json.dsseEnvelope.payload = "AAAA"), "ATTEST_STATEMENT_INVALID"],
    [
      "provenance",
      (json) => (json.dsseEnvelope.payload = withPredicate(json.dsseEnvelope.payload, { buildDefinition: 7 })),
      "ATTEST_PROVENANCE_INVALID",
    ],
    ["a bundle", (json) => (json.verificationMaterial = 7), "ATTEST_BUNDLE_INVALID"],
  ])("says where %s cannot be read, and goes on", (_, change, why) => {
    const both = Buffer.concat([altered(bundle, change), utf8("\n"), plain]);
    const [damaged, whole] = unwrap(describeEvidence(both));
    expect(damaged?.problems.join()).toContain(why);
    expect(whole?.problems).toEqual([]);
  });

  it("says where a certificate names nobody", () => {
    const { cert } = makeAuthority().issue({
      subject: "somebody",
      names: ["URI:https://a.example", "URI:https://b.example"],
    });
    const rawBytes = new X509Certificate(cert).raw.toString("base64");
    const other = altered(bundle, (json) => (json.verificationMaterial.certificate.rawBytes = rawBytes));
    const [one] = unwrap(describeEvidence(other));
    expect(one?.signers).toEqual([]);
    expect(one?.problems.join()).toContain("it does not name exactly one issuer and one subject");
  });

  it("is refused where there is nothing to be taken apart", () => {
    const lines = Array.from({ length: 17 }, () => text(plain)).join("\n");
    expect(describeEvidence(utf8(lines))).toMatchObject({ ok: false, error: { code: "ATTEST_BUNDLE_INVALID" } });
  });
});

describe("a damaged evidence file", () => {
  const SEED = 20_261_121;

  it("is described or refused, and never throws", async () => {
    const whole = unwrap(merged(bundle, plain, await signed(sigstore, { rekorVersion: 2 })));
    let state = SEED;
    const chance = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const damaged = Buffer.from(whole);
      for (let left = chance(4); left >= 0; left -= 1) damaged[chance(damaged.length)] = chance(256);
      const cut = chance(5) === 0 ? damaged.subarray(0, chance(damaged.length)) : damaged;
      const described = describeEvidence(cut);
      if (described.ok)
        expect(JSON.stringify(described.value).length, `seed ${SEED}, round ${round}`).toBeGreaterThan(1);
      const again = merged(cut);
      if (again.ok)
        expect(checkEvidence({ name: "again", bytes: again.value }).ok, `seed ${SEED}, round ${round}`).toBe(true);
    }
  });
});
