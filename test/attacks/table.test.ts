/** The page of attacks says what the tests do: every file is on it, under a class that is known, with codes that exist. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { attacks, PAGE, PARTS, page } from "./table.ts";

const all = PARTS.flatMap(attacks);

describe("the table of attacks", () => {
  it("is what docs/security-attacks.md says; `node test/attacks/table.ts` writes it", () => {
    expect(readFileSync(PAGE, "utf8")).toBe(page());
  });

  it.each(PARTS)("has every file of $folder/ under a class, with a sentence about what the attacker does", (part) => {
    const classes = part.classes.map(([name]) => name);
    const wrong = attacks(part).filter(({ family, what }) => !classes.includes(family) || !what.endsWith("."));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  it.each(PARTS)("has an attack in every class of $folder/", (part) => {
    const families = attacks(part).map(({ family }) => family);
    expect(part.classes.map(([name]) => name).filter((name) => !families.includes(name))).toEqual([]);
  });

  it("names a code for every attack but those that have no effect at all", () => {
    expect(all.filter(({ codes }) => codes.length === 0).map(({ sentence }) => sentence)).toEqual([
      "A publisher forgets its release floor",
    ]);
  });
});
