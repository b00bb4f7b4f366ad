/**
 * Test results (in-toto/attestation, predicates/test-result, v0.1): did the tests that the owner asks for run, in the
 * configurations he asks for, and did none fail that must not? One statement speaks of one run of one suite.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { array, boolean, type Infer, object, oneOf, optional, parseShape, string } from "../../runtime/kernel/shape.ts";
import type { Examine } from "../candidate.ts";
import { passed, refused } from "../reasons.ts";
import type { Statement } from "../statement.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";
import { listed } from "./shown.ts";

export const TEST_RESULT_TYPES: readonly string[] = ["https://in-toto.io/attestation/test-result/v0.1"];

const TESTS_MAX = 20_000;
const uri = optional(nullable(string({ max: 2000 })));
const names = optional(nullable(array(string({ max: 1000 }), { max: TESTS_MAX })));
const predicateShape = tolerant({
  result: oneOf("PASSED", "WARNED", "FAILED"),
  configuration: array(tolerant({ name: uri, uri, downloadLocation: uri }), { max: 1000 }),
  passedTests: names,
  warnedTests: names,
  failedTests: names,
});
export type TestRun = Infer<typeof predicateShape>;

const asked = array(string({ min: 1, max: 1000 }), { min: 1, max: 64 });
export const testResultFields = {
  /** Each must be the name, the URI or the download location of a configuration of the run. */
  configurations: optional(asked),
  /** Each must be listed as passed, or as passed with warnings where those are accepted. */
  tests: optional(asked),
  /** Are warnings accepted? Not unless given. */
  warnings: optional(boolean),
  /** Tests that may fail. A run that failed for any other reason is refused. */
  mayFail: optional(asked),
};
const fields = object(testResultFields);

/** Refuses with ATTEST_PREDICATE_INVALID. */
export function parseTestResult({ predicateType: type, predicate }: Statement): Result<TestRun, Fault> {
  const parsed = parseShape(object({ predicate: predicateShape }), { predicate }, "the test result");
  if (parsed.ok) return ok(parsed.value.predicate);
  return err(fault("ATTEST_PREDICATE_INVALID", { type, reason: reasonOf(parsed.error) }, parsed.error));
}

/** Check `result`. Refuses with ATTEST_TEST_RESULT. */
export const examineTestResult: Examine<Infer<typeof fields>> = (wanted, { statement }) => {
  const parsed = parseTestResult(statement);
  if (!parsed.ok) return { reasons: [refused("result", parsed.error)] };
  const reason = wrongOf(parsed.value, wanted);
  if (reason !== undefined) return { reasons: [refused("result", fault("ATTEST_TEST_RESULT", { reason }))] };
  const { result, passedTests = [], warnedTests = [], failedTests = [] } = parsed.value;
  const counts = { passed: passedTests.length, warned: warnedTests.length, failed: failedTests.length };
  return { reasons: [passed("result", "the tests that are asked for have passed", { result, ...counts })] };
};

function wrongOf(run: TestRun, wanted: Infer<typeof fields>): string | undefined {
  const { result, configuration, passedTests = [], warnedTests = [], failedTests = [] } = run;
  const mayFail = new Set(wanted.mayFail);
  const failed = failedTests.filter((one) => !mayFail.has(one));
  if (failed.length > 0) return `${failed.length} tests failed: ${listed(failed)}`;
  if (result === "FAILED" && failedTests.length === 0) return "the run failed, and it is not said which tests";
  const hasWarned = result === "WARNED" || warnedTests.length > 0;
  if (hasWarned && wanted.warnings !== true)
    return `the run has ${warnedTests.length} warnings: ${listed(warnedTests)}`;
  const used = new Set(configuration.flatMap((one) => [one.name, one.uri, one.downloadLocation]));
  const unused = (wanted.configurations ?? []).filter((one) => !used.has(one));
  if (unused.length > 0) return `it did not run with the configuration ${listed(unused)}`;
  // A name in two lists is no proof of anything.
  const bad = new Set(wanted.warnings === true ? failedTests : [...warnedTests, ...failedTests]);
  const good = new Set(wanted.warnings === true ? [...passedTests, ...warnedTests] : passedTests);
  const missing = (wanted.tests ?? []).filter((one) => !good.has(one) || bad.has(one));
  return missing.length === 0 ? undefined : `it does not list as passed: ${listed(missing)}`;
}
