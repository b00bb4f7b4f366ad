/** Statements and provenance of other people's builders: read tolerantly, bounded, and never taken for what they are not. */
import { describe, expect, it } from "vitest";
import { decide } from "../../../attest/decide.ts";
import { examinePart } from "../../../attest/evidence.ts";
import { parseStatement } from "../../../attest/statement.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../../../runtime/kernel/digest.ts";
import {
  ARTIFACTS,
  DEVICE,
  IDENTITY,
  type Json,
  MODULE,
  OTHER_BYTES,
  policy,
  refusals,
  rule,
  statement,
} from "./release.ts";

/** The decision over evidence whose signature is taken as verified. */
function decided(change: (json: Json) => void, artifacts = ARTIFACTS as Parameters<typeof decide>[1]["artifacts"]) {
  const json: Json = JSON.parse(Buffer.from(statement()).toString("utf8"));
  change(json);
  const signers = [{ identity: IDENTITY, certificate: {} }];
  const payload = utf8(JSON.stringify(json));
  const part = examinePart(0, { ok: true, payload, signers, signedTimesMs: [0], skipped: [], facts: {} });
  const asked = { artifacts, module: MODULE, device: DEVICE, policy: policy(rule()), nowMs: 0 };
  return refusals(decide([{ index: 0, digest: sha256(payload), ...part }], asked));
}

describe("a statement", () => {
  it("of version 0.1, or with fields of somebody else, is read like any other", () => {
    expect(decided((json) => Object.assign(json, { _type: "https://in-toto.io/Statement/v0.1" }))).toEqual([]);
    const foreign = (json: Json) => {
      json.extra = { deep: [1, 2, 3] };
      json.subject[0].annotations = { a: 1 };
      json.predicate.buildDefinition.internalParameters = { github: { event_name: "push" } };
      json.predicate.runDetails.builder.version = { runner: "1" };
      json.predicate.runDetails.byproducts = [];
    };
    expect(decided(foreign)).toEqual([]);
  });

  it("of another type is refused, also when all the rest is right", () => {
    const other = decided((json) => Object.assign(json, { _type: "https://in-toto.io/Statement/v2" }));
    expect(other).toEqual(["statement: ATTEST_STATEMENT_TYPE"]);
  });

  it("with another predicate is refused and not read as provenance", () => {
    const older = decided((json) => Object.assign(json, { predicateType: "https://slsa.dev/provenance/v0.1" }));
    expect(older).toEqual(["predicate: ATTEST_PREDICATE_TYPE"]);
  });

  it.each<[string, (json: Json) => void]>([
    ["no subjects", (json) => Object.assign(json, { subject: [] })],
    ["a subject without digests", (json) => delete json.subject[0].digest],
    ["no type", (json) => delete json._type],
    ["more subjects than are accepted", (json) => Object.assign(json, { subject: Array(1025).fill(json.subject[0]) })],
    [
      "more digests than are accepted",
      (json) => {
        for (let count = 0; count < 40; count += 1) json.subject[0].digest[`sha${count}`] = "00";
      },
    ],
  ])("with %s is refused", (_, change) => {
    expect(decided(change)).toEqual(["statement: ATTEST_STATEMENT_INVALID"]);
  });

  it("may have 1024 subjects", () => {
    expect(decided((json) => json.subject.push(...Array(1022).fill(json.subject[0])))).toEqual([]);
  });

  it("that is no JSON is refused", () => {
    expect(parseStatement(utf8("<xml/>")).ok).toBe(false);
  });
});

describe("the subjects of a statement", () => {
  const MISMATCH = ["subjects: ATTEST_SUBJECT_MISMATCH"];
  const [wasm, manifest] = ARTIFACTS;
  const wasm512 = sha512(utf8("the module"));

  it("must speak of the manifest too, not only of the code, and the other way round", () => {
    expect(decided((json) => json.subject.splice(1, 1))).toEqual(MISMATCH);
    expect(decided((json) => json.subject.splice(0, 1))).toEqual(MISMATCH);
  });

  it("count by digest, whatever their names are", () => {
    const renamed = (json: Json) => {
      json.subject[0].name = "other.wasm";
      delete json.subject[1].name;
    };
    expect(decided(renamed)).toEqual([]);
    expect(decided((json) => Object.assign(json.subject[0].digest, { sha256: OTHER_BYTES }))).toEqual(MISMATCH);
  });

  it("may give a SHA-512 only, as npm does, if the bytes' SHA-512 is known", () => {
    const npm = (json: Json) => {
      json.subject[0].digest = { sha512: wasm512 };
    };
    expect(decided(npm, [{ ...wasm, sha512: wasm512 }, manifest])).toEqual([]);
    expect(decided(npm, [{ ...wasm, sha512: sha512(utf8("another")) }, manifest])).toEqual(MISMATCH);
    expect(decided(npm)).toEqual(MISMATCH);
  });

  it("must not contradict themselves: a right SHA-256 beside a wrong SHA-512 covers nothing", () => {
    const torn = (json: Json) => {
      json.subject[0].digest.sha512 = sha512(utf8("another"));
    };
    expect(decided(torn, [{ ...wasm, sha512: wasm512 }, manifest])).toEqual(MISMATCH);
  });

  it("count by strong digests only", () => {
    const weak = (json: Json) => {
      json.subject[0].digest = { md5: wasm.sha256, sha1: wasm.sha256, gitBlob: wasm.sha256 };
    };
    expect(decided(weak)).toEqual(MISMATCH);
  });
});

describe("provenance", () => {
  it.each<[string, (predicate: Json) => void]>([
    ["a builder", (predicate) => delete predicate.runDetails.builder.id],
    ["a build type", (predicate) => delete predicate.buildDefinition.buildType],
    ["a source", (predicate) => delete predicate.buildDefinition.externalParameters.source.uri],
    ["parameters", (predicate) => delete predicate.buildDefinition.externalParameters],
    [
      "a source that is text",
      (predicate) => Object.assign(predicate.buildDefinition.externalParameters.source, { uri: 7 }),
    ],
  ])("without %s is refused", (_, change) => {
    expect(decided((json) => change(json.predicate))).toEqual(["provenance: ATTEST_PROVENANCE_INVALID"]);
  });

  it("that is missing altogether is refused", () => {
    expect(decided((json) => delete json.predicate)).toEqual(["provenance: ATTEST_PROVENANCE_INVALID"]);
  });
});
