/** Bills of materials of two formats and many tools become one list; hostile ones are refused in time. */
import { describe, expect, it } from "vitest";
import { COMPONENTS_MAX, NAMESAKES_MAX, parseMaterials } from "../../../../attest/predicate/components.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { CYCLONEDX, SPDX } from "./sboms.ts";
import { candidate } from "./statements.ts";

const SPDX_TYPE = "https://spdx.dev/Document/v2.3";
const CYCLONE_TYPE = "https://cyclonedx.org/bom";
const parse = (type: string, document: unknown) => parseMaterials(candidate(type, document).statement);
const reasonFor = (type: string, document: unknown): string => {
  const parsed = parse(type, document);
  return parsed.ok ? "accepted" : `${parsed.error.code} ${parsed.error.message}`;
};

describe("an SPDX document", () => {
  it("lists its packages with versions, package URLs and both kinds of licence", () => {
    const { format, version, components } = unwrap(parse(SPDX_TYPE, SPDX));
    expect({ format, version }).toEqual({ format: "spdx", version: "2.3" });
    expect(components).toEqual([
      {
        label: "thermostat 1.2.3",
        names: ["thermostat"],
        versions: ["1.2.3"],
        licences: [{ expression: "LicenseRef-acme" }],
      },
      {
        label: "OpenSSL 3.0.13",
        names: ["openssl"],
        packageKey: "generic/openssl",
        versions: ["3.0.13"],
        licences: [{ expression: "Apache-2.0" }],
      },
      {
        label: "serde 1.0.203",
        names: ["serde"],
        packageKey: "cargo/serde",
        versions: ["1.0.203"],
        licences: [{ expression: "MIT" }, { expression: "MIT OR Apache-2.0" }],
      },
    ]);
  });

  it("of version 2.2, and under a type without version, is read the same way", () => {
    const older = { ...SPDX, spdxVersion: "SPDX-2.2" };
    expect(unwrap(parse("https://spdx.dev/Document", older)).version).toBe("2.2");
  });

  it("names a package twice that has two package URLs", () => {
    const ref = (referenceLocator: string) => ({ referenceType: "purl", referenceLocator });
    const document = {
      ...SPDX,
      packages: [{ name: "x", externalRefs: [ref("pkg:npm/x@1"), ref("pkg:deb/debian/x@2")] }],
    };
    const keys = unwrap(parse(SPDX_TYPE, document)).components.map((one) => [one.packageKey, ...one.versions]);
    expect(keys).toEqual([
      ["npm/x", "1"],
      ["deb/debian/x", "2"],
    ]);
  });

  it.each<[string, unknown, string]>([
    [
      "of version 3",
      { "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [] },
      "spdxVersion must be a string",
    ],
    ["of another version", { ...SPDX, spdxVersion: "SPDX-2.1" }, "it is SPDX-2.1"],
    ["of a version with more behind it", { ...SPDX, spdxVersion: "SPDX-2.3\n" }, "not SPDX-2.2"],
    ["as tags and values", { Data: "SPDXVersion: SPDX-2.3" }, "spdxVersion must be a string"],
    ["without packages", { ...SPDX, packages: [] }, "it lists no component"],
    ["with a nameless package", { ...SPDX, packages: [{ versionInfo: "1" }] }, "packages[0].name must be a string"],
    ["with packages that are an object", { ...SPDX, packages: { name: "x" } }, "packages must be an array"],
    [
      "with a package URL that cannot be read",
      { ...SPDX, packages: [{ name: "x", externalRefs: [{ referenceType: "purl", referenceLocator: "npm/x" }] }] },
      "the package URL npm/x cannot be read",
    ],
    ["with a name that is too long", { ...SPDX, packages: [{ name: "x".repeat(2001) }] }, "at most 2000 characters"],
    ["that is only a prototype", `{"__proto__": ${JSON.stringify(SPDX)}}`, "spdxVersion must be a string"],
  ])("%s is refused", (_, document, reason) => {
    expect(reasonFor(SPDX_TYPE, document)).toContain("ATTEST_PREDICATE_INVALID");
    expect(reasonFor(SPDX_TYPE, document)).toContain(reason);
  });
});

describe("a CycloneDX document", () => {
  it("lists the thing itself, its components, and those inside of them", () => {
    const { format, version, components } = unwrap(parse(CYCLONE_TYPE, CYCLONEDX));
    expect({ format, version }).toEqual({ format: "cyclonedx", version: "1.5" });
    expect(components.map((one) => one.label)).toEqual([
      "thermostat 1.2.3",
      "lib 4.1.0",
      "zlib 1.3.1",
      "inflate",
      "crc32 0.1",
    ]);
    expect(components[1]).toEqual({
      label: "lib 4.1.0",
      names: ["lib", "@acme/lib"],
      packageKey: "npm/@acme/lib",
      versions: ["4.1.0"],
      licences: [{ expression: "MIT" }, { name: "Acme Terms" }],
    });
    expect(components[2]?.licences).toEqual([{ expression: "Zlib AND MIT" }]);
  });

  it.each(["1.4", "1.5", "1.6"])("of version %s is read", (specVersion) => {
    expect(unwrap(parse(CYCLONE_TYPE, { ...CYCLONEDX, specVersion })).version).toBe(specVersion);
  });

  it("keeps both versions where name and package URL disagree", () => {
    const components = [{ type: "library", name: "x", version: "2.0", purl: "pkg:npm/x@1.0" }];
    const [one] = unwrap(parse(CYCLONE_TYPE, { bomFormat: "CycloneDX", specVersion: "1.6", components })).components;
    expect(one?.versions).toEqual(["2.0", "1.0"]);
  });

  it("with an empty licence entry says of a licence that nothing is known", () => {
    const components = [{ name: "x", licenses: [{ license: { url: "https://x.example" } }] }];
    const [one] = unwrap(parse(CYCLONE_TYPE, { bomFormat: "CycloneDX", specVersion: "1.6", components })).components;
    expect(one?.licences).toEqual([{ name: "" }]);
  });

  it.each<[string, unknown, string]>([
    ["of another format", { ...CYCLONEDX, bomFormat: "cyclonedx" }, "its bomFormat is cyclonedx"],
    ["of version 1.3", { ...CYCLONEDX, specVersion: "1.3" }, "it is CycloneDX 1.3"],
    ["of version 1.40", { ...CYCLONEDX, specVersion: "1.40" }, "it is CycloneDX 1.40"],
    ["without any component", { bomFormat: "CycloneDX", specVersion: "1.4" }, "it lists no component"],
    ["with a component that is text", { ...CYCLONEDX, components: ["zlib"] }, "component must be an object"],
    ["as XML", '"<bom/>"', "must be an object"],
    [
      "with a bad package URL deep inside",
      { ...CYCLONEDX, components: [{ name: "a", components: [{ name: "b", purl: "pkg:" }] }] },
      "the package URL pkg: cannot be read",
    ],
  ])("%s is refused", (_, document, reason) => {
    expect(reasonFor(CYCLONE_TYPE, document)).toContain("ATTEST_PREDICATE_INVALID");
    expect(reasonFor(CYCLONE_TYPE, document)).toContain(reason);
  });
});

describe("a hostile document", () => {
  it("with a hundred thousand components is refused, flat or spread", () => {
    const many = Array(100_000).fill({ name: "a" });
    expect(reasonFor(SPDX_TYPE, { ...SPDX, packages: many })).toContain("at most 20000 items");
    expect(reasonFor(CYCLONE_TYPE, { ...CYCLONEDX, components: many })).toContain("at most 20000 items");
    const spread = Array(11).fill({ name: "a", components: Array(2000).fill({ name: "b" }) });
    expect(reasonFor(CYCLONE_TYPE, { ...CYCLONEDX, components: spread })).toContain("more than 20000 components");
    const refs = Array(1000).fill({ referenceType: "purl", referenceLocator: "pkg:npm/x" });
    const packages = Array(21).fill({ name: "a", externalRefs: refs });
    expect(reasonFor(SPDX_TYPE, { ...SPDX, packages })).toContain("more than 20000 components");
  });

  it("may have as many as are accepted", () => {
    const packages = Array.from({ length: COMPONENTS_MAX }, (_, index) => ({ name: `part-${index}` }));
    expect(unwrap(parse(SPDX_TYPE, { ...SPDX, packages })).components).toHaveLength(COMPONENTS_MAX);
  });

  it("with more than 500 components of one name, or of one package, is refused", () => {
    const named = (count: number) => ({ ...SPDX, packages: Array(count).fill({ name: "OpenSSL" }) });
    expect(unwrap(parse(SPDX_TYPE, named(NAMESAKES_MAX))).components).toHaveLength(NAMESAKES_MAX);
    expect(reasonFor(SPDX_TYPE, named(NAMESAKES_MAX + 1))).toContain("more than 500 components openssl");
    const components = Array.from({ length: 501 }, (_, index) => ({ name: `x${index}`, purl: `pkg:npm/x@${index}` }));
    expect(reasonFor(CYCLONE_TYPE, { ...CYCLONEDX, components })).toContain("more than 500 components pkg:npm/x");
  });

  it("nested ten thousand deep is walked to its end", () => {
    const depth = 10_000;
    const opened = Array.from({ length: depth }, (_, index) => `{"name":"a${index}","components":[`);
    const nested = `${opened.join("")}{"name":"z"}${"]}".repeat(depth)}`;
    const document = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[${nested}]}`;
    const { components } = unwrap(parse(CYCLONE_TYPE, document));
    expect(components).toHaveLength(depth + 1);
    expect(components.at(-1)?.label).toBe("z");
  });

  it("gives components no field by a prototype", () => {
    const document = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"a","__proto__":{"version":"9","purl":"pkg:npm/b"}}]}`;
    const [one] = unwrap(parse(CYCLONE_TYPE, document)).components;
    expect(one).toEqual({ label: "a", names: ["a"], versions: [], licences: [] });
  });
});
