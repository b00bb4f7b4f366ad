/** docs/uptane.md: every test that it quotes exists, and every item of aktualizr's list is accounted for exactly once. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../tree.ts";

/** Ticked items of aktualizr's list, by its sections in their order: 455. */
const SECTIONS: readonly (readonly [section: string, items: number])[] = [
  ["libaktualizr: external actions", 171],
  ["libaktualizr: internal and common actions", 95],
  ["libaktualizr: expected action sequences", 12],
  ["aktualizr-primary", 4],
  ["aktualizr-secondary", 10],
  ["aktualizr-info", 25],
  ["uptane-generator", 10],
  ["aktualizr-cert-provider", 27],
  ["garage-push", 13],
  ["garage-deploy", 13],
  ["garage-check", 6],
  ["garage tools: internal and common actions", 56],
  ["meta-updater", 13],
];

/** What may never be missing. */
const SUBJECTS = [
  "root rotation",
  "expiry",
  "rollback",
  "mix-and-match",
  "delegations: depth and order",
  "metadata limits",
  "version manifest",
  "hardware id",
  "offline update",
  "key migration",
];

const page = readFileSync(join(ROOT, "docs", "uptane.md"), "utf8");

interface Row {
  readonly items: readonly number[];
  readonly answer: string;
  readonly text: string;
}

function rowsOf(section: string, count: number): readonly Row[] {
  const start = page.indexOf(`### ${section} (${count})\n`);
  expect(start, section).toBeGreaterThan(0);
  const [text = ""] = page.slice(start + 4).split(/^#+ /m);
  return [...text.matchAll(/^\| (\d[\d–, ]*) \| [^|]+ \| ([^|]+) \| ([^\n]+) \|$/gm)].map(
    ([, items = "", answer = "", words = ""]) => ({ items: items.split(", ").flatMap(numbers), answer, text: words }),
  );
}

function numbers(range: string): readonly number[] {
  const [first = 0, last = first] = range.split("–").map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Every `[name](../test/…) "title"` of a text. */
function quoted(text: string): readonly { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(/\]\(\.\.\/(test\/[^)]+)\) "([^"]+)"/g)].map(([, file = "", title = ""]) => ({
    file,
    title,
  }));
}

/** Whether the file has a test of that title, where `…` stands for what the test puts in. */
function has({ file, title }: { readonly file: string; readonly title: string }): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const parts = title.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`(?:\\(|name: )\\s*(["\`])${parts.join("[^\\n]*")}\\1`).test(readFileSync(path, "utf8"));
}

describe("the page on Uptane", () => {
  it.each(SECTIONS)("accounts for each item of %s once", (section, count) => {
    const items = rowsOf(section, count).flatMap((row) => row.items);
    expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });

  it("leaves out no section and no item", () => {
    expect([...page.matchAll(/^### /gm)]).toHaveLength(SECTIONS.length);
    expect(SECTIONS.reduce((sum, [, count]) => sum + count, 0)).toBe(455);
  });

  it("answers yes with a test, no and not yet with words", () => {
    const rows = SECTIONS.flatMap(([section, count]) => rowsOf(section, count));
    const unproved = rows.filter(({ answer, text }) =>
      answer === "yes" ? quoted(text).length === 0 : !["no", "not yet"].includes(answer) || text.length < 8,
    );
    expect(unproved).toEqual([]);
  });

  it("quotes tests that exist", () => {
    const all = quoted(page);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter((one) => !has(one))).toEqual([]);
    expect(has({ file: "test/tidy.test.ts", title: "was never written" })).toBe(false);
    expect(has({ file: "test/nowhere.test.ts", title: "form no cycle" })).toBe(false);
  });

  it.each(SUBJECTS)("has tests for %s", (subject) => {
    const row = page.split("\n").find((line) => line.startsWith(`| ${subject}`)) ?? "";
    expect(quoted(row).length).toBeGreaterThan(0);
  });
});
