/** The page of attacks says what the tests do: every file is on it, under a class that is known, with codes that exist. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { attacks, CLASSES, PAGE, page } from "./table.ts";

const all = attacks();

describe("the table of attacks", () => {
  it("is what docs/security-attacks.md says; `node test/attacks/table.ts` writes it", () => {
    expect(readFileSync(PAGE, "utf8")).toBe(page());
  });

  it("has every file under a class, with a sentence about what the attacker does", () => {
    const classes = CLASSES.map(([name]) => name);
    expect(
      all.filter(({ family, what }) => !classes.includes(family) || !what.endsWith(".")).map(({ file }) => file),
    ).toEqual([]);
  });

  it("has an attack in every class", () => {
    expect(CLASSES.map(([name]) => name).filter((name) => !all.some(({ family }) => family === name))).toEqual([]);
  });

  it("names a code for every attack but those that have no effect at all", () => {
    expect(all.filter(({ codes }) => codes.length === 0).map(({ sentence }) => sentence)).toEqual([
      "A publisher forgets its release floor",
    ]);
  });
});
