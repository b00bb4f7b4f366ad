/** The requirement `release`: a registry vouches for one package in one version, and that is this module's. */
import { describe, expect, it } from "vitest";
import { examineRelease, RELEASE_TYPES, releaseFields } from "../../../../attest/predicate/release.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const [V01 = "", V02 = ""] = RELEASE_TYPES;
const PURL = "pkg:generic/acme/thermostat";

function examined(want: object, predicate: unknown, type = V02) {
  return examineRelease(asked(releaseFields, { purls: [PURL], ...want }), candidate(type, predicate), circumstances());
}
const examine = (...args: Parameters<typeof examined>) => refusals(examined(...args));
const REFUSED = ["resource: ATTEST_RELEASE"];

describe("a release attestation", () => {
  it("binds package and version to the module's", () => {
    expect(examine({}, { purl: `${PURL}@1.2.3` })).toEqual([]);
    expect(examine({ purls: ["pkg:npm/other", PURL] }, { purl: `${PURL}@1.2.3` })).toEqual([]);
    expect(examine({}, { purl: `${PURL}@1.2.2` })).toEqual(REFUSED);
    expect(examine({}, { purl: `${PURL}@v1.2.3` })).toEqual(REFUSED);
    expect(examine({}, { purl: `${PURL}-evil@1.2.3` })).toEqual(REFUSED);
    expect(examine({}, { purl: "pkg:npm/acme/thermostat@1.2.3" })).toEqual(REFUSED);
  });

  it("may be of a version that the policy names, where the registry counts otherwise", () => {
    const purls = [`${PURL}@2026.11`];
    expect(examine({ purls, bindVersion: false }, { purl: `${PURL}@2026.11` })).toEqual([]);
    expect(examine({ purls, bindVersion: false }, { purl: `${PURL}@2026.10` })).toEqual(REFUSED);
    expect(examine({ purls }, { purl: `${PURL}@2026.11` })).toEqual(REFUSED);
    expect(examine({ bindVersion: false }, { purl: `${PURL}@2026.10` })).toEqual([]);
  });

  it("finds the version behind the name, also where the namespace has an @ of its own", () => {
    const scoped = { purls: ["pkg:npm/@acme/thermostat"] };
    expect(examine(scoped, { purl: "pkg:npm/@acme/thermostat@1.2.3" })).toEqual([]);
    expect(examine({ purls: ["pkg:npm/%40acme/thermostat"] }, { purl: "pkg:npm/%40acme/thermostat@1.2.3" })).toEqual(
      [],
    );
    expect(examine(scoped, { purl: "pkg:npm/%40acme/thermostat@1.2.3" })).toEqual(REFUSED);
    expect(examine({}, { purl: `${PURL}@1%2E2.3` })).toEqual([]);
  });

  it("differs by its qualifiers: the same name in another registry is another package", () => {
    const tail = "?repository_url=r.example/a@b";
    expect(examine({ purls: [`${PURL}${tail}`] }, { purl: `${PURL}@1.2.3${tail}` })).toEqual([]);
    expect(examine({}, { purl: `${PURL}@1.2.3${tail}` })).toEqual(REFUSED);
    expect(examine({ purls: [`${PURL}${tail}`] }, { purl: `${PURL}@1.2.3` })).toEqual(REFUSED);
  });

  it("must have the registry's own name of the package where that is asked for, by either of its names", () => {
    const want = { packageIds: ["4711"] };
    expect(examine(want, { purl: `${PURL}@1.2.3`, packageId: "4711" })).toEqual([]);
    expect(examine(want, { purl: `${PURL}@1.2.3`, releaseId: "4711" }, V01)).toEqual([]);
    expect(examine(want, { purl: `${PURL}@1.2.3`, packageId: "4712", releaseId: "4711" })).toEqual(REFUSED);
    expect(examine(want, { purl: `${PURL}@1.2.3` })).toEqual(REFUSED);
    expect(texts(examined(want, { purl: `${PURL}@1.2.3` }))).toContain("package id none, expected 4711");
  });

  it.each([
    [{}],
    [null],
    [{ purl: PURL }],
    [{ purl: `${PURL}@` }],
    [{ purl: `${PURL}@%` }],
    [{ purl: `${PURL}?a=b@1.2.3` }],
    [{ purl: "https://r.example/thermostat@1.2.3" }],
    [{ purl: "pkg:generic@1.2.3" }],
    [{ purl: ["pkg:generic/acme/thermostat@1.2.3"] }],
    [{ purl: `${PURL}@${"1".repeat(500)}` }],
  ])("that names no package in a version is refused: %j", (predicate) => {
    expect(examine({}, predicate)).toEqual(["resource: ATTEST_PREDICATE_INVALID"]);
  });

  it("is asked for by package URLs, not by names", () => {
    const parses = (purl: string) => parseShape(object(releaseFields), { purls: [purl] }, "the rule").ok;
    expect(["thermostat", "pkg:generic", "pkg:generic/", "https://r.example/x"].map(parses)).not.toContain(true);
    expect(parses(PURL)).toBe(true);
  });
});
