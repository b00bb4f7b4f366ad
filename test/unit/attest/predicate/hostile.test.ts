/** Whatever a predicate contains: no kind of requirement throws, takes long, skips a check or repeats it at length. */
import { describe, expect, it } from "vitest";
import type { Candidate, Examined } from "../../../../attest/candidate.ts";
import { parseMaterials, SBOM_TYPES } from "../../../../attest/predicate/components.ts";
import { LINK_TYPES, layoutLinks } from "../../../../attest/predicate/link.ts";
import { examineSbom, sbomFields } from "../../../../attest/predicate/sbom.ts";
import { examineScai, SCAI_TYPES, scaiFields } from "../../../../attest/predicate/scai.ts";
import { VULNS_TYPES } from "../../../../attest/predicate/scan-report.ts";
import { examineTestResult, TEST_RESULT_TYPES, testResultFields } from "../../../../attest/predicate/test-result.ts";
import { examineVulns, vulnsFields } from "../../../../attest/predicate/vulns.ts";
import { CYCLONEDX, SPDX } from "./sboms.ts";
import { asked, candidate, circumstances } from "./statements.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const SCAN = {
  scanner: { uri: "pkg:a/b", result: [{ id: "CVE-1", severity: [{ method: "nvd", score: "9.9" }] }] },
  metadata: { scanFinishedOn: "2026-11-20T10:00:00Z" },
};
const LICENCES = { allow: ["MIT"], deny: ["GPL-3.0-only"] };
const sbom = asked(sbomFields, { forbid: [{ name: "zlib", versions: ["<1"] }], licences: LICENCES });
const vulns = asked(vulnsFields, { maxSeverity: "none", scanners: ["pkg:a/b"], scannedWithinDays: 3 });
const tests = asked(testResultFields, { tests: ["a"], configurations: ["b"] });
const scai = asked(scaiFields, { attributes: [{ attribute: "A", conditions: { a: 1 } }] });
const world = circumstances();

const KINDS: readonly (readonly [string, string, Json, (one: Candidate) => Examined])[] = [
  ["SPDX", SBOM_TYPES[0] ?? "", SPDX, (one) => examineSbom(sbom, one, world)],
  ["CycloneDX", SBOM_TYPES[3] ?? "", CYCLONEDX, (one) => examineSbom(sbom, one, world)],
  ["a scan", VULNS_TYPES[1] ?? "", SCAN, (one) => examineVulns(vulns, one, world)],
  [
    "a test result",
    TEST_RESULT_TYPES[0] ?? "",
    { result: "PASSED", configuration: [{ name: "b" }], passedTests: ["a"] },
    (one) => examineTestResult(tests, one, world),
  ],
  [
    "attributes",
    SCAI_TYPES[0] ?? "",
    { attributes: [{ attribute: "A", target: { name: "x" }, conditions: { a: 1 } }] },
    (one) => examineScai(scai, one, world),
  ],
];

const LONG = "x".repeat(20_000);
const ODD: readonly Json[] = [
  null,
  true,
  -1,
  1e308,
  "",
  "NOASSERTION",
  "((((",
  "pkg:",
  "__proto__",
  "\u0000\ud800",
  LONG,
  [],
  {},
  [[[]]],
  { length: 5 },
];

/** Every document in which one value is another; nothing is left to chance. */
function* mutants(value: Json): Generator<Json> {
  yield* ODD;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) for (const one of mutants(item)) yield value.with(index, one);
    yield [...value, ...value];
  } else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      for (const one of mutants(item)) yield { ...value, [name]: one };
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    }
  }
}

describe("whatever stands in the predicate of", () => {
  it.each(KINDS)("%s, the same checks are made, and say little", (_, type, document, examine) => {
    const checks = (one: Examined) => one.reasons.map(({ check }) => check);
    const usual = checks(examine(candidate(type, document)));
    let refused = 0;
    for (const mutant of mutants(document)) {
      const examined = examine(candidate(type, JSON.stringify(mutant)));
      expect(checks(examined)).toEqual(usual);
      expect(JSON.stringify(examined).length).toBeLessThan(5000);
      if (examined.reasons.some((one) => one.code !== undefined)) refused += 1;
    }
    expect(refused).toBeGreaterThan(ODD.length - 1);
  });

  it("a link or a bill of materials, it is read or refused", () => {
    const link: Json = { name: "build", materials: [{ name: "a", digest: { sha256: "1" } }] };
    for (const mutant of mutants(link))
      expect(layoutLinks(candidate(LINK_TYPES[0] ?? "", JSON.stringify(mutant)))).toHaveProperty("ok");
    for (const mutant of mutants(SPDX))
      expect(parseMaterials(candidate(SBOM_TYPES[0] ?? "", JSON.stringify(mutant)).statement)).toHaveProperty("ok");
  });
});
