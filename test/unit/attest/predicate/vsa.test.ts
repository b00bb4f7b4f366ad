/** The requirement `vsa`: who judged, what, with which result, up to which level, and how long ago. */
import { describe, expect, it } from "vitest";
import { examineVsa, parseVsa, VSA_TYPE, VSA_TYPE_V02, vsaFields } from "../../../../attest/predicate/vsa.ts";
import { parseStatement } from "../../../../attest/statement.ts";
import { moduleResource, type VsaInput, vsaStatement } from "../../../../attest/vsa.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import { ARTIFACTS, type Json, MODULE } from "../release.ts";
import { asked, candidate, circumstances, DAY, NOW, refusals } from "./statements.ts";

const VERIFIER = "https://qa.example/verifier";
const POLICY = sha256(utf8("the verifier's policy"));
const INPUT: VsaInput = {
  artifacts: ARTIFACTS,
  verifier: { id: VERIFIER, version: { verifier: "2.1.0" } },
  verifiedMs: NOW - 3 * DAY,
  resourceUri: moduleResource(MODULE),
  policy: { uri: "https://qa.example/policy", sha256: POLICY },
  inputs: [{ uri: "https://qa.example/provenance", sha256: POLICY }],
  result: "PASSED",
  levels: ["SLSA_BUILD_LEVEL_3", "REVIEWED"],
};
const made = (changes: Partial<VsaInput> = {}): Json =>
  unwrap(parseStatement(vsaStatement({ ...INPUT, ...changes }))).predicate;

function examined(want: object = {}, predicate: Json = made(), signedTimesMs: readonly number[] = [], nowMs = NOW) {
  const fields = asked(vsaFields, { verifiers: [VERIFIER], ...want });
  return examineVsa(fields, candidate(VSA_TYPE, predicate, signedTimesMs), circumstances(nowMs));
}
const examine = (...args: Parameters<typeof examined>) => refusals(examined(...args));
const parses = (want: object) => parseShape(object(vsaFields), { verifiers: [VERIFIER], ...want }, "the rule").ok;

describe("a verification summary", () => {
  it("that we make ourselves is accepted", () => {
    const want = { levels: ["SLSA_BUILD_LEVEL_2", "REVIEWED"], policyDigest: POLICY, maxVerifiedAgeDays: 7 };
    expect(examine(want)).toEqual([]);
  });

  it("must be of a verifier that is named, to the last letter", () => {
    expect(examine({ verifiers: ["https://other.example", VERIFIER] })).toEqual([]);
    expect(examine({ verifiers: [`${VERIFIER}/`] })).toEqual(["verifier: ATTEST_VSA_VERIFIER"]);
  });

  it("must be about this module in this version", () => {
    const REFUSED = ["resource: ATTEST_VSA_RESOURCE"];
    const about = (resourceUri: string) => examine({}, made({ resourceUri }));
    expect(about("sallyport:modules/acme/thermostat/1.2.3")).toEqual([]);
    expect(about("sallyport:modules/acme/thermostat/1.2.2")).toEqual(REFUSED);
    expect(about("sallyport:modules/acme/thermostat-evil/1.2.3")).toEqual(REFUSED);
    expect(about("sallyport:modules/evil/thermostat/1.2.3")).toEqual(REFUSED);
  });

  it("may be asked to be about another resource, into which the module's names are put", () => {
    const made2 = made({ resourceUri: "https://r.example/thermostat-1.2.3.wasm" });
    expect(examine({ resource: "https://r.example/{name}-{version}.wasm" }, made2)).toEqual([]);
    expect(examine({ resource: "https://r.example/thermostat.wasm" }, made2)).toEqual([
      "resource: ATTEST_VSA_RESOURCE",
    ]);
  });

  it("must have passed, in capitals and without a FAILED beside it", () => {
    const REFUSED = ["result: ATTEST_VSA_RESULT"];
    expect(examine({}, made({ result: "FAILED" }))).toEqual(REFUSED);
    expect(examine({}, { ...made(), verificationResult: "passed" })).toEqual(REFUSED);
    expect(examine({}, made({ levels: ["SLSA_BUILD_LEVEL_3", "FAILED"] }))).toEqual(REFUSED);
  });

  it("must be by the very policy that is asked for", () => {
    const REFUSED = ["result: ATTEST_VSA_RESULT"];
    expect(examine({ policyDigest: sha256(utf8("another")) })).toEqual(REFUSED);
    expect(examine({ policyDigest: POLICY }, made({ policy: { uri: "https://qa.example/policy" } }))).toEqual(REFUSED);
  });
});

