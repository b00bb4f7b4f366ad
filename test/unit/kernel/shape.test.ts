/** Shapes: what an untrusted document can and cannot become. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import {
  array,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  parseShape,
  record,
  string,
  variants,
} from "../../../runtime/kernel/shape.ts";

const point = object({ x: integer({ min: 0, max: 9 }), label: optional(string({ max: 5 })) });
const refusal = (shape: Parameters<typeof parseShape>[0], value: unknown) => {
  const result = parseShape(shape, value, "the test");
  return result.ok ? "accepted" : result.error.facts["at"];
};

describe("a shape", () => {
  it("gives back exactly the fields it names, absent ones absent", () => {
    const parsed = parseShape(point, { x: 3 }, "a point");
    expect(parsed).toEqual({ ok: true, value: { x: 3 } });
    expect(parsed.ok && "label" in parsed.value).toBe(false);
  });

  it("refuses an unknown field, because a newer document must not be half understood", () => {
    expect(refusal(point, { x: 1, y: 2 })).toBe("y");
  });

  it("names the path of what is wrong, deep inside", () => {
    expect(refusal(object({ list: array(point, { max: 3 }) }), { list: [{ x: 1 }, { x: 10 }] })).toBe("list[1].x");
  });

  it("refuses more items, longer strings and fractions where whole numbers are asked", () => {
    expect(refusal(array(point, { max: 1 }), [{ x: 1 }, { x: 2 }])).toBe("the document");
    expect(refusal(point, { x: 1, label: "toolong" })).toBe("label");
    expect(refusal(point, { x: 1.5 })).toBe("x");
    expect(refusal(point, { x: Number.NaN })).toBe("x");
  });

  it("does not take a prototype's field for the document's own", () => {
    const inherited = Object.create({ x: 1 });
    expect(refusal(point, inherited)).toBe("x");
    expect(refusal(variants("kind", { a: object({ kind: oneOf("a") }) }), { kind: "constructor" })).toBe("kind");
  });

  it("keeps __proto__ a plain key of a map instead of a prototype", () => {
    const parsed = parseShape(
      record(string({ max: 20 }), integer({ min: 0, max: 9 }), { max: 4 }),
      JSON.parse('{"__proto__":1}'),
      "a map",
    );
    expect(parsed.ok && Object.keys(parsed.value)).toEqual(["__proto__"]);
  });

  it("refuses bytes that are too many before it parses them, and bytes that are not UTF-8", () => {
    const large = parseJson(point, utf8(`{"x":1${" ".repeat(100)}}`), "a point", 50);
    expect(!large.ok && large.error.code).toBe("SHAPE_TOO_LARGE");
    const broken = parseJson(point, new Uint8Array([0x22, 0xff, 0x22]), "a point", 50);
    expect(!broken.ok && broken.error.code).toBe("SHAPE_NOT_JSON");
  });

  it("survives a document nested a hundred thousand deep", () => {
    const deep = parseJson(point, utf8(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), "a point", 1_000_000);
    expect(deep.ok).toBe(false);
  });

  it("prints no control character of an attacker's document into the message", () => {
    const result = parseShape(point, { "\u001b[2J": 1 }, "a point");
    expect(!result.ok && result.error.message.includes("\u001b")).toBe(false);
  });
});
