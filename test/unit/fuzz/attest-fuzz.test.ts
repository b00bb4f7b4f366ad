/** The attestations' fuzzer: what it makes, what it would find, and that each equality on its list is one. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { twinned } from "../../fuzz/attest/der.ts";
import { EQUALITIES } from "../../fuzz/attest/equalities.ts";
import { readFixtures } from "../../fuzz/attest/fixtures.ts";
import { fewest, inputOf } from "../../fuzz/attest/input.ts";
import { judgeMutant } from "../../fuzz/attest/oracle.ts";
import { fixtureSubjects, type Meaning, type Subject } from "../../fuzz/attest/subjects.ts";
import type { Json } from "../attest/release.ts";

const subjects = fixtureSubjects();
const named = (name: string): Subject => {
  const found = subjects.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no subject ${name}`);
  return found;
};
const [rekor1, rekor2] = [named("Rekor 1, timestamped"), named("Rekor 2, timestamped")];
const all = named("all of them");
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const judged = (subject: Subject, mutant: Uint8Array) => judgeMutant(subject, mutant, subject.judge(subject.bytes));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

function altered(of: Uint8Array, change: (json: Json) => void): Uint8Array {
  const json: Json = JSON.parse(textOf(of));
  change(json);
  return utf8(JSON.stringify(json));
}

describe("the attestations' fuzzer", () => {
  it("starts from documents that are all accepted, or read", () => {
    for (const one of subjects) expect(one.judge(one.bytes), one.name).toMatchObject({});
    expect(subjects.map((one) => one.name)).toHaveLength(new Set(subjects.map((one) => one.name)).size);
  });

  it("makes the same inputs from the same seed, and others from another", () => {
    const hex = (seed: string, n: number) => Buffer.from(inputOf(seed, n, subjects).bytes).toString("hex");
    expect(numbers(20).map((n) => hex("a", n))).toEqual(numbers(20).map((n) => hex("a", n)));
    expect(numbers(20).filter((n) => hex("a", n) === hex("b", n)).length).toBeLessThan(3);
  });

  it("finds nothing in a few hundred inputs", () => {
    for (const n of numbers(400)) {
      const { subject, bytes, how } = inputOf("unit", n, subjects);
      const judgement = judged(subject, bytes);
      expect(["refused", "equal"], `${n}, ${how.join(", ")}: ${JSON.stringify(judgement)}`).toContain(judgement.kind);
    }
  });

  it("tells a finding with the fewest of its mutations", () => {
    const n = numbers(1000).find((one) => inputOf("unit", one, subjects).how.length === 3) ?? 0;
    expect(fewest("unit", n, subjects, ({ how }) => how.length > 0).how).toHaveLength(1);
  });
});

describe("a judge that takes everything", () => {
  const believes: Meaning = { says: "so", timesMs: [1] };
  const gullible: Subject = { ...rekor1, judge: () => believes };

  it.each<[string, (text: string) => string, string]>([
    ["a changed index", (text) => text.replace(/"logIndex":"\d+"/, '"logIndex":"77"'), ".logIndex"],
    ["a field more", (text) => text.replace("{", '{"more":1,'), ".more"],
    ["a name that stands twice", (text) => text.replace("{", '{"mediaType":"x",'), "a name that stands twice"],
    ["text that is no JSON", (text) => `${text}}`, ""],
  ])("is found out by %s", (_, change, path) => {
    const judgement = judged(gullible, utf8(change(textOf(rekor1.bytes))));
    expect(judgement.kind).toBe("accepted");
    expect(judgement.kind === "accepted" && judgement.differences[0]?.path.endsWith(path)).toBe(true);
  });

  it("is found out when it believes something else, or a time that was not there", () => {
    const changed = altered(rekor1.bytes, (json) => Object.assign(json, { mediaType: "x" }));
    const saying = (meaning: Meaning) => judgeMutant({ ...rekor1, judge: () => meaning }, changed, believes).kind;
    expect(saying({ says: "otherwise", timesMs: [1] })).toBe("believed");
    expect(saying({ says: "so", timesMs: [1, 2] })).toBe("believed");
    expect(saying({ says: "so", timesMs: [] })).toBe("equal");
  });

  it("is found out when it throws, and when any byte of a proof is another", () => {
    const throwing = { ...rekor1, judge: () => unreadable() };
    expect(judgeMutant(throwing, rekor1.bytes, believes).kind).toBe("threw");
    const spaced = utf8(`${textOf(rekor1.bytes)} `);
    expect(judgeMutant({ ...gullible, kind: "proof" }, spaced, believes).kind).toBe("accepted");
    expect(judgeMutant({ ...gullible, kind: "bundle" }, spaced, believes).kind).toBe("equal");
  });
});

function unreadable(): never {
  throw new RangeError("out of range");
}

const twin = (text: string) => Buffer.from(twinned(Buffer.from(text, "base64")) ?? []).toString("base64");
const entryOf = (json: Json): Json => json.verificationMaterial.tlogEntries[0];

/** A case for each line of the list, by its reason's first words. */
const CASES: readonly [begins: string, subject: Subject, change: (json: Json) => void][] = [
  [
    "another version",
    rekor1,
    (json) => {
      json.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.3";
    },
  ],
  [
    "only the signer's",
    chained(rekor1),
    (json) => json.verificationMaterial.x509CertificateChain.certificates.push({ rawBytes: "AAAA" }),
  ],
  [
    "the other form of an ECDSA signature, which",
    rekor1,
    (json) => {
      const { certificate } = json.verificationMaterial;
      certificate.rawBytes = twin(certificate.rawBytes);
      const promise = entryOf(json).inclusionPromise;
      promise.signedEntryTimestamp = twin(promise.signedEntryTimestamp);
    },
  ],
  [
    "the other form of an ECDSA signature; or",
    rekor2,
    (json) => {
      const [one] = json.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
      one.signedTimestamp = twin(one.signedTimestamp);
    },
  ],
  ["fewer timestamps", rekor1, (json) => json.verificationMaterial.timestampVerificationData.rfc3161Timestamps.pop()],
  ["no timestamps", rekor1, (json) => delete json.verificationMaterial.timestampVerificationData],
  ["the log's promise", chained(rekor1, "0.1"), (json) => delete entryOf(json).inclusionProof],
  ["null and absent", rekor2, (json) => Object.assign(entryOf(json), { inclusionPromise: null })],
  [
    "zero and absent",
    rekor2,
    (json) => {
      const entry = entryOf(json);
      if (entry.integratedTime === undefined) entry.integratedTime = "0";
      else delete entry.integratedTime;
    },
  ],
  [
    "signatures under the same checkpoint",
    rekor1,
    (json) => {
      entryOf(json).inclusionProof.checkpoint.envelope += "\u2014 witness.example AAAAAAAA\n";
    },
  ],
];

