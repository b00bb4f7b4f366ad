/** The owner's rules on single fields: every comparison both ways, and what cannot be compared does not hold. */
import { describe, expect, it } from "vitest";
import { examineFields, type FieldRule, fieldRuleShape } from "../../../../attest/predicate/fields.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { candidate } from "./statements.ts";

const { statement: STATEMENT } = candidate(
  "https://acme.example/review/v1",
  `{
    "approved": true, "score": 7.5, "huge": 1e999, "nothing": null, "reviewers": ["ann", "bo"],
    "mixed": ["ann", ["bo"]], "deep": { "__proto__": { "x": 1 } }, "long": "${"z".repeat(100_000)}",
    "levels": [1, 2, 3, 4, 5, 6, 7]
  }`,
);
const parse = (rule: unknown) => parseShape(fieldRuleShape, rule, "the rule");
const examine = (...rules: readonly unknown[]) =>
  examineFields(
    rules.map((one) => unwrap(parse(one)) as FieldRule),
    STATEMENT,
  );

describe("a rule on a field", () => {
  it.each<[string, object]>([
    ["equals a boolean", { at: "/predicate/approved", equals: true }],
    ["equals null", { at: "/predicate/nothing", equals: null }],
    ["equals text outside of the predicate", { at: "/subject/0/name", equals: "module.wasm" }],
    ["equals the type", { at: "/predicateType", equals: "https://acme.example/review/v1" }],
    ["is one of", { at: "/predicate/score", oneOf: [7, 7.5] }],
    ["is at most", { at: "/predicate/score", atMost: 7.5 }],
    ["is at least", { at: "/predicate/score", atLeast: 7.5 }],
    ["is present", { at: "/predicate/score", present: true }],
    ["is absent", { at: "/predicate/waiver", present: false }],
    ["contains an item", { at: "/predicate/reviewers", contains: "bo" }],
    ["contains, being text, all of it", { at: "/subject/0/name", contains: "module.wasm" }],
    ["excludes", { at: "/predicate/reviewers", excludes: "mallory" }],
    ["excludes, being text", { at: "/subject/0/name", excludes: "other.wasm" }],
  ])("holds: %s", (_, rule) => {
    expect(examine(rule)).toMatchObject({ check: "fields", passed: true });
  });

  it.each<[string, object, string]>([
    ["of another type", { at: "/predicate/approved", equals: "true" }, 'must be "true", found true'],
    ["that is missing", { at: "/predicate/none", equals: null }, "must be null, found nothing"],
    ["not among those", { at: "/predicate/score", oneOf: ["7.5", 7] }, 'must be one of ["7.5", 7], found 7.5'],
    ["too high", { at: "/predicate/score", atMost: 7.4 }, "must be at most 7.4, found 7.5"],
    ["too low", { at: "/predicate/score", atLeast: 7.6 }, "must be at least 7.6, found 7.5"],
    ["infinite", { at: "/predicate/huge", atLeast: 1 }, "must be at least 1, found Infinity"],
    ["no number, at most", { at: "/predicate/nothing", atMost: 1 }, "must be at most 1, found null"],
    ["no number, at least", { at: "/subject/0/name", atLeast: 0 }, 'must be at least 0, found "module.wasm"'],
    ["missing, at most", { at: "/predicate/none", atMost: 1 }, "must be at most 1, found nothing"],
    ["null, present", { at: "/predicate/nothing", present: true }, "must be there, found null"],
    ["null, absent", { at: "/predicate/nothing", present: false }, "must be absent, found null"],
    ["missing, present", { at: "/predicate/none", present: true }, "must be there, found nothing"],
    ["there, absent", { at: "/predicate/deep", present: false }, "must be absent, found an object"],
    ["without the item", { at: "/predicate/reviewers", contains: "an" }, 'must be with "an", found ["ann", "bo"]'],
    [
      "longer than the text",
      { at: "/subject/0/name", contains: "module" },
      'must be with "module", found "module.wasm"',
    ],
    ["with the item", { at: "/predicate/reviewers", excludes: "ann" }, 'must be without "ann", found ["ann", "bo"]'],
    ["missing, excludes", { at: "/predicate/none", excludes: "ann" }, 'must be without "ann", found nothing'],
    ["hiding an item", { at: "/predicate/mixed", excludes: "bo" }, 'must be without "bo", found ["ann", an array]'],
    ["an object, excludes", { at: "/predicate/deep", excludes: 1 }, "must be without 1, found an object"],
    ["of a prototype", { at: "/predicate/deep/x", equals: 1 }, "must be 1, found nothing"],
    ["of the language", { at: "/predicate/reviewers/length", atLeast: 1 }, "must be at least 1, found nothing"],
    ["of many items", { at: "/predicate/levels", equals: 1 }, "must be 1, found [1, 2, 3, 4, 5, …]"],
  ])("refuses a field %s", (_, rule, text) => {
    expect(examine(rule)).toMatchObject({ passed: false, code: "ATTEST_FIELD", text: expect.stringContaining(text) });
  });

  it("refuses with the first of several that does not hold", () => {
    const good = { at: "/predicate/approved", equals: true };
    const reason = examine(good, { at: "/predicate/score", atMost: 1 }, { at: "/predicate/none", present: true });
    expect(reason.facts).toEqual({ at: "/predicate/score", expected: "at most 1", found: "7.5" });
  });

  it("shows a long field shortened", () => {
    const reason = examine({ at: "/predicate/long", equals: "z" });
    expect(String(reason.facts["found"]).length).toBeLessThan(100);
  });
});

describe("a rule is refused", () => {
  it.each<[string, object]>([
    ["without a comparison", { at: "/predicate" }],
    ["with two comparisons", { at: "/predicate", atMost: 3, atLeast: 1 }],
    ["with a comparison with null and another", { at: "/predicate", equals: null, present: true }],
    ["with an object to compare", { at: "/predicate", equals: {} }],
    ["with an unknown comparison", { at: "/predicate", matches: ".*" }],
    ["with no pointer", { at: "predicate", present: true }],
    ["for the whole document", { at: "", present: true }],
    ["with an empty list", { at: "/predicate", oneOf: [] }],
    ["with text that is too long", { at: "/predicate", equals: "x".repeat(1001) }],
  ])("%s", (_, rule) => {
    expect(parse(rule).ok).toBe(false);
  });
});

describe("a rule that could not tell what it asks", () => {
  it.each([
    ["a field of the statement that is not read", { at: "/waiver", present: false }],
    ["a field of a subject that is not read", { at: "/subject/0/annotations/waived", present: false }],
    ["a number that is also its neighbour", { at: "/predicate/run", equals: 2 ** 53 }],
    ["such a number in a list", { at: "/predicate/run", oneOf: [1, -(2 ** 53)] }],
  ])("is none: %s", (_, rule) => {
    expect(parse(rule).ok).toBe(false);
  });

  it.each(["/subject/0/digest/sha256", "/subject", "/subject/12", "/_type", "/predicate", "/predicate/a\nb"])(
    "is not one on %j",
    (at) => {
      expect(parse({ at, present: true }).ok).toBe(true);
    },
  );
});
