/** Every code: declared once, used somewhere, explained in words, and documented as the catalogues say it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALL_CATALOGUES } from "../agent/cli/codes.ts";
import { errorsMarkdown } from "../agent/cli/explain.ts";
import { ROOT, readTree } from "./tree.ts";

const entries = ALL_CATALOGUES.flatMap(({ table }) => Object.entries(table));

describe("the catalogue", () => {
  it("declares each code once", () => {
    const codes = entries.map(([code]) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it("says for each what it means and what to do, in sentences", () => {
    const poor = entries.filter(
      ([, { says, means, todo }]) => says.length < 5 || means.length < 10 || todo.length < 10 || !/[.!?]$/.test(todo),
    );
    expect(poor.map(([code]) => code)).toEqual([]);
  });

  it("advises no verb that does not exist", () => {
    const program = readFileSync(join(ROOT, "agent", "main.ts"), "utf8");
    const verbs = [...program.matchAll(/^ {2}"?([a-z][a-z -]*?)"?: \{/gm)].map(([, verb]) => verb);
    expect(verbs).toContain("repo refresh");
    const advised = entries.flatMap(([code, { means, todo }]) =>
      [...`${means} ${todo}`.matchAll(/`sallyport ((?:[a-z-]+ ?)+)/g)].map(([, words = ""]) => ({ code, words })),
    );
    expect(advised.length).toBeGreaterThan(10);
    const known = (words: string) =>
      verbs.some((verb) => verb !== undefined && `${words.trim()} `.startsWith(`${verb} `));
    expect(advised.filter(({ words }) => !known(words))).toEqual([]);
  });

  it("has no code that nothing refuses with", () => {
    const sources = readTree().filter((file) => !file.path.startsWith("test/"));
    const texts = sources.map((file) => readFileSync(join(ROOT, file.path), "utf8"));
    const idle = entries.filter(
      ([code]) => texts.reduce((count, text) => count + text.split(new RegExp(`\\b${code}\\b`)).length - 1, 0) < 2,
    );
    expect(idle.map(([code]) => code)).toEqual([]);
  });

  it("is what docs/errors.md says; `npm run errors` writes it", () => {
    expect(readFileSync(join(ROOT, "docs", "errors.md"), "utf8")).toBe(`${errorsMarkdown()}\n`);
  });
});
