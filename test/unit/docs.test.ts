/** The examples of the documentation run and print what it says. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);

function examples(page: string): readonly (readonly [title: string, code: string, printed: string])[] {
  const text = readFileSync(new URL(page, ROOT), "utf8");
  const found = text.matchAll(/^## ([^\n]+)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```\n+```text\n([\s\S]*?)^```/gm);
  return [...found].map(([, title = "", code = "", printed = ""]) => [title, code, printed] as const);
}

describe.each(["docs/embedding.md"])("%s", (page) => {
  const all = examples(page);

  it("has examples", () => {
    expect(all.length).toBeGreaterThan(4);
  });

  it.each(all)("shows what happens under %s", (_title, code, printed) => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-docs-"));
    try {
      const file = join(folder, "example.ts");
      writeFileSync(file, code.replaceAll('from "../', `from "${ROOT.href}`));
      expect(execFileSync(process.execPath, [file], { encoding: "utf8" })).toBe(printed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