describe("the levels of a verification summary", () => {
  const REFUSED = ["level: ATTEST_LEVEL"];
  const levels = (found: readonly string[], ...wanted: readonly string[]) =>
    examine({ levels: wanted }, made({ levels: found }));

  it("cover those below them in the same track only", () => {
    expect(levels(["SLSA_BUILD_LEVEL_3"], "SLSA_BUILD_LEVEL_1")).toEqual([]);
    expect(levels(["SLSA_BUILD_LEVEL_1"], "SLSA_BUILD_LEVEL_2")).toEqual(REFUSED);
    expect(levels(["SLSA_SOURCE_LEVEL_3"], "SLSA_BUILD_LEVEL_1")).toEqual(REFUSED);
    expect(levels(["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3"], "SLSA_BUILD_LEVEL_2")).toEqual([]);
  });

  it("must all be there, the verifier's own by their exact names", () => {
    expect(levels(["BCID_L1", "SLSA_BUILD_LEVEL_2"], "BCID_L1", "SLSA_BUILD_LEVEL_2")).toEqual([]);
    expect(levels(["BCID_L1"], "BCID_L1", "SLSA_BUILD_LEVEL_2")).toEqual(REFUSED);
    expect(levels(["BCID_L2"], "BCID_L1")).toEqual(REFUSED);
    expect(levels([], "BCID_L1")).toEqual(REFUSED);
  });

  it("that were not evaluated are no level, and may be asked for as such", () => {
    expect(levels(["SLSA_BUILD_LEVEL_UNEVALUATED"], "SLSA_BUILD_LEVEL_1")).toEqual(REFUSED);
    expect(levels(["SLSA_BUILD_LEVEL_UNEVALUATED"], "SLSA_BUILD_LEVEL_UNEVALUATED")).toEqual([]);
  });

  it("of no known form count for nothing in a summary and are refused in a policy", () => {
    expect(levels(["SLSA_BUILD_LEVEL_33", "SLSA_LEVEL_3"], "SLSA_BUILD_LEVEL_3")).toEqual(REFUSED);
    expect(parses({ levels: ["SLSA_BUILD_LEVEL_TOP"] })).toBe(false);
    expect(parses({ levels: ["SLSA_LEVEL_3"] })).toBe(false);
    expect(parses({ levels: ["SLSA_BUILD_LEVEL_UNEVALUATED_YET"] })).toBe(false);
    expect(parses({ levels: ["OWN_LEVEL_3", "OWN_SLSA_3"] })).toBe(true);
  });
});

describe("the age of a verification", () => {
  const want = { maxVerifiedAgeDays: 7 };

  it("counts from when it was verified, to the millisecond", () => {
    const until = INPUT.verifiedMs + 7 * DAY;
    expect(examined(want).untilMs).toBe(until);
    expect(examine(want, made(), [], until - 1)).toEqual([]);
    expect(examine(want, made(), [], until)).toEqual(["age: ATTEST_STALE"]);
  });

  it("counts from a trusted time of signing where that is earlier: nothing is verified after it is signed", () => {
    const dated = made({ verifiedMs: NOW });
    const old = NOW - 8 * DAY;
    expect(examine(want, dated, [old])).toEqual(["age: ATTEST_STALE"]);
    expect(examined(want, dated, [NOW - DAY]).untilMs).toBe(NOW + 6 * DAY);
    expect(examined(want, made(), [NOW]).untilMs).toBe(INPUT.verifiedMs + 7 * DAY);
  });

  it("cannot be put off by a date that is yet to come", () => {
    expect(examine(want, made({ verifiedMs: NOW + DAY }))).toEqual([]);
    expect(examine(want, made({ verifiedMs: NOW + DAY + 1 }))).toEqual(["age: ATTEST_NO_TIME"]);
  });

  it("must be known where it counts", () => {
    const undated = made();
    delete undated.timeVerified;
    expect(examine({}, undated)).toEqual([]);
    expect(examine(want, undated)).toEqual(["age: ATTEST_NO_TIME"]);
  });
});

