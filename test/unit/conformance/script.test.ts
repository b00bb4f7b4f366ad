/** Scripts of the WebAssembly suite as the runner reads them: strings to the byte, comments, annotations, lines. */
import { describe, expect, it } from "vitest";
import { asciiSource, head, lineOf, type Node, parseScript } from "../../conformance/wasm/script.ts";

const bytesOf = (node: Node | undefined) => (node?.kind === "string" ? [...node.bytes] : undefined);
const firstString = (source: string) => bytesOf(parseScript(source)[0]);

describe("a script", () => {
  it("is nested lists of atoms and strings, with the offsets of their source", () => {
    const source = '(assert_return (invoke "f" (i32.const 1)) (i32.const 2))';
    const [command] = parseScript(source);
    expect(head(command)).toBe("assert_return");
    if (command?.kind !== "list") throw new Error("a command is a list");
    expect(command.items.slice(1).map((one) => source.slice(one.start, one.end))).toEqual([
      '(invoke "f" (i32.const 1))',
      "(i32.const 2)",
    ]);
  });

  it("may hold comments that nest and parentheses inside strings", () => {
    const script = parseScript('(; a (; b ;) ) ;) (register ")(") ;; (get "x")\n(get "y")');
    expect(script.map(head)).toEqual(["register", "get"]);
  });

  it("says strings in bytes: hexadecimal, named and Unicode escapes", () => {
    expect(firstString('"\\00\\ff\\n\\\\\\"a"')).toEqual([0, 255, 10, 92, 34, 97]);
    expect(firstString('"\\u{20ac}"')).toEqual([0xe2, 0x82, 0xac]);
    expect(firstString('"\u00e2\u0082\u00ac"')).toEqual([0xe2, 0x82, 0xac]);
  });

  it("means the same without its annotations", () => {
    expect(parseScript('(@note (deep "x")) (get "y")').map(head)).toEqual(["get"]);
  });

  it("is refused when its parentheses do not match", () => {
    expect(() => parseScript('(get "x"')).toThrow("unbalanced");
    expect(() => parseScript('(get "x"))')).toThrow("unbalanced");
  });

  it("is read in time proportional to its length and at any depth", () => {
    const depth = 100_000;
    expect(parseScript("(".repeat(depth) + ")".repeat(depth))).toHaveLength(1);
  });

  it("gives commands the line that an editor shows", () => {
    expect(lineOf("a\nb\nc", 0)).toBe(1);
    expect(lineOf("a\nb\nc", 4)).toBe(3);
  });
});

describe("the source of a text module", () => {
  it("has bytes beyond ASCII escaped in strings and blotted out in comments", () => {
    const source = '(export "\u00c3\u00a9") ;; \u00e9\n(; \u00e9 ;)';
    expect(asciiSource(source, 0, source.length)).toBe('(export "\\c3\\a9") ;; ?\n(; ? ;)');
  });
});
