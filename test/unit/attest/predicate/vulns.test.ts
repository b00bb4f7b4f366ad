/** What an owner accepts of a vulnerability scan, and until when. */
import { describe, expect, it } from "vitest";
import { VULNS_TYPES } from "../../../../attest/predicate/scan-report.ts";
import { examineVulns, vulnsFields } from "../../../../attest/predicate/vulns.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import { asked, candidate, circumstances, DAY, NOW, refusals, texts } from "./statements.ts";

const FINISHED = NOW - 3 * DAY;
const TRIVY = "pkg:github/aquasecurity/trivy";

function scan(changes: { uri?: string; finishedMs?: number; result?: unknown } = {}) {
  const { uri = `${TRIVY}@0.58.1`, finishedMs = FINISHED, result } = changes;
  const found = [
    { id: "CVE-2026-1", severity: [{ method: "nvd", score: "high" }] },
    { id: "CVE-2026-2", severity: [{ method: "nvd", score: "low" }] },
  ];
  return {
    scanner: { uri, version: "0.58.1", db: { lastUpdate: "2026-11-18T00:00:00Z" }, result: result ?? found },
    metadata: { scanStartedOn: "2026-11-18T00:00:00Z", scanFinishedOn: new Date(finishedMs).toISOString() },
  };
}
const examine = (want: unknown, predicate: unknown = scan(), signed: readonly number[] = [], now = NOW) =>
  examineVulns(asked(vulnsFields, want), candidate(VULNS_TYPES[1] ?? "", predicate, signed), circumstances(now));
const VULNERABLE = ["vulnerabilities: ATTEST_VULNERABLE"];

describe("the vulnerabilities of a release", () => {
  it("may be as bad as the owner accepts, and not worse", () => {
    expect(refusals(examine({ maxSeverity: "critical" }))).toEqual([]);
    expect(refusals(examine({ maxSeverity: "high" }))).toEqual([]);
    expect(refusals(examine({ maxSeverity: "medium" }))).toEqual(VULNERABLE);
    expect(refusals(examine({ maxSeverity: "none" }))).toEqual(VULNERABLE);
    expect(refusals(examine({ maxSeverity: "none" }, scan({ result: [] })))).toEqual([]);
  });

  it("are named in the refusal, the worst first", () => {
    expect(texts(examine({ maxSeverity: "none" }))).toContain(
      "found worse than none (2 in all): CVE-2026-1 (high), CVE-2026-2 (low)",
    );
  });

  it("without a severity count as critical", () => {
    const silent = scan({ result: [{ id: "CVE-2026-3" }] });
    expect(refusals(examine({ maxSeverity: "high" }, silent))).toEqual(VULNERABLE);
    const except = [{ id: "CVE-2026-3", reason: "our module does not parse XML" }];
    expect(refusals(examine({ maxSeverity: "high", except }, silent))).toEqual([]);
  });
});

describe("an exception", () => {
  const accepting = (except: readonly object[], now = NOW) =>
    examine(
      { maxSeverity: "low", except: except.map((one) => ({ reason: "not reachable", ...one })) },
      scan(),
      [],
      now,
    );

  it("accepts exactly the vulnerability that it names", () => {
    expect(refusals(accepting([{ id: "CVE-2026-1" }]))).toEqual([]);
    expect(refusals(accepting([{ id: "CVE-2026-10" }]))).toEqual(VULNERABLE);
    expect(refusals(accepting([{ id: "cve-2026-1" }]))).toEqual(VULNERABLE);
  });

  it("ends at its time, and the verdict that needs it ends with it", () => {
    const untilMs = NOW + DAY;
    const examined = accepting([{ id: "CVE-2026-1", untilMs }]);
    expect(refusals(examined)).toEqual([]);
    expect(examined.untilMs).toBe(untilMs);
    expect(refusals(accepting([{ id: "CVE-2026-1", untilMs }], untilMs))).toEqual(VULNERABLE);
    expect(refusals(accepting([{ id: "CVE-2026-1", untilMs }], untilMs - 1))).toEqual([]);
  });

  it("that is not needed ends nothing", () => {
    const except = [{ id: "CVE-2026-2", untilMs: NOW + 1, reason: "low anyway" }];
    expect(examine({ maxSeverity: "high", except }).untilMs).toBeUndefined();
  });

  it("that is made twice holds as long as the longer one", () => {
    const twice = [
      { id: "CVE-2026-1", untilMs: NOW + 2 * DAY },
      { id: "CVE-2026-1", untilMs: NOW + DAY },
    ];
    expect(accepting(twice).untilMs).toBe(NOW + 2 * DAY);
    expect(accepting([{ id: "CVE-2026-1" }, ...twice]).untilMs).toBeUndefined();
  });
});

