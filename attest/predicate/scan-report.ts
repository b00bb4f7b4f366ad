/**
 * What a vulnerability scanner found, out of a signed predicate: in-toto's vulns v0.1 and v0.2, and cosign's vuln v1 with
 * the report of the scanner inside it as Grype, Trivy or SARIF 2.1.0 write it. A report in no known form is refused: it
 * could hold anything.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  anything,
  array,
  object,
  oneOf,
  optional,
  parseShape,
  refined,
  type Shape,
  string,
} from "../../runtime/kernel/shape.ts";
import type { Statement } from "../statement.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";
import { once } from "./once.ts";
import { type Severity, severityOf, severityOfScore, severityOfWord } from "./severity.ts";

export const VULNS_TYPES: readonly string[] = [
  "https://in-toto.io/attestation/vulns/v0.1",
  "https://in-toto.io/attestation/vulns/v0.2",
  "https://cosign.sigstore.dev/attestation/vuln/v1",
  "cosign.sigstore.dev/attestation/vuln/v1",
];

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
}

export interface ScanReport {
  /** URIs as written; empty for a scanner that does not name itself. */
  readonly scanners: readonly string[];
  /** When the scan ended, ms. */
  readonly finishedMs: number;
  readonly findings: readonly Finding[];
}

const FINDINGS_MAX = 20_000;
const RUNS_MAX = 100;
const text = optional(nullable(string({ max: 2000 })));
const id = string({ min: 1, max: 500 });
const many = <T>(item: Shape<T>) => array(item, { max: FINDINGS_MAX });
const some = <T>(item: Shape<T>) => optional(nullable(many(item)));

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const time = refined(
  string({ max: 40 }),
  (one) => RFC3339.test(one) && Number.isFinite(Date.parse(one)),
  "a time as 2026-01-31T00:00:00Z",
);
const scannerShape = tolerant({ uri: text, result: anything });
const predicateShape = tolerant({
  scanner: optional(nullable(scannerShape)),
  scanners: optional(nullable(array(scannerShape, { max: 16 }))),
  metadata: tolerant({ scanFinishedOn: time }),
});

/** Refuses with ATTEST_PREDICATE_INVALID. */
export const parseScanReport: (statement: Statement) => Result<ScanReport, Fault> = once(readScanReport);

function readScanReport({ predicateType: type, predicate }: Statement): Result<ScanReport, Fault> {
  const refuse = (reason: string, cause?: unknown) => err(fault("ATTEST_PREDICATE_INVALID", { type, reason }, cause));
  const parsed = parseShape(object({ predicate: predicateShape }), { predicate }, "the scan");
  if (!parsed.ok) return refuse(reasonOf(parsed.error), parsed.error);
  const { scanner, scanners = [], metadata } = parsed.value.predicate;
  const all = scanner === undefined ? scanners : [scanner, ...scanners];
  if (all.length === 0) return refuse("it names no scanner");
  const findings: Finding[] = [];
  for (const { result } of all) {
    const read = readResult(result);
    if (read === undefined) return refuse("its result is in no form that is known here (in-toto, Grype, Trivy, SARIF)");
    if (!read.ok) return refuse(reasonOf(read.error), read.error);
    for (const one of read.value) findings.push(one);
  }
  return ok({ scanners: all.map((one) => one.uri ?? ""), finishedMs: Date.parse(metadata.scanFinishedOn), findings });
}

/** A form of report: how it is recognised, and how it is read. */
interface Form {
  readonly isIt: (value: Readonly<Record<string, unknown>>) => boolean;
  readonly read: (value: unknown) => Result<readonly Finding[], Fault>;
}

/** All that are recognised are read: a report of two forms has the findings of both. Undefined for none. */
function readResult(value: unknown): Result<readonly Finding[], Fault> | undefined {
  if (Array.isArray(value)) return readInToto(value);
  if (typeof value !== "object" || value === null) return undefined;
  const forms = FORMS.filter((one) => one.isIt(value as Readonly<Record<string, unknown>>));
  if (forms.length === 0) return undefined;
  const findings: Finding[] = [];
  for (const form of forms) {
    const read = form.read(value);
    if (!read.ok) return read;
    for (const one of read.value) findings.push(one);
  }
  return ok(findings);
}

/** Parses a report with `shape`, and makes its findings. */
function reader<T>(shape: Shape<T>, findingsOf: (report: T) => readonly Finding[]): Form["read"] {
  return (value) => {
    const parsed = parseShape(object({ result: shape }), { result: value }, "the scanner's result");
    return parsed.ok ? ok(findingsOf(parsed.value.result)) : parsed;
  };
}

const statement = tolerant({ method: string({ max: 100 }), score: string({ max: 500 }) });
const vulnerability = { id, severity: optional(nullable(array(statement, { max: 32 }))) };
/** The text of version 0.1 has one object more than its example; both are written. */
const entry = tolerant({
  id: optional(id),
  severity: vulnerability.severity,
  vulnerability: optional(nullable(tolerant(vulnerability))),
});
const readInToto = reader(
  many(refined(entry, (one) => (one.id ?? one.vulnerability?.id) !== undefined, "a vulnerability with an id")),
  (entries) =>
    entries.flatMap(({ vulnerability: inner, ...outer }) =>
      [outer, inner].flatMap((one) =>
        one?.id === undefined ? [] : [{ id: one.id, severity: severityOf(one.severity ?? []) }],
      ),
    ),
);

const readGrype = reader(
  tolerant({ matches: many(tolerant({ vulnerability: tolerant({ id, severity: text }) })) }),
  ({ matches }) =>
    matches.map(({ vulnerability: one }) => ({ id: one.id, severity: severityOfWord(one.severity ?? "") })),
);

const readTrivy = reader(
  tolerant({
    SchemaVersion: oneOf(2),
    Results: many(tolerant({ Vulnerabilities: some(tolerant({ VulnerabilityID: id, Severity: text })) })),
  }),
  ({ Results }) =>
    Results.flatMap(({ Vulnerabilities = [] }) =>
      Vulnerabilities.map((one) => ({ id: one.VulnerabilityID, severity: severityOfWord(one.Severity ?? "") })),
    ),
);

const rule = tolerant({ id, properties: optional(nullable(tolerant({ "security-severity": text }))) });
const run = tolerant({
  tool: tolerant({ driver: tolerant({ rules: some(rule) }) }),
  results: many(tolerant({ ruleId: id })),
});
const readSarif = reader(
  tolerant({ version: oneOf("2.1.0"), runs: array(run, { min: 1, max: RUNS_MAX }) }),
  ({ runs }) =>
    runs.flatMap(({ tool, results }) => {
      const scores = new Map<string, Severity>();
      for (const { id: name, properties } of tool.driver.rules ?? []) {
        const severity = severityOfScore(properties?.["security-severity"] ?? "");
        // Two rules of one name: the first could hide the second.
        scores.set(name, scores.has(name) ? "critical" : severity);
      }
      return results.map(({ ruleId }) => ({ id: ruleId, severity: scores.get(ruleId) ?? "critical" }));
    }),
);

const FORMS: readonly Form[] = [
  { isIt: (one) => Object.hasOwn(one, "matches"), read: readGrype },
  { isIt: (one) => Object.hasOwn(one, "SchemaVersion") || Object.hasOwn(one, "Results"), read: readTrivy },
  { isIt: (one) => Object.hasOwn(one, "runs"), read: readSarif },
];
