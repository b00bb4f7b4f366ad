/** What is refused before anything is parsed by the library, and how the search through delegations goes. */
import { Targets } from "@tufjs/models";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { attemptSync } from "../../../runtime/kernel/result.ts";
import { readHeader } from "../../../updater/client/header.ts";
import { type Found, matchesPattern, SEARCH_WORK_MAX, walk } from "../../../updater/client/walk.ts";
import { hashedPath, isDelegableName } from "../../../updater/layout.ts";
import { codeOf, faultOf } from "./site.ts";

const PLACE = { repository: "image", role: "targets" } as const;
const SIGNED = { version: 1, expires: "2030-01-01T00:00:00Z" };
const read = (text: string) => attemptSync(() => readHeader(utf8(text), PLACE));
const file = (signed: object, signatures: unknown = []) => JSON.stringify({ signed, signatures });
/** So many lists in one another; the file and `signed` are two levels more. */
const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

describe("a metadata file", () => {
  it("of honest form is read", () => {
    expect(read(file(SIGNED))).toEqual({ ok: true, value: { ...SIGNED, device: undefined } });
  });

  it.each([
    ["is no JSON", "{"],
    ["is a list", "[]"],
    ["has a version that is no counting number", file({ ...SIGNED, version: 1.5 })],
    ["has version zero", file({ ...SIGNED, version: 0 })],
    ["has a version beyond what numbers hold", file({ ...SIGNED, version: 2 ** 53 })],
    ["never expires", file({ version: 1 })],
    ["expires at a time of no known form", file({ ...SIGNED, expires: "tomorrow" })],
    ["expires in month 13", file({ ...SIGNED, expires: "2030-13-01T00:00:00Z" })],
    ["has no signatures", JSON.stringify({ signed: SIGNED })],
    ["has signatures without number", file(SIGNED, Array(33).fill({}))],
    ["lists more than the library can copy in time", file({ ...SIGNED, targets: Object.fromEntries(many(2001)) })],
    ["is nested without end", `{"signed":${"[".repeat(5000)}${"]".repeat(5000)},"signatures":[]}`],
    ["nests one level too deep", file({ ...SIGNED, custom: nested(24) })],
    [
      "has a field named __proto__",
      `{"signed":{"version":1,"expires":"2030-01-01T00:00:00Z","__proto__":{}},"signatures":[]}`,
    ],
  ])("that %s is refused", (_, text) => {
    expect(codeOf(read(text))).toBe("UPDATE_METADATA_INVALID");
  });

  it("is refused for its nesting before it is parsed, and not for brackets in its texts", () => {
    const refused = faultOf(read(`{"signed":${"[".repeat(30)}`));
    expect(refused.facts["reason"]).toBe("nested deeper than 25");
    const texts = { plain: "[".repeat(60), quoted: `"\\"${"{".repeat(60)}` };
    expect(read(file({ ...SIGNED, texts, custom: nested(23) })).ok).toBe(true);
  });

  it("that is not UTF-8 is refused", () => {
    const bytes = new Uint8Array([...utf8('{"signed":"'), 0xff, ...utf8('"}')]);
    expect(codeOf(attemptSync(() => readHeader(bytes, PLACE)))).toBe("UPDATE_METADATA_INVALID");
  });
});

describe("a path pattern", () => {
  it.each([
    ["modules/a/*/*/*", "modules/a/x/1.0.0/m.wasm", true],
    ["modules/a/*/*/*", "modules/b/x/1.0.0/m.wasm", false],
    ["modules/a/*", "modules/a/x/1.0.0", false],
    ["*", "a/b", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*.wasm", "x.wasm.exe", false],
    ["[ab]", "a", false],
    ["a*b*c", "aXXbYYbZZc", true],
    ["", "", true],
  ])("%s over %s: %s", (pattern, path, expected) => {
    expect(matchesPattern(pattern, path)).toBe(expected);
  });

  it("made to be slow is not", () => {
    expect(matchesPattern("*a".repeat(100), "a".repeat(300).concat("b"))).toBe(false);
  });
});

describe("the search for a target", () => {
  it("stops at a terminating delegation even when a later role has the path", () => {
    const roles = tree({ targets: ["first!", "second"], first: [], second: ["="] });
    expect(walk("a", roles)).toEqual({ kind: "absent" });
  });

  it("goes depth first and takes the first answer", () => {
    const roles = tree({ targets: ["first", "second"], first: ["deep"], deep: ["="], second: ["="] });
    expect(walk("a", roles)).toMatchObject({ kind: "found", role: "deep" });
  });

  it("names the role that has to be loaded next, and ends in a circle", () => {
    expect(walk("a", tree({ targets: ["gone"] }))).toEqual({ kind: "missing", role: "gone", delegator: "targets" });
    expect(walk("a", tree({ targets: ["one"], one: ["two"], two: ["one"] }))).toEqual({ kind: "absent" });
  });

  it("visits a bounded number of roles", () => {
    const chain = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`r${i}`, [`r${i + 1}`]]));
    expect(walk("a", tree({ targets: ["r0"], ...chain, r200: ["="] }))).toEqual<Found>({ kind: "absent" });
  });

  it("compares no more than it is given work for, however much delegations list", () => {
    const roles = tree({ targets: ["first", "second"], first: [], second: ["="] });
    const enough = { left: SEARCH_WORK_MAX };
    expect(walk("a", roles, enough)).toMatchObject({ kind: "found" });
    // One character of each of two patterns, and one for each.
    expect(enough.left).toBe(SEARCH_WORK_MAX - 4);
    const little = { left: 3 };
    expect(walk("a", roles, little)).toEqual({ kind: "absent" });
    expect(little.left).toBeLessThan(0);
  });
});

describe("names", () => {
  it("of a target in the tree carry its hash before its last part", () => {
    expect(hashedPath("policy/policy.json", "ab" as never)).toBe("policy/ab.policy.json");
    expect(hashedPath("desired.json", "ab" as never)).toBe("ab.desired.json");
  });

  it("of delegated roles cannot shadow a top-level role or the language's own", () => {
    expect(["team-a", "bin_0"].every(isDelegableName)).toBe(true);
    const bad = ["root", "targets", "snapshot", "timestamp", "__proto__", "constructor/x", "..", "1", ""];
    expect(bad.filter(isDelegableName)).toEqual([]);
  });
});

function many(count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`t${i}`, i]);
}

/** Roles by name with their delegates; `!` marks a terminating one, `=` says that the role has the path `a`. */
function tree(roles: Record<string, readonly string[]>) {
  return (name: string): Targets | undefined => {
    const children = roles[name];
    if (children === undefined) return undefined;
    return Targets.fromJSON({
      spec_version: "1.0.31",
      version: 1,
      expires: SIGNED.expires,
      targets: children.includes("=") ? { a: { length: 0, hashes: {} } } : {},
      delegations: {
        keys: {},
        roles: children
          .filter((one) => one !== "=")
          .map((one) => ({
            name: one.replace("!", ""),
            keyids: [],
            threshold: 1,
            terminating: one.endsWith("!"),
            paths: ["*"],
          })),
      },
    });
  };
}
