/** Tables for a terminal. */
import { describe, expect, it } from "vitest";
import { bar, columns, short, size } from "../../../../agent/cli/bars.ts";

describe("a bar", () => {
  it("is as long as its share, in eighths of a character", () => {
    expect(bar(10, 10, 4)).toBe("████");
    expect(bar(5, 10, 4)).toBe("██");
    expect(bar(1, 10, 4)).toBe("▍");
  });

  it("is visible for anything, never too long, and nothing for nothing", () => {
    expect(bar(1, 1_000_000, 10)).toBe("▏");
    expect(bar(20, 10, 4)).toBe("████");
    expect(bar(0, 10, 4)).toBe("");
    expect(bar(0, 0, 4)).toBe("");
  });
});

describe("a size", () => {
  it("has the unit in which it is read best", () => {
    expect([0, 1023, 1024, 1536, 1_048_575, 5_242_880, 2 ** 40].map(size)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "1.0 MiB",
      "5.0 MiB",
      "1.0 TiB",
    ]);
    expect(size(2 ** 64)).toBe("16384 PiB");
  });
});

describe("columns", () => {
  it("stand under each other, numbers to the right, without blanks at the end", () => {
    const rows = [
      ["code", "12", "x"],
      ["data count", "3", ""],
    ];
    expect(columns(rows, ["left", "right", "left"])).toEqual(["code        12  x", "data count   3"]);
  });

  it("are cut with a sign", () => {
    expect(short("abcdef", 4)).toBe("abc…");
    expect(short("abcd", 4)).toBe("abcd");
  });
});
