/** JSON pointers find what a document says, and never what the language adds to it. */
import { describe, expect, it } from "vitest";
import { isPointer, valueAt } from "../../../../attest/predicate/pointer.ts";

/** The document of RFC 6901 section 5. */
const RFC = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
};

describe("a pointer", () => {
  it.each<[string, unknown]>([
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%s of the specification's example is evaluated as the specification says", (pointer, value) => {
    expect(isPointer(pointer)).toBe(true);
    expect(valueAt(RFC, pointer)).toEqual(value);
  });

  it("unescapes ~01 to ~1, not to a slash", () => {
    expect(valueAt({ "~1": "right", "/": "wrong" }, "/~01")).toBe("right");
  });

  it.each(["", "foo", "/a~", "/a~2", "/~", "x/y", `/${"a".repeat(1000)}`, "/a".repeat(33)])("%j is refused", (text) => {
    expect(isPointer(text)).toBe(false);
  });

  it("may have 32 steps", () => {
    expect(isPointer("/a".repeat(32))).toBe(true);
  });

  it.each([
    "/foo/00",
    "/foo/-",
    "/foo/01",
    "/foo/2",
    "/foo/+1",
    "/foo/1e0",
    "/foo/length",
    "/foo/0/length",
    "/foo/0/0",
    "/none/x",
  ])("%s finds nothing", (pointer) => {
    expect(valueAt(RFC, pointer)).toBeUndefined();
  });

  it("finds no field that the document does not have itself", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(valueAt({}, `/${name}`)).toBeUndefined();
      expect(valueAt([], `/${name}`)).toBeUndefined();
      expect(valueAt({ text: "x" }, `/text/${name}`)).toBeUndefined();
    }
    expect(valueAt(JSON.parse('{"__proto__": {"evil": 1}}'), "/__proto__/evil")).toBe(1);
    expect(valueAt(JSON.parse('{"__proto__": {"evil": 1}}'), "/evil")).toBeUndefined();
  });

  it("finds null as a value, and nothing below it", () => {
    expect(valueAt({ a: null }, "/a")).toBeNull();
    expect(valueAt({ a: null }, "/a/b")).toBeUndefined();
  });
});
