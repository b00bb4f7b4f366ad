/** What an owner may ask of a bill of materials, and what answers it. */
import { describe, expect, it } from "vitest";
import { examineSbom, sbomFields } from "../../../../attest/predicate/sbom.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import { CYCLONEDX, SPDX } from "./sboms.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const examine = (want: unknown, document: unknown = SPDX, type = "https://spdx.dev/Document/v2.3") =>
  examineSbom(asked(sbomFields, want), candidate(type, document), circumstances());
const cyclone = (want: unknown, document: unknown = CYCLONEDX) => examine(want, document, "https://cyclonedx.org/bom");
const forbid = (...rules: readonly object[]) => refusals(examine({ forbid: rules }));
const FORBIDDEN = ["components: ATTEST_SBOM_COMPONENT"];
const LICENCE = ["licences: ATTEST_SBOM_LICENCE"];

describe("a bill of materials", () => {
  it("of either format satisfies an owner who only asks for one", () => {
    expect(refusals(examine({}))).toEqual([]);
    expect(refusals(cyclone({}))).toEqual([]);
  });

  it("must have the format that is asked for", () => {
    expect(refusals(examine({ formats: ["spdx", "cyclonedx"] }))).toEqual([]);
    expect(refusals(cyclone({ formats: ["spdx"] }))).toEqual(["components: ATTEST_PREDICATE_TYPE", "licences: -"]);
  });

  it("that cannot be read satisfies nothing", () => {
    expect(refusals(examine({}, CYCLONEDX))).toEqual(["components: ATTEST_PREDICATE_INVALID", "licences: -"]);
  });
});

describe("a forbidden component", () => {
  it("is found by name in any case, or by package URL", () => {
    expect(forbid({ name: "openssl" })).toEqual(FORBIDDEN);
    expect(forbid({ purl: "pkg:generic/OpenSSL" })).toEqual(FORBIDDEN);
    expect(forbid({ name: "open" }, { purl: "pkg:npm/openssl" }, { purl: "pkg:generic/open" })).toEqual([]);
  });

  it("with a group is found with and without it", () => {
    expect(refusals(cyclone({ forbid: [{ name: "@acme/lib" }] }))).toEqual(FORBIDDEN);
    expect(refusals(cyclone({ forbid: [{ name: "lib" }] }))).toEqual(FORBIDDEN);
    expect(refusals(cyclone({ forbid: [{ purl: "pkg:npm/@acme/lib" }] }))).toEqual(FORBIDDEN);
    expect(refusals(cyclone({ forbid: [{ purl: "pkg:npm/lib" }] }))).toEqual([]);
  });

  it("inside of another is found", () => {
    expect(refusals(cyclone({ forbid: [{ name: "crc32" }] }))).toEqual(FORBIDDEN);
  });

  it("is so in the versions that are named", () => {
    expect(forbid({ name: "openssl", versions: ["3.0.13"] })).toEqual(FORBIDDEN);
    expect(forbid({ name: "openssl", versions: ["1.0.2", "<3.0.14"] })).toEqual(FORBIDDEN);
    expect(forbid({ name: "openssl", versions: [">=3.0 <3.0.13"] })).toEqual([]);
    expect(forbid({ purl: "pkg:generic/openssl@3.0.13" })).toEqual(FORBIDDEN);
    expect(forbid({ purl: "pkg:generic/openssl@3.0.12" })).toEqual([]);
  });

  it("without a version, or one that cannot be compared, counts as forbidden", () => {
    expect(refusals(cyclone({ forbid: [{ name: "inflate", versions: ["<0.1"] }] }))).toEqual(FORBIDDEN);
    const odd = { ...SPDX, packages: [{ name: "openssl", versionInfo: "3.0.13-r1" }] };
    expect(refusals(examine({ forbid: [{ name: "openssl", versions: [">=3.0.13"] }] }, odd))).toEqual(FORBIDDEN);
    expect(refusals(examine({ forbid: [{ name: "openssl", versions: [">=3.0.14"] }] }, odd))).toEqual([]);
  });

  it("with two versions that disagree is forbidden by either", () => {
    const twice = { ...CYCLONEDX, components: [{ name: "x", version: "2.0", purl: "pkg:npm/x@1.0" }] };
    expect(refusals(cyclone({ forbid: [{ name: "x", versions: ["<2"] }] }, twice))).toEqual(FORBIDDEN);
    expect(refusals(cyclone({ forbid: [{ purl: "pkg:npm/x@2.0" }] }, twice))).toEqual(FORBIDDEN);
  });

  it("is named in the refusal, and all are counted", () => {
    const text = texts(
      examine({ forbid: [{ name: "openssl" }, { purl: "pkg:cargo/serde" }], components: [{ name: "zlib" }] }),
    );
    expect(text).toContain("(3 in all): OpenSSL 3.0.13 is forbidden, serde 1.0.203 is forbidden, zlib is missing");
  });
});

