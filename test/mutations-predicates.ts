/** Checks of door two on what predicates say: bills of materials, scans, test results, attributes, fields, layouts. */
import { type Checks, mutationsOf } from "./mutations.ts";

const beside = (name: string) => `test/unit/attest/predicate/${name}.test.ts`;

const CHECKS: Checks = {
  "attest/predicate/pointer.ts": [
    ["own fields only", "if (!Object.hasOwn(value, step)) return undefined;", "", beside("pointer")],
  ],
  "attest/predicate/fields.ts": [
    [
      "excludes looks at what it can compare",
      "isScalar(one) && one !== excludes",
      "one !== excludes",
      beside("fields"),
    ],
    ["an infinite number is none", "isNumber(found) && found >= atLeast", "Number(found) >= atLeast", beside("fields")],
  ],
  "attest/predicate/test-result.ts": [
    ["a test that both passed and failed", "!good.has(one) || bad.has(one)", "!good.has(one)", beside("test-result")],
    [
      "a failure that says nothing",
      'if (result === "FAILED" && failedTests.length === 0)',
      "if (false as boolean)",
      beside("test-result"),
    ],
  ],
  "attest/predicate/scai.ts": [
    ["all conditions", "found.length === Object.keys(allowed).length && ", "", beside("scai")],
    [
      "an attribute of a target",
      "if ((wanted.target === undefined) !== (said.target === undefined)) return false;",
      "",
      beside("scai"),
    ],
  ],
  "attest/predicate/versions.ts": [
    [
      "a version of unknown order",
      'return version.numbers === bound.numbers ? "no" : "unknown";',
      'return "no";',
      beside("versions"),
    ],
    ["an epoch is no version", "(?![\\d.:!])", "(?![\\d.])", beside("versions")],
  ],
  "attest/predicate/licence.ts": [
    [
      "the whole expression is read",
      "return next === tokens.length ? whole : undefined;",
      "return whole;",
      beside("licence"),
    ],
    ["depth of an expression", "const inner = depth < DEPTH_MAX ?", "const inner = depth >= 0 ?", beside("licence")],
    ["a private licence is unknown", 'if (isPrivate) return "unknown";', "void isPrivate;", beside("licence")],
  ],
  "attest/predicate/components.ts": [
    [
      "a package URL that cannot be read",
      'if (purl !== "" && parsed === undefined) return undefined;',
      "",
      beside("components"),
    ],
    ["components of one name", "if (count > NAMESAKES_MAX) return name;", "", beside("components")],
    [
      "an empty list",
      "if (components.length === 0) return refuse",
      "if (false as boolean) return refuse",
      beside("components"),
    ],
  ],
  "attest/predicate/sbom.ts": [
    [
      "a component without version",
      "if (ranges === undefined || versions.length === 0) return true;",
      "if (ranges === undefined) return true;",
      beside("sbom"),
    ],
    ["a doubt is against the release", 'isWithin(one) !== "no"', 'isWithin(one) === "yes"', beside("sbom")],
    ["nothing said is nothing known", "standings.length === 0 || ", "", beside("sbom")],
  ],
  "attest/predicate/severity.ts": [
    ["a number without a scale", "/^(?:cvss|nvd)/i.test(method) && ", "", beside("scan-report")],
    ["a severity that is not said", 'worst(read) ?? "critical"', 'worst(read) ?? "none"', beside("scan-report")],
  ],
  "attest/predicate/vulns.ts": [
    ["an exception ends", "if (nowMs < untilMs) untilOf.set", "if (true as boolean) untilOf.set", beside("vulns")],
    ["a scan of the future", "if (atMs > nowMs + DAY_MS) {", "if (false as boolean) {", beside("vulns")],
    ["a scan after its signature", "Math.min(finishedMs, signedMs)", "Math.min(finishedMs)", beside("vulns")],
  ],
  "attest/predicate/link.ts": [
    [
      "an artifact has a digest",
      "if (Object.keys(digests).length === 0) return",
      "if (false as boolean) return",
      beside("link"),
    ],
    ["a name once", "if (artifacts.has(name)) return", "if (false as boolean) return", beside("link")],
  ],
  "attest/predicate/artifact-rules.ts": [
    [
      "MATCH compares digests",
      "other !== undefined && isSameDigest(mine, other)",
      "other !== undefined",
      beside("artifact-rules"),
    ],
    ["a rule takes out of the queue", "for (const name of taken) queue.delete(name);", "", beside("artifact-rules")],
  ],
  "attest/predicate/layout.ts": [
    ["a party counts once for a step", "parties.length < threshold", "own.length < threshold", beside("layout")],
    ["a step is of its parties", " && step.parties.includes(one.party)", "", beside("layout")],
    ["those who must agree do", "if (dissenter !== undefined) {", "if (false as boolean) {", beside("layout")],
    ["the last step made these files", "unmade(layout, done, artifacts) ??", "", beside("layout")],
  ],
};

export const ON_PREDICATES = mutationsOf(CHECKS);
