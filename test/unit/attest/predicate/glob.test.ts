/** Patterns over artifact names match what in-toto's reference matches, and in bounded time. */
import { describe, expect, it } from "vitest";
import { compileGlob } from "../../../../attest/predicate/glob.ts";
import { MATCHES, NAMES } from "./globs.ts";

describe("a pattern", () => {
  it.each(MATCHES)("%j matches the same names as in Python", (pattern, names) => {
    expect(NAMES.filter(compileGlob(pattern))).toEqual(names);
  });

  it("full of stars costs no more than the product of both lengths", () => {
    const isMatch = compileGlob(`${"*a".repeat(99)}*b`);
    expect(isMatch("a".repeat(1000))).toBe(false);
    expect(isMatch(`${"a".repeat(1000)}b`)).toBe(true);
  });
});
