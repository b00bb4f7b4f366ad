/**
 * Vulnerabilities: how bad those may be that a scanner found, which the owner accepts and until when, whose scans count,
 * and how old the last may be. A scan says what was known on its day, so a verdict that rests on one ends when the scan,
 * or an exception that was needed, grows too old.
 */
import { array, type Infer, integer, object, oneOf, optional, string } from "../../runtime/kernel/shape.ts";
import type { Circumstances, Examine, Examined } from "../candidate.ts";
import { fault as evidenceFault } from "../faults.ts";
import { passed, type Reason, refused, unexamined } from "../reasons.ts";
import { fault } from "./faults.ts";
import { isSameUri } from "./purl.ts";
import { type Finding, parseScanReport, type ScanReport } from "./scan-report.ts";
import { isAbove, SEVERITIES, type Severity } from "./severity.ts";
import { clipped, some } from "./shown.ts";

const uri = string({ min: 1, max: 500 });
const exception = object({
  /** As the scanner writes it: `CVE-2026-1234`, `GHSA-…`. */
  id: string({ min: 1, max: 500 }),
  /** From this time on, ms, it is none; without it, it is one for ever. */
  untilMs: optional(integer({ min: 0, max: 8.64e15 })),
  /** Why the owner accepts it; shown with the verdict. */
  reason: string({ min: 1, max: 300 }),
});

export const vulnsFields = {
  /** The worst that is accepted. A vulnerability whose severity is not said, or cannot be read, is critical. */
  maxSeverity: oneOf(...SEVERITIES),
  except: optional(array(exception, { min: 1, max: 256 })),
  /** Who must have scanned: a URI, letter by letter, or a package URL, in any version unless it has one. */
  scanners: optional(array(uri, { min: 1, max: 16 })),
  /** How long ago the scan may have ended. */
  scannedWithinDays: optional(integer({ min: 1, max: 3650 })),
};
const fields = object(vulnsFields);
type Asked = Infer<typeof fields>;

const DAY_MS = 86_400_000;

/** Checks `scan` and `vulnerabilities`. Refuses with ATTEST_SCANNER, ATTEST_NO_TIME or ATTEST_STALE, and ATTEST_VULNERABLE. */
export const examineVulns: Examine<Asked> = (asked, { statement, signedTimesMs }, circumstances) => {
  const parsed = parseScanReport(statement);
  if (!parsed.ok) return { reasons: [refused("scan", parsed.error), unexamined("vulnerabilities")] };
  const scan = examineScan(asked, parsed.value, signedTimesMs, circumstances);
  const found = examineFindings(asked, parsed.value.findings, circumstances);
  const untils = [scan.untilMs, found.untilMs].flatMap((one) => (one === undefined ? [] : [one]));
  const reasons = [...scan.reasons, ...found.reasons];
  return untils.length === 0 ? { reasons } : { reasons, untilMs: Math.min(...untils) };
};

function examineScan(
  { scanners: named, scannedWithinDays }: Asked,
  { scanners, finishedMs }: ScanReport,
  [signedMs = Number.POSITIVE_INFINITY]: readonly number[],
  { nowMs }: Circumstances,
): Examined {
  const stranger = scanners.find((one) => named?.some((each) => isSameUri(one, each)) === false);
  if (stranger !== undefined) {
    const found = stranger === "" ? "a scanner without a name" : clipped(stranger);
    return { reasons: [refused("scan", fault("ATTEST_SCANNER", { found, expected: named ?? [] }))] };
  }
  // What was signed was found before: a time that an authority saw bounds a date that lies further ahead.
  const atMs = Math.min(finishedMs, signedMs);
  const finished = new Date(atMs).toISOString();
  const facts = { scanners: some(scanners.filter((one) => one !== "")), finished };
  if (scannedWithinDays === undefined) return { reasons: [passed("scan", "it was scanned as the policy asks", facts)] };
  if (atMs > nowMs + DAY_MS) {
    const reason = `the scan says that it ended at ${finished}, which is yet to come`;
    return { reasons: [refused("scan", evidenceFault("ATTEST_NO_TIME", { reason }))] };
  }
  const untilMs = atMs + scannedWithinDays * DAY_MS;
  if (nowMs < untilMs) return { reasons: [passed("scan", "it was scanned as the policy asks", facts)], untilMs };
  const days = { age: `${Math.floor((nowMs - atMs) / DAY_MS)} days`, max: `${scannedWithinDays} days` };
  return { reasons: [refused("scan", evidenceFault("ATTEST_STALE", { what: "it was scanned", ...days }))] };
}

function examineFindings(
  { maxSeverity, except = [] }: Asked,
  findings: readonly Finding[],
  { nowMs }: Circumstances,
): Examined {
  const untilOf = new Map<string, number>();
  for (const { id, untilMs = Number.POSITIVE_INFINITY } of except) {
    if (nowMs < untilMs) untilOf.set(id, Math.max(untilMs, untilOf.get(id) ?? 0));
  }
  const bad = findings.filter((one) => isAbove(one.severity, maxSeverity));
  const wrong = bad.filter((one) => !untilOf.has(one.id));
  const accepted = [...new Set(bad.flatMap((one) => (untilOf.has(one.id) ? [one.id] : [])))];
  if (wrong.length > 0) return { reasons: [vulnerable(wrong, maxSeverity)] };
  const untilMs = Math.min(...accepted.map((id) => untilOf.get(id) ?? 0));
  const facts = { found: findings.length, max: maxSeverity, accepted: some(accepted) };
  const reasons = [passed("vulnerabilities", "it found nothing worse than the policy accepts", facts)];
  return Number.isFinite(untilMs) ? { reasons, untilMs } : { reasons };
}

/** The worst first, twenty at most. */
function vulnerable(wrong: readonly Finding[], max: Severity): Reason {
  const order = SEVERITIES.toReversed();
  const sorted = wrong.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const ids = sorted.slice(0, 20).map((one) => `${clipped(one.id)} (${one.severity})`);
  return refused("vulnerabilities", fault("ATTEST_VULNERABLE", { count: wrong.length, max, wrong: ids }));
}
