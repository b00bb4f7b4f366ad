/** The committed loop is what the table of instructions says. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loopText } from "../../../../runtime/interpret/loop-text.ts";

it("is what `npm run generate` writes", () => {
  const committed = readFileSync(new URL("../../../../runtime/interpret/loop.ts", import.meta.url), "utf8");
  expect(committed === loopText()).toBe(true);
});