describe("a scan", () => {
  const within = (scannedWithinDays: number, predicate = scan(), signed: readonly number[] = [], now = NOW) =>
    examine({ maxSeverity: "critical", scannedWithinDays }, predicate, signed, now);

  it("must be by a scanner that is named, in any version unless one is given", () => {
    const by = (...scanners: readonly string[]) => refusals(examine({ maxSeverity: "critical", scanners }));
    expect(by(TRIVY)).toEqual([]);
    expect(by("https://other.example", `${TRIVY}@0.58.1`)).toEqual([]);
    expect(by(`${TRIVY}@0.59.0`)).toEqual(["scan: ATTEST_SCANNER"]);
    expect(by("pkg:github/aquasecurity/tri")).toEqual(["scan: ATTEST_SCANNER"]);
  });

  it("by a scanner without a name is by none that is named", () => {
    const { scanner, metadata } = scan();
    const nameless = { scanner: { ...scanner, uri: undefined }, metadata };
    expect(texts(examine({ maxSeverity: "critical", scanners: [TRIVY] }, nameless))).toContain(
      "a scanner without a name",
    );
    expect(refusals(examine({ maxSeverity: "critical" }, nameless))).toEqual([]);
  });

  it("of several scanners must be by named ones only", () => {
    const { scanner, metadata } = scan();
    const scanners = [scanner, { ...scanner, uri: "pkg:github/evil/scanner" }];
    const examined = examine({ maxSeverity: "critical", scanners: [TRIVY] }, { scanners, metadata });
    expect(refusals(examined)).toEqual(["scan: ATTEST_SCANNER"]);
  });

  it("must be young enough, and the verdict ends when it is not any more", () => {
    expect(within(4).untilMs).toBe(FINISHED + 4 * DAY);
    expect(refusals(within(4))).toEqual([]);
    expect(refusals(within(3))).toEqual(["scan: ATTEST_STALE"]);
    expect(texts(within(2))).toContain("it was scanned 3 days ago; at most 2 days are accepted");
  });

  it("that says it ended after it was signed ended when it was signed", () => {
    const ahead = scan({ finishedMs: NOW + 300 * DAY });
    expect(refusals(within(10, ahead, [NOW - 20 * DAY, NOW]))).toEqual(["scan: ATTEST_STALE"]);
    expect(within(10, ahead, [NOW - 5 * DAY]).untilMs).toBe(NOW + 5 * DAY);
  });

  it("that is yet to come has no time, but a board's clock may be a day behind", () => {
    expect(refusals(within(10, scan({ finishedMs: NOW + DAY + 1 })))).toEqual(["scan: ATTEST_NO_TIME"]);
    expect(refusals(within(10, scan({ finishedMs: NOW + DAY })))).toEqual([]);
  });

  it("holds until the first of scan and exceptions ends", () => {
    const except = [{ id: "CVE-2026-1", untilMs: NOW + 2 * DAY, reason: "soon" }];
    const both = examine({ maxSeverity: "low", except, scannedWithinDays: 30 });
    expect(both.untilMs).toBe(NOW + 2 * DAY);
    expect(examine({ maxSeverity: "low", except, scannedWithinDays: 4 }).untilMs).toBe(NOW + DAY);
  });

  it("that cannot be read says nothing of vulnerabilities", () => {
    expect(refusals(examine({ maxSeverity: "critical" }, {}))).toEqual([
      "scan: ATTEST_PREDICATE_INVALID",
      "vulnerabilities: -",
    ]);
  });

  it("makes the same checks whatever it finds", () => {
    const checks = [scan(), {}, scan({ uri: "x" })].map((one) =>
      examine({ maxSeverity: "none", scanners: [TRIVY] }, one).reasons.map(({ check }) => check),
    );
    expect(checks).toEqual(Array(3).fill(["scan", "vulnerabilities"]));
  });
});

describe("a requirement for scans is refused", () => {
  it.each<[string, object]>([
    ["without a worst severity", {}],
    ["with a severity in other words", { maxSeverity: "moderate" }],
    ["with an exception without a reason", { maxSeverity: "low", except: [{ id: "CVE-1" }] }],
    [
      "with an exception until some text",
      { maxSeverity: "low", except: [{ id: "CVE-1", reason: "x", untilMs: "2027" }] },
    ],
    ["with no day", { maxSeverity: "low", scannedWithinDays: 0 }],
  ])("%s", (_, want) => {
    expect(parseShape(object(vulnsFields), want, "it").ok).toBe(false);
  });
});
