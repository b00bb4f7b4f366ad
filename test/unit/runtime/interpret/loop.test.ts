/** The committed loop is what the table of instructions says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loopText } from "../../../../runtime/interpret/loop-text.ts";

const LOOP = new URL("../../../../runtime/interpret/loop.ts", import.meta.url);

it("is what `npm run generate` writes", () => {
  const committed = readFileSync(LOOP, "utf8");
  expect(committed === loopText()).toBe(true);
});

it("stays below the size beyond which V8 leaves a function to its lesser compilers", () => {
  // --max-optimized-bytecode-size; a loop above it runs three times slower, and nothing else says so.
  const largest = 60 * 1024;
  const script = `import(${JSON.stringify(LOOP.href)}).then(({ run }) => { try { run({}); } catch {} });`;
  const printed = execFileSync(process.execPath, ["--print-bytecode", "--print-bytecode-filter=run", "-e", script], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const lengths = [...printed.matchAll(/^Bytecode length: (\d+)$/gm)].map((match) => Number(match[1]));
  expect(Math.max(...lengths)).toBeGreaterThan(20_000);
  expect(Math.max(...lengths)).toBeLessThan(largest);
});
