/** What the command line says of a program: directories, and arguments of a function as its parameters want them. */
import { describe, expect, it } from "vitest";
import { asNumber, asValue, callValues } from "../../../../agent/cli/call-values.ts";
import { preopenOf } from "../../../../agent/cli/program-spec.ts";

describe("a directory", () => {
  it.each([
    ["/data::./here", { guestPath: "/data", hostPath: "./here", readonly: false }],
    ["/data::./here:readonly", { guestPath: "/data", hostPath: "./here", readonly: true }],
    ["there", { guestPath: "there", hostPath: "there", readonly: false }],
    ["there:readonly", { guestPath: "there", hostPath: "there", readonly: true }],
    ["/::/a::b", { guestPath: "/", hostPath: "/a::b", readonly: false }],
  ])("is read from %s", (text, expected) => {
    expect(preopenOf(text)).toEqual(expected);
  });

  it.each(["", "::", "::/x", "/x::", ":readonly", "/x:::readonly"])("is not read from %j", (text) => {
    expect(() => preopenOf(text)).toThrow("--dir");
  });
});

describe("a call", () => {
  const functions = new Map([
    ["_start", []],
    ["f", ["i32", "i64", "f32", "f64"]],
    ["g", ["other"]],
  ]);

  it("is of the command when no function is named", () => {
    expect(callValues({ args: ["prog", "x"] }, functions)).toEqual({ entry: "_start", args: [] });
    expect(() => callValues({ args: [] }, new Map([["f", []]]))).toThrow("--invoke: f");
  });

  it("takes numbers of each type, and gives them back", () => {
    const { args } = callValues({ invoke: "f", args: ["-1", "0xffffffffffffffff", "0.5", "-2.25"] }, functions);
    expect(args.map(asNumber)).toEqual([-1, -1n, 0.5, -2.25]);
    expect(args.map((one) => asValue(one.type, asNumber(one)))).toEqual(args);
  });

  it.each([
    ["f", ["1"], "takes 4 arguments"],
    ["f", ["1.5", "1", "1", "1"], "no whole number"],
    ["f", ["1", "1", "x", "1"], "no number"],
    ["f", ["1", "1", "", "1"], "no number"],
    ["g", ["1"], "cannot be called"],
    ["h", [], "exports no function h"],
  ])("of %s with %j is refused: %s", (invoke, args, why) => {
    expect(() => callValues({ invoke, args }, functions)).toThrow(why);
  });
});
