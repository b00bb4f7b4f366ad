/** Test results: which runs satisfy an owner who asks for certain tests, and which do not. */
import { describe, expect, it } from "vitest";
import { examineTestResult, TEST_RESULT_TYPES, testResultFields } from "../../../../attest/predicate/test-result.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const RUN = {
  result: "PASSED",
  configuration: [
    {
      name: ".ci/board.yml",
      downloadLocation: "https://git.example/acme/app/blob/5f0d7fe2/.ci/board.yml",
      digest: { gitBlob: "ebe4add40f63c3c98bc9b32ff1e736f04120b023" },
    },
    { uri: "git+https://git.example/acme/rig@2" },
  ],
  url: "https://ci.example/runs/7",
  passedTests: ["boots", "keeps time", "reads the sensor"],
  warnedTests: [],
  failedTests: [],
};
const examine = (want: object, run: unknown = RUN) =>
  examineTestResult(asked(testResultFields, want), candidate(TEST_RESULT_TYPES[0] ?? "", run), circumstances());
const REFUSED = ["result: ATTEST_TEST_RESULT"];

describe("a test result", () => {
  it("that passed satisfies an owner who asks for no more", () => {
    expect(refusals(examine({}))).toEqual([]);
  });

  it("must name each configuration, by name, URI or download location", () => {
    const [first] = RUN.configuration;
    const used = [first?.name, first?.downloadLocation, "git+https://git.example/acme/rig@2"];
    expect(refusals(examine({ configurations: used }))).toEqual([]);
    expect(refusals(examine({ configurations: [".ci/other.yml"] }))).toEqual(REFUSED);
    expect(refusals(examine({ configurations: [".ci/board"] }))).toEqual(REFUSED);
  });

  it("must list each test that is asked for as passed", () => {
    expect(refusals(examine({ tests: ["boots", "keeps time"] }))).toEqual([]);
    expect(texts(examine({ tests: ["boots", "survives a storm"] }))).toContain("passed: survives a storm");
    const { passedTests: _, ...without } = RUN;
    expect(refusals(examine({ tests: ["boots"] }, without))).toEqual(REFUSED);
  });

  it("that lists a test as passed and as failed does not prove that it passed", () => {
    const both = { ...RUN, failedTests: ["boots"] };
    expect(refusals(examine({ tests: ["boots"], mayFail: ["boots"] }, both))).toEqual(REFUSED);
  });

  it("says PASSED beside failed tests: the tests count", () => {
    expect(texts(examine({}, { ...RUN, failedTests: ["keeps time"] }))).toContain("1 tests failed: keeps time");
  });

  it("may have failures that the owner accepts, and no others", () => {
    const failed = { ...RUN, result: "FAILED", failedTests: ["on board C"] };
    expect(refusals(examine({ mayFail: ["on board C"], tests: ["boots"] }, failed))).toEqual([]);
    expect(refusals(examine({ mayFail: ["on board B"] }, failed))).toEqual(REFUSED);
    const more = { ...failed, failedTests: ["on board C", "boots"] };
    expect(refusals(examine({ mayFail: ["on board C"] }, more))).toEqual(REFUSED);
  });

  it("that failed without saying which test is refused, whatever may fail", () => {
    const silent = { result: "FAILED", configuration: [] };
    expect(refusals(examine({ mayFail: ["on board C"] }, silent))).toEqual(REFUSED);
  });

  it("with warnings is accepted only where the owner says so", () => {
    const warned = { ...RUN, result: "WARNED", warnedTests: ["uses little memory"] };
    expect(texts(examine({}, warned))).toContain("1 warnings: uses little memory");
    expect(refusals(examine({}, { ...RUN, result: "WARNED" }))).toEqual(REFUSED);
    expect(refusals(examine({ warnings: false }, { ...warned, result: "PASSED" }))).toEqual(REFUSED);
    expect(refusals(examine({ warnings: true, tests: ["boots", "uses little memory"] }, warned))).toEqual([]);
  });

  it("is read tolerantly: fields of others, and null for a list that is not there", () => {
    expect(refusals(examine({}, { ...RUN, warnedTests: null, harness: { deep: [[[1]]] } }))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["another result", { ...RUN, result: "passed" }],
    ["no configuration", { result: "PASSED" }],
    ["tests that are no text", { ...RUN, passedTests: [1] }],
    ["too many tests", { ...RUN, passedTests: Array(20_001).fill("a") }],
    ["fields only of its prototype", '{"__proto__": {"result": "PASSED", "configuration": []}}'],
    ["no predicate but text", JSON.stringify("PASSED")],
  ])("with %s cannot be read", (_, run) => {
    expect(refusals(examine({}, run))).toEqual(["result: ATTEST_PREDICATE_INVALID"]);
  });
});
