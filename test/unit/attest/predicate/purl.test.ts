/** Package URLs: read as generators write them, and equal only where they mean the same package. */
import { describe, expect, it } from "vitest";
import { isSameUri, parsePurl } from "../../../../attest/predicate/purl.ts";

describe("a package URL", () => {
  it.each<[string, string, string | undefined]>([
    ["pkg:npm/lodash@4.17.20", "npm/lodash", "4.17.20"],
    ["pkg:npm/%40acme/lib@1.0.0", "npm/@acme/lib", "1.0.0"],
    ["pkg:npm/@acme/lib@1.0.0", "npm/@acme/lib", "1.0.0"],
    ["pkg:npm/%40acme%2Flib@1.0.0", "npm/@acme/lib", "1.0.0"],
    [
      "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar",
      "maven/org.apache.logging.log4j/log4j-core",
      "2.14.1",
    ],
    ["pkg:deb/debian/openssl@1%3A3.0.2-1?arch=arm64#src", "deb/debian/openssl", "1:3.0.2-1"],
    ["PKG:PyPI/Django", "pypi/django", undefined],
    ["pkg:pypi/Typing_Extensions@4.1", "pypi/typing-extensions", "4.1"],
    ["pkg:pypi/zope.interface", "pypi/zope-interface", undefined],
    ["pkg:npm/lodash.merge", "npm/lodash.merge", undefined],
    ["pkg://golang/github.com/x/y@v1.2.3", "golang/github.com/x/y", "v1.2.3"],
    ["pkg:oci/app@sha256:0a1b", "oci/app", "sha256:0a1b"],
  ])("%s is %s in version %s", (text, key, version) => {
    expect(parsePurl(text)).toEqual(version === undefined ? { key } : { key, version });
  });

  it.each([
    "",
    "lodash",
    "https://npm.example/lodash",
    "pkg:",
    "pkg:npm",
    "pkg:npm/",
    "pkg:npm//lodash",
    "pkg:npm/lodash@",
    "pkg:npm/%zz",
    "pkg:1npm/lodash",
    "pkg:npm/lodash@1.0/hidden",
    "pkg:?npm/lodash",
  ])("%j is none", (text) => {
    expect(parsePurl(text)).toBeUndefined();
  });

  it("of a scanner is the same in every version, unless a version is asked for", () => {
    const found = "pkg:github/aquasecurity/trivy@0.58.1";
    expect(isSameUri(found, "pkg:github/aquasecurity/trivy")).toBe(true);
    expect(isSameUri(found, "pkg:github/aquasecurity/trivy@0.58.1")).toBe(true);
    expect(isSameUri(found, "pkg:github/aquasecurity/trivy@0.58.2")).toBe(false);
    expect(isSameUri(found, "pkg:github/aquasecurity/trivy-db")).toBe(false);
    expect(isSameUri("https://scan.example/v1", "https://scan.example/v1")).toBe(true);
    expect(isSameUri("https://scan.example/v1", "https://scan.example/")).toBe(false);
  });
});
