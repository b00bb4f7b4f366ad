/** SCAI attribute reports: what is asserted of what, and under which conditions. */
import { describe, expect, it } from "vitest";
import { examineScai, SCAI_TYPES, scaiFields } from "../../../../attest/predicate/scai.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const COMPILER = "78ab6a8c".repeat(8);
const LIBRARY = "ebebebe1".repeat(8);
const REPORT = {
  attributes: [
    { attribute: "WITH_STACK_PROTECTION", conditions: { flags: "-fstack-protector-strong", level: 2 } },
    { attribute: "REPRODUCIBLE", evidence: { name: "rebuild.json", digest: { sha256: LIBRARY } } },
    {
      attribute: "ATTESTED_DEPENDENCIES",
      target: { name: "libcrypt.a", digest: { sha256: LIBRARY }, uri: "https://lib.example/libcrypt.a" },
    },
  ],
  producer: { uri: "file:///usr/bin/cc", name: "cc 14.2", digest: { sha256: COMPILER } },
};
const examine = (want: unknown, report: unknown = REPORT) =>
  examineScai(asked(scaiFields, want), candidate(SCAI_TYPES[0] ?? "", report), circumstances());
const attribute = (one: object) => refusals(examine({ attributes: [one] }));
const REFUSED = ["attributes: ATTEST_SCAI"];

describe("an attribute report", () => {
  it("answers for an attribute of the subject, by its exact name", () => {
    expect(attribute({ attribute: "REPRODUCIBLE" })).toEqual([]);
    expect(attribute({ attribute: "reproducible" })).toEqual(REFUSED);
    expect(attribute({ attribute: "HERMETIC" })).toEqual(REFUSED);
  });

  it("must assert all that is asked for, and the refusal names what is missing", () => {
    const want = { attributes: [{ attribute: "REPRODUCIBLE" }, { attribute: "HERMETIC" }] };
    expect(texts(examine(want))).toContain('does not assert {"attribute":"HERMETIC"}');
  });

  it("with conditions does not answer for an attribute without, unless any will do", () => {
    const name = "WITH_STACK_PROTECTION";
    expect(attribute({ attribute: name })).toEqual(REFUSED);
    expect(attribute({ attribute: name, anyConditions: false })).toEqual(REFUSED);
    expect(attribute({ attribute: name, anyConditions: true })).toEqual([]);
    const exact = { flags: "-fstack-protector-strong", level: 2 };
    expect(attribute({ attribute: name, conditions: exact })).toEqual([]);
    expect(attribute({ attribute: name, conditions: { ...exact, level: "2" } })).toEqual(REFUSED);
    expect(attribute({ attribute: name, conditions: { flags: exact.flags } })).toEqual(REFUSED);
    expect(attribute({ attribute: name, conditions: { ...exact, os: "linux" } })).toEqual(REFUSED);
    expect(attribute({ attribute: "REPRODUCIBLE", conditions: exact })).toEqual(REFUSED);
  });

  it("of a target does not answer for the subject, nor the other way round", () => {
    const name = "ATTESTED_DEPENDENCIES";
    expect(attribute({ attribute: name })).toEqual(REFUSED);
    expect(attribute({ attribute: name, target: { sha256: LIBRARY, name: "libcrypt.a" } })).toEqual([]);
    expect(attribute({ attribute: name, target: { uri: "https://lib.example/libcrypt.a" } })).toEqual([]);
    expect(attribute({ attribute: name, target: { sha256: COMPILER, name: "libcrypt.a" } })).toEqual(REFUSED);
    expect(attribute({ attribute: name, target: { sha256: LIBRARY, name: "libcrypt.so" } })).toEqual(REFUSED);
    expect(attribute({ attribute: name, target: { sha256: LIBRARY, uri: "https://evil.example/libcrypt.a" } })).toEqual(
      REFUSED,
    );
    expect(attribute({ attribute: "REPRODUCIBLE", target: { sha256: LIBRARY } })).toEqual(REFUSED);
  });

  it("must name the producer that is asked for", () => {
    const attributes = [{ attribute: "REPRODUCIBLE" }];
    expect(refusals(examine({ attributes, producer: { sha256: COMPILER } }))).toEqual([]);
    expect(refusals(examine({ attributes, producer: { name: "cc 13" } }))).toEqual(REFUSED);
    const { producer: _, ...anonymous } = REPORT;
    expect(refusals(examine({ attributes, producer: { sha256: COMPILER } }, anonymous))).toEqual(REFUSED);
  });

  it("hides no condition in a prototype or in depth", () => {
    const hidden = `{"attributes": [{"attribute": "SAFE", "conditions": {"__proto__": "only on Mondays"}}]}`;
    expect(refusals(examine({ attributes: [{ attribute: "SAFE" }] }, hidden))).toEqual(REFUSED);
    const deep = `{"attributes": [{"attribute": "SAFE", "conditions": {"a": ${"[".repeat(50_000)}${"]".repeat(50_000)}}}]}`;
    const want = { attributes: [{ attribute: "SAFE", conditions: { a: "" } }] };
    expect(refusals(examine(want, deep))).toEqual(REFUSED);
    const borrowed = { attributes: [{ attribute: "SAFE", conditions: { toString: "x" } }] };
    expect(refusals(examine({ attributes: [{ attribute: "SAFE", conditions: {} }] }, borrowed))).toEqual(REFUSED);
  });

  it.each<[string, unknown]>([
    ["no attributes", { attributes: [] }],
    ["an attribute without a name", { attributes: [{ attribute: "" }] }],
    ["conditions that are no object", { attributes: [{ attribute: "A", conditions: "none" }] }],
    ["too many attributes", { attributes: Array(1001).fill({ attribute: "A" }) }],
    ["attributes only of its prototype", '{"__proto__": {"attributes": [{"attribute": "SAFE"}]}}'],
  ])("with %s cannot be read", (_, report) => {
    const got = refusals(examine({ attributes: [{ attribute: "SAFE" }] }, report));
    expect(got).toEqual(["attributes: ATTEST_PREDICATE_INVALID"]);
  });
});

describe("a requirement for attributes is refused", () => {
  it.each<[string, object]>([
    ["without any", { attributes: [] }],
    [
      "with conditions, and with any conditions",
      { attributes: [{ attribute: "A", conditions: {}, anyConditions: true }] },
    ],
    ["with a target that names nothing", { attributes: [{ attribute: "A", target: {} }] }],
    ["with a condition that is an object", { attributes: [{ attribute: "A", conditions: { a: {} } }] }],
  ])("%s", (_, want) => {
    expect(parseShape(object(scaiFields), want, "it").ok).toBe(false);
  });
});
