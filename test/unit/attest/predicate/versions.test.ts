/** Versions are compared where everybody agrees on the order; where they do not, the answer is that nobody knows. */
import { describe, expect, it } from "vitest";
import { compileRange, isVersionRange } from "../../../../attest/predicate/versions.ts";

describe("a version", () => {
  it.each<[string, string, string]>([
    ["1.2.3", "1.2.3", "yes"],
    ["v1.2.3", "1.2.3", "yes"],
    ["1.2", "1.2.0", "yes"],
    ["1.2.3-r4", "1.2.3-r4", "yes"],
    ["sha256:0a1b", "sha256:0a1b", "yes"],
    ["4c76bb5", "4c76bb6", "no"],
    ["1.2.3-r4", "1.2.4", "no"],
    ["1.2.3", "<1.2.3", "no"],
    ["1.2.3", ">1.2.3", "no"],
    ["1.2.3", "1.2.30", "no"],
    ["1.2.3", "<1.2.4", "yes"],
    ["1.2.10", "<1.2.9", "no"],
    ["1.2", "<1.2.0", "no"],
    ["1.2", "<=1.2.0", "yes"],
    ["1.2.0.1", ">1.2", "yes"],
    ["2.17.0", ">=2.0 <2.17.1", "yes"],
    ["2.17.1", ">=2.0 <2.17.1", "no"],
    ["1.9", ">=2.0 <2.17.1", "no"],
    ["v1.31.1-r21", ">1.31", "yes"],
    ["1.0.2k", "<1.0.3", "yes"],
    ["9007199254740993.0", ">9007199254740992.5", "yes"],
    ["20230101", "<20230102", "yes"],
  ])("%s is within %s: %s", (version, range, answer) => {
    expect(compileRange(range)(version)).toBe(answer);
  });

  it.each<[string | undefined, string]>([
    [undefined, "1.2.3"],
    [undefined, "<1.2.3"],
    ["1.2.3-r4", "1.2.3"],
    ["1.2.3-r4", "1.2.3-r5"],
    ["main", "1.2.3"],
    ["1.2.3", "4c76bb5"],
    ["1.2.3-rc.1", "<1.2.3"],
    ["1.2.3-r4", ">=1.2.3"],
    ["1.2.3+build", "<=1.2.3"],
    ["2:1.2.3-4", "<1.9"],
    ["1!2.0", "<1.9"],
    ["4c76bb580b2736d67751410fa4ab66d2b6b9b27d", "<1.9"],
    ["unstable", "<1.9"],
    ["1.2.", "<1.9"],
    ["1.2.3.4.5.6.7.8.9", "<1.9"],
    ["1".repeat(10_000), "<1.9"],
    ["1.2.3-rc.1", ">=1.0 <1.2.3"],
  ])("%s within %s: nobody knows", (version, range) => {
    expect(compileRange(range)(version)).toBe("unknown");
  });

  it("that is certainly outside of one bound is outside, whatever the other says", () => {
    expect(compileRange(">=1.2.3 <1.0")("1.2.3-rc.1")).toBe("no");
  });
});

describe("a range", () => {
  it.each(["1.2.3", "1.2.3-x86", "1!2.0", "1:2.0-4", "sha256:0a1b", "<1.2.3", ">=v1.0", ">=1.0 <2", "0"])(
    "%j is one",
    (text) => {
      expect(isVersionRange(text)).toBe(true);
    },
  );
  it.each([
    "",
    " ",
    "1.2 1.3",
    "<",
    "<1.2.3-rc.1",
    "< 1.2",
    "<1.2 1.3",
    ">=1.0  <2",
    "<x",
    "^1.2",
    "=1.2",
    "1.x",
    "1.x.3",
    "x",
    "*",
    "1.*",
    "~1.2 <2",
    "<=>1",
    "1".repeat(201),
  ])("%j is none", (text) => {
    expect(isVersionRange(text)).toBe(false);
  });
});
