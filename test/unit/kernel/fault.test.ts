/** Faults: a code, its facts and its cause, and a sentence a person can read. */
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../runtime/kernel/canonical.ts";
import { declareFaults, reasonOf } from "../../../runtime/kernel/fault.ts";

const { fault } = declareFaults("TEST", {
  TEST_ONE: { kind: "refusal", says: "{name} is {what}", means: "m", todo: "t" },
});

describe("a fault", () => {
  it("tells its facts in one sentence and keeps the cause", () => {
    const cause = new Error("below");
    const made = fault("TEST_ONE", { name: "x", what: "late" }, cause);
    expect(made.line()).toBe("TEST_ONE: x is late");
    expect(made.cause).toBe(cause);
  });

  it("cannot be declared under another room's prefix", () => {
    expect(() => declareFaults("A", { B_X: { kind: "refusal", says: "", means: "", todo: "" } })).toThrow(
      /does not begin/,
    );
  });

  it("lets no terminal escape, line break or direction mark through, and cuts endless facts", () => {
    const line = fault("TEST_ONE", { name: "\u001b[31m\n\u202ex", what: "y".repeat(10_000) }).line();
    expect(["\u001b", "\n", "\u202e"].some((one) => line.includes(one))).toBe(false);
    expect(line.length).toBeLessThan(400);
  });

  it("shows an operating system's error with its code and no stack", () => {
    expect(reasonOf(Object.assign(new Error("no such file"), { code: "ENOENT" }))).toBe("ENOENT: no such file");
  });
});

describe("canonical JSON", () => {
  it("is the same text for the same document, whatever the order of its fields", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "é" }], a: true })).toBe(
      canonicalJson({ a: true, b: [1, { c: "é", d: null }] }),
    );
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  });

  it("asserts on what JSON cannot say", () => {
    expect(() => canonicalJson(Number.POSITIVE_INFINITY)).toThrow(/finite/);
    expect(() => canonicalJson({ a: 1n })).toThrow(/JSON values only/);
  });
});
