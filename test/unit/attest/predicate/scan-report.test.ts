/** Reports of several scanners become one list; what cannot be read is refused or counts as the worst. */
import { describe, expect, it } from "vitest";
import { parseScanReport, VULNS_TYPES } from "../../../../attest/predicate/scan-report.ts";
import { severityOf, severityOfScore, severityOfWord } from "../../../../attest/predicate/severity.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { candidate } from "./statements.ts";

const [V01 = "", V02 = "", COSIGN = ""] = VULNS_TYPES;
const metadata = { scanStartedOn: "2026-11-20T10:00:00Z", scanFinishedOn: "2026-11-20T10:05:00.52Z" };
const scanned = (result: unknown) => ({ scanner: { uri: "pkg:github/aquasecurity/trivy@0.58.1", result }, metadata });
const parse = (type: string, predicate: unknown) => parseScanReport(candidate(type, predicate).statement);
const findings = (type: string, result: unknown) => unwrap(parse(type, scanned(result))).findings;
const reasonFor = (predicate: unknown, type = V02): string => {
  const parsed = parse(type, predicate);
  return parsed.ok ? "accepted" : `${parsed.error.code} ${parsed.error.message}`;
};

const TRIVY = {
  SchemaVersion: 2,
  ArtifactName: "module.wasm",
  Results: [
    { Target: "Cargo.lock", Class: "lang-pkgs", Packages: [] },
    {
      Target: "package-lock.json",
      Vulnerabilities: [
        { VulnerabilityID: "CVE-2021-28831", PkgName: "busybox", Severity: "HIGH", CVSS: { nvd: { V3Score: 7.5 } } },
        { VulnerabilityID: "CVE-2026-1", PkgName: "x", Severity: "UNKNOWN" },
      ],
    },
  ],
};
const GRYPE = {
  matches: [
    { vulnerability: { id: "GHSA-fxph-q3j8-mv87", severity: "Negligible", cvss: [] }, artifact: { name: "log4j" } },
    { vulnerability: { id: "CVE-2026-2" }, artifact: { name: "y" } },
  ],
  descriptor: { name: "grype", version: "0.87.0" },
};
const SARIF = {
  $schema: "https://json.schemastore.org/sarif-2.1.0.json",
  version: "2.1.0",
  runs: [
    {
      tool: {
        driver: {
          name: "scanner",
          rules: [
            { id: "CVE-2026-3", properties: { "security-severity": "5.5" } },
            { id: "CVE-2026-4", properties: { tags: ["security"] } },
          ],
        },
      },
      results: [{ ruleId: "CVE-2026-3" }, { ruleId: "CVE-2026-4" }, { ruleId: "CVE-2026-5" }],
    },
  ],
};