describe("an equality of the list", () => {
  it.each(CASES)("is accepted and says the same: %s", (begins, subject, change) => {
    const mutant = altered(subject.bytes, change);
    expect(textOf(mutant)).not.toBe(textOf(subject.bytes));
    const judgement = judged(subject, mutant);
    const reason = EQUALITIES.find((one) => one.reason.startsWith(begins))?.reason;
    expect(judgement).toEqual({ kind: "equal", reasons: [reason] });
  });

  it.each<[string, number, (json: Json) => void]>([
    ["the keyid only", 2, (json) => Object.assign(json.signatures[0], { keyid: "somebody" })],
    ["more signatures", 2, (json) => json.signatures.push({ sig: "AAAA" })],
    ["the hint only", 1, (json) => hinted(json)],
    ["fewer log entries", 1, (json) => json.verificationMaterial.tlogEntries.pop()],
  ])("is accepted in a file of many and says the same: %s", (begins, line, change) => {
    const lines = textOf(all.bytes).split("\n");
    lines[line] = textOf(altered(utf8(lines[line] ?? ""), change));
    const judgement = judged(all, utf8(lines.join("\n")));
    const reason = EQUALITIES.find((one) => one.reason.startsWith(begins))?.reason;
    expect(judgement.kind === "equal" ? judgement.reasons : judgement).toContain(reason);
  });

  it("is no equality when what it stands for is another", () => {
    const same = (path: string, before: unknown, after: unknown) =>
      EQUALITIES.some((one) => one.at.test(path) && one.same(before, after));
    const [one, two] = [rekor1, rekor2].map(({ bytes }) => JSON.parse(textOf(bytes)).verificationMaterial);
    expect(same(".verificationMaterial.certificate.rawBytes", one.certificate.rawBytes, two.certificate.rawBytes)).toBe(
      false,
    );
    const notes = [one, two].map((material) => material.tlogEntries[0].inclusionProof.checkpoint.envelope);
    expect(same(".verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope", notes[0], notes[1])).toBe(
      false,
    );
    expect(same(".verificationMaterial.tlogEntries", one.tlogEntries, two.tlogEntries)).toBe(false);
    expect(same(".verificationMaterial.tlogEntries[].logIndex", "0", "1")).toBe(false);
  });
});

/** As the first versions have it. */
function chained(subject: Subject, version = "0.2"): Subject {
  const bytes = altered(subject.bytes, (json) => {
    json.mediaType = `application/vnd.dev.sigstore.bundle+json;version=${version}`;
    const { certificate } = json.verificationMaterial;
    delete json.verificationMaterial.certificate;
    json.verificationMaterial.x509CertificateChain = { certificates: [certificate] };
  });
  return { ...subject, bytes };
}

function hinted(json: Json): void {
  json.verificationMaterial.publicKey.hint = "somebody";
  json.dsseEnvelope.signatures[0].keyid = "";
}

it("has fixtures of this release", () => {
  expect(Object.keys(readFixtures().attestations)).toHaveLength(4);
});