describe("a verification summary of another form", () => {
  it("v0.2 is the same in snake_case, with one level of the tracks of its time", () => {
    const predicate = {
      verifier: { id: VERIFIER },
      time_verified: "2026-11-20T12:00:00Z",
      resource_uri: moduleResource(MODULE),
      policy: { uri: "https://qa.example/policy", digest: { sha256: POLICY } },
      verification_result: "PASSED",
      policy_level: "SLSA_LEVEL_3",
    };
    const fields = asked(vsaFields, { verifiers: [VERIFIER], policyDigest: POLICY, maxVerifiedAgeDays: 7 });
    const older = candidate(VSA_TYPE_V02, predicate);
    expect(refusals(examineVsa(fields, older, circumstances()))).toEqual([]);
    const levelled = asked(vsaFields, { verifiers: [VERIFIER], levels: ["SLSA_BUILD_LEVEL_1"] });
    expect(refusals(examineVsa(levelled, older, circumstances()))).toEqual(["level: ATTEST_LEVEL"]);
    expect(examine({}, predicate)[0]).toBe("verifier: ATTEST_PREDICATE_INVALID");
  });

  it("is refused, and what was asked of it is not examined", () => {
    const rest = ["resource: -", "result: -", "level: -", "age: -"];
    for (const other of [null, [], 7, {}]) {
      expect(examine({ maxVerifiedAgeDays: 1 }, other)).toEqual(["verifier: ATTEST_PREDICATE_INVALID", ...rest]);
    }
  });

  it.each<[string, (predicate: Json) => unknown]>([
    ["a verifier", (one) => delete one.verifier.id],
    ["a resource", (one) => delete one.resourceUri],
    ["a policy", (one) => delete one.policy],
    ["a result", (one) => delete one.verificationResult],
    ["levels", (one) => delete one.verifiedLevels],
    ["a time of one meaning", (one) => Object.assign(one, { timeVerified: "2026-11-20T12:00:00+01:00" })],
    ["a time of the calendar", (one) => Object.assign(one, { timeVerified: "2026-13-20T12:00:00Z" })],
    ["bounded levels", (one) => Object.assign(one, { verifiedLevels: Array(65).fill("A") })],
  ])("without %s is refused", (_, change) => {
    const predicate = made();
    change(predicate);
    expect(parseVsa(predicate).ok).toBe(false);
  });
});

describe("the summary that we write", () => {
  it("says everything that the specification asks for, in one spelling", () => {
    const bytes = vsaStatement(INPUT);
    expect(vsaStatement({ ...INPUT, levels: [...INPUT.levels] })).toEqual(bytes);
    expect(unwrap(parseStatement(bytes)).subject.map((one) => one.digest["sha256"])).toEqual(
      ARTIFACTS.map((one) => one.sha256),
    );
    expect(made()).toEqual({
      verifier: { id: VERIFIER, version: { verifier: "2.1.0" } },
      timeVerified: "2026-11-18T12:00:00.000Z",
      resourceUri: "sallyport:modules/acme/thermostat/1.2.3",
      policy: { uri: "https://qa.example/policy", digest: { sha256: POLICY } },
      inputAttestations: [{ uri: "https://qa.example/provenance", digest: { sha256: POLICY } }],
      verificationResult: "PASSED",
      verifiedLevels: ["SLSA_BUILD_LEVEL_3", "REVIEWED"],
      slsaVersion: "1.1",
    });
  });

  it("is not written where a board could not read it", () => {
    expect(() => vsaStatement({ ...INPUT, verifier: { id: "" } })).toThrow("cannot be read: SHAPE_MISMATCH");
    expect(() => vsaStatement({ ...INPUT, artifacts: [] })).toThrow("the signed statement cannot be read");
  });
});