describe("a report", () => {
  it("of in-toto's vulns v0.2 gives ids with the worst severity that is said", () => {
    const result = [
      {
        id: "CVE-1",
        severity: [
          { method: "nvd", score: "medium" },
          { method: "cvss_score", score: "5.2" },
        ],
      },
      {
        id: "CVE-2",
        severity: [
          { method: "nvd", score: "low" },
          { method: "CVSS_V3", score: "9.1" },
        ],
        annotations: [],
      },
      { id: "CVE-3", severity: [] },
      { id: "CVE-4" },
    ];
    const { scanners, finishedMs } = unwrap(parse(V02, scanned(result)));
    expect({ scanners, finishedMs }).toEqual({
      scanners: ["pkg:github/aquasecurity/trivy@0.58.1"],
      finishedMs: Date.UTC(2026, 10, 20, 10, 5, 0, 520),
    });
    expect(findings(V02, result)).toEqual([
      { id: "CVE-1", severity: "medium" },
      { id: "CVE-2", severity: "critical" },
      { id: "CVE-3", severity: "critical" },
      { id: "CVE-4", severity: "critical" },
    ]);
  });

  it("of v0.1 may have one object more around each, as its text says", () => {
    const severity = [{ method: "nvd", score: "low" }];
    const result = [{ vulnerability: { id: "CVE-1", severity } }, { id: "CVE-2", severity }];
    expect(findings(V01, result)).toEqual([
      { id: "CVE-1", severity: "low" },
      { id: "CVE-2", severity: "low" },
    ]);
    const both = [{ id: "CVE-1", severity, vulnerability: { id: "CVE-2" } }];
    expect(findings(V01, both).map((one) => one.severity)).toEqual(["low", "critical"]);
  });

  it("with an empty list found nothing", () => {
    expect(findings(V02, [])).toEqual([]);
    expect(findings(COSIGN, { matches: [] })).toEqual([]);
  });

  it("of Trivy, of Grype, or in SARIF is read inside cosign's predicate", () => {
    expect(findings(COSIGN, TRIVY)).toEqual([
      { id: "CVE-2021-28831", severity: "high" },
      { id: "CVE-2026-1", severity: "critical" },
    ]);
    expect(findings(COSIGN, GRYPE)).toEqual([
      { id: "GHSA-fxph-q3j8-mv87", severity: "low" },
      { id: "CVE-2026-2", severity: "critical" },
    ]);
    expect(findings(COSIGN, SARIF)).toEqual([
      { id: "CVE-2026-3", severity: "medium" },
      { id: "CVE-2026-4", severity: "critical" },
      { id: "CVE-2026-5", severity: "critical" },
    ]);
  });

  it("in two forms at once has the findings of both", () => {
    expect(findings(COSIGN, { ...TRIVY, matches: [] })).toHaveLength(2);
    expect(findings(COSIGN, { ...GRYPE, ...TRIVY })).toHaveLength(4);
  });

  it("with two rules of one name takes the worst of both", () => {
    const rules = ["9.9", "0.1"].map((score) => ({ id: "CVE-9", properties: { "security-severity": score } }));
    const run = { tool: { driver: { rules } }, results: [{ ruleId: "CVE-9" }] };
    expect(findings(COSIGN, { version: "2.1.0", runs: [run] })).toEqual([{ id: "CVE-9", severity: "critical" }]);
  });

  it("of several scanners has all their findings", () => {
    const scanners = [{ uri: "pkg:a/b", result: GRYPE }, { result: TRIVY }];
    const report = unwrap(parse(COSIGN, { scanners, metadata }));
    expect(report.scanners).toEqual(["pkg:a/b", ""]);
    expect(report.findings).toHaveLength(4);
    const both = { scanner: { result: GRYPE }, scanners: [{ result: TRIVY }], metadata };
    expect(unwrap(parse(COSIGN, both)).findings).toHaveLength(4);
  });

  it("may give its time with an offset", () => {
    const later = { ...scanned([]), metadata: { scanFinishedOn: "2026-11-20T12:05:00.000000001+02:00" } };
    expect(unwrap(parse(V02, later)).finishedMs).toBe(Date.UTC(2026, 10, 20, 10, 5));
  });

  it.each<[string, unknown, string]>([
    ["without a scanner", { metadata }, "it names no scanner"],
    ["without a result", { scanner: { uri: "x" }, metadata }, "in no form that is known"],
    ["with a result of null", scanned(null), "in no form that is known"],
    ["with a result that is text", scanned("nothing found"), "in no form that is known"],
    ["with a result in an unknown form", scanned({ vulnerabilities: [] }), "in no form that is known"],
    ["with an entry without id", scanned([{ severity: [] }]), "a vulnerability with an id"],
    ["with an empty id", scanned([{ id: "" }]), "at least 1 characters"],
    ["of Trivy without results", scanned({ SchemaVersion: 2 }), "Results must be an array"],
    ["of Trivy's first schema", scanned({ ...TRIVY, SchemaVersion: 1 }), "SchemaVersion must be 2"],
    ["of SARIF without runs", scanned({ ...SARIF, runs: [] }), "at least 1 items"],
    ["of another SARIF", scanned({ ...SARIF, version: "2.0.0" }), 'version must be "2.1.0"'],
    ["of two forms, one of them broken", scanned({ ...TRIVY, matches: "none" }), "matches must be an array"],
    ["without an end", { ...scanned([]), metadata: { scanStartedOn: metadata.scanStartedOn } }, "scanFinishedOn"],
    [
      "that ended on no day",
      { ...scanned([]), metadata: { scanFinishedOn: "2026-13-01T00:00:00Z" } },
      "scanFinishedOn",
    ],
    ["that ended in words", { ...scanned([]), metadata: { scanFinishedOn: "yesterday" } }, "scanFinishedOn"],
    ["with too many findings", scanned(Array(20_001).fill({ id: "a" })), "at most 20000 items"],
    ["hidden in a prototype", `{"__proto__": ${JSON.stringify(scanned([]))}}`, "metadata must be an object"],
    ["with a result hidden in a prototype", scanned(JSON.parse('{"__proto__": {"matches": []}}')), "in no form"],
  ])("%s is refused", (_, predicate, reason) => {
    expect(reasonFor(predicate)).toContain("ATTEST_PREDICATE_INVALID");
    expect(reasonFor(predicate)).toContain(reason);
  });
});

describe("a severity", () => {
  it.each([
    ["0", "none"],
    ["0.0", "none"],
    ["0.1", "low"],
    ["3.9", "low"],
    ["4.0", "medium"],
    ["6.9", "medium"],
    ["7.0", "high"],
    ["8.95", "high"],
    ["9.0", "critical"],
    ["10.0", "critical"],
    ["10.1", "critical"],
    ["-1", "critical"],
    ["", "critical"],
    [" 1", "critical"],
    ["1e0", "critical"],
    ["0x1", "critical"],
    ["٣.0", "critical"],
  ])("of the score %j is %s", (score, severity) => {
    expect(severityOfScore(score)).toBe(severity);
  });

  it.each([
    ["None", "none"],
    ["LOW", "low"],
    [" negligible ", "low"],
    ["Moderate", "medium"],
    ["important", "high"],
    ["Critical", "critical"],
    ["unknown", "critical"],
    ["", "critical"],
    ["toString", "critical"],
  ])("of the word %j is %s", (word, severity) => {
    expect(severityOfWord(word)).toBe(severity);
  });

  it("by a number counts only where the method's numbers are those of CVSS", () => {
    expect(severityOf([{ method: "cvss_score", score: "2.0" }])).toBe("low");
    expect(severityOf([{ method: "nvd", score: "2.0" }])).toBe("low");
    expect(severityOf([{ method: "probability", score: "0.04" }])).toBe("critical");
    expect(severityOf([{ method: "cvss_v3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L" }])).toBe("critical");
  });

  it("is not said by the likelihood of an attack", () => {
    expect(
      severityOf([
        { method: "EPSS", score: "0.97" },
        { method: "nvd", score: "low" },
      ]),
    ).toBe("low");
    expect(severityOf([{ method: "epss", score: "0.01" }])).toBe("critical");
  });
});