describe("a component that must be there", () => {
  const needs = (rule: object) => refusals(examine({ components: [rule] }));
  it("is found by name or package URL, and surely in that version", () => {
    expect(needs({ name: "thermostat", versions: ["1.2.3"] })).toEqual([]);
    expect(needs({ purl: "pkg:cargo/serde", versions: [">=1.0.200"] })).toEqual([]);
    expect(needs({ purl: "pkg:cargo/serde@1.0.203" })).toEqual([]);
    expect(needs({ purl: "pkg:cargo/serde@1.0.204" })).toEqual(FORBIDDEN);
    expect(needs({ name: "thermostat", versions: ["1.2.4"] })).toEqual(FORBIDDEN);
    expect(needs({ name: "tokio" })).toEqual(FORBIDDEN);
  });

  it("is not surely there without a version, or with two that disagree", () => {
    expect(refusals(cyclone({ components: [{ name: "inflate" }] }))).toEqual([]);
    expect(refusals(cyclone({ components: [{ name: "inflate", versions: [">=0"] }] }))).toEqual(FORBIDDEN);
    const odd = { ...CYCLONEDX, components: [{ name: "x", version: "2.0-r1" }] };
    expect(refusals(cyclone({ components: [{ name: "x", versions: [">=2.0"] }] }, odd))).toEqual(FORBIDDEN);
    expect(refusals(cyclone({ components: [{ name: "x", versions: [">=1.9"] }] }, odd))).toEqual([]);
    const twice = { ...CYCLONEDX, components: [{ name: "x", version: "2.0", purl: "pkg:npm/x@1.0" }] };
    expect(refusals(cyclone({ components: [{ name: "x", versions: ["2.0"] }] }, twice))).toEqual(FORBIDDEN);
  });
});

describe("the licences", () => {
  const licences = (want: object, document: unknown = SPDX) => refusals(examine({ licences: want }, document));
  const bare = { ...SPDX, packages: [{ name: "x", licenseConcluded: "NOASSERTION" }] };

  it("must all be allowed, or be excepted by the component's name", () => {
    const allow = ["MIT", "Apache-2.0"];
    expect(licences({ allow })).toEqual(LICENCE);
    expect(licences({ allow: [...allow, "LicenseRef-acme"] })).toEqual([]);
    expect(licences({ allow, except: ["Thermostat"] })).toEqual([]);
    expect(licences({ allow: ["MIT"], except: ["thermostat"] })).toEqual(LICENCE);
  });

  it("must not be denied, neither concluded nor declared", () => {
    const acme = { unknown: "allow" };
    expect(licences({ deny: ["Apache-2.0"], ...acme })).toEqual(LICENCE);
    expect(licences({ deny: ["MIT"], ...acme })).toEqual(LICENCE);
    expect(licences({ deny: ["GPL-3.0-only"], ...acme })).toEqual([]);
    const torn = { ...SPDX, packages: [{ name: "x", licenseConcluded: "MIT", licenseDeclared: "GPL-3.0-only" }] };
    expect(licences({ deny: ["GPL-3.0-only"] }, torn)).toEqual(LICENCE);
  });

  it("that are not said, or cannot be read, are refused unless the owner allows that", () => {
    expect(licences({ deny: ["GPL-3.0-only"] }, bare)).toEqual(LICENCE);
    expect(licences({ allow: ["MIT"], unknown: "refuse" }, bare)).toEqual(LICENCE);
    expect(licences({ allow: ["MIT"], unknown: "allow" }, bare)).toEqual([]);
    expect(texts(examine({ licences: { allow: ["MIT"] } }, bare))).toContain("x: no licence (unknown)");
  });

  it("by a name of their own are known if the owner lists the name", () => {
    const want = (allow: readonly string[]) => ({
      licences: { allow, except: ["thermostat", "inflate", "crc32"] },
    });
    expect(refusals(cyclone(want(["MIT", "Zlib"])))).toEqual(LICENCE);
    expect(refusals(cyclone(want(["MIT", "Zlib", "acme terms"])))).toEqual([]);
  });

  it("are listed in the refusal, twenty at most", () => {
    const many = { ...SPDX, packages: Array(500).fill({ name: "x", licenseDeclared: "GPL-3.0-only" }) };
    const [, reason] = examine({ licences: { deny: ["GPL-3.0-only"] } }, many).reasons;
    expect(reason?.facts["count"]).toBe(500);
    expect(reason?.facts["wrong"]).toHaveLength(20);
  });
});

describe("a requirement of a bill of materials is refused", () => {
  it.each<[string, object]>([
    ["with a component of name and package URL", { forbid: [{ name: "x", purl: "pkg:npm/x" }] }],
    ["with a component of neither", { forbid: [{ versions: ["1"] }] }],
    ["with no package URL", { forbid: [{ purl: "npm/x" }] }],
    ["with versions in two places", { forbid: [{ purl: "pkg:npm/x@1", versions: ["2"] }] }],
    ["with a range in a package URL", { forbid: [{ purl: "pkg:npm/x@%3C1" }] }],
    ["with a version that nothing can have", { forbid: [{ name: "x", versions: ["^1.0"] }] }],
    ["with licences and no list", { licences: { unknown: "allow" } }],
    ["with an unknown format", { formats: ["swid"] }],
  ])("%s", (_, want) => {
    expect(parseShape(object(sbomFields), want, "it").ok).toBe(false);
  });
});
