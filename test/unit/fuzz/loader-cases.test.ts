/** What the loader's fuzzer found, each a numbered module: our judgement is what it should be, and V8's what it was. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { judge, ours } from "../../fuzz/loader/oracle.ts";

const folder = new URL("../../fuzz/loader/cases/", import.meta.url);

/** Lines `# what`, `# ours: CODE or accepted`, `# V8: accepts or refuses`, then the module. */
function read(name: string) {
  const lines = readFileSync(new URL(name, folder), "utf8").split("\n");
  const fact = (key: string) => lines.find((one) => one.startsWith(`# ${key}: `))?.slice(key.length + 4) ?? "";
  const hex = lines.filter((one) => !one.startsWith("#")).join("");
  return {
    what: lines[0]?.slice(2) ?? "",
    ours: fact("ours"),
    v8: fact("V8"),
    bytes: Uint8Array.from(Buffer.from(hex, "hex")),
  };
}

describe("a module that the fuzzer found", () => {
  for (const name of readdirSync(folder).sort()) {
    const one = read(name);
    it(`is judged as the specification has it: ${name}, ${one.what}`, () => {
      expect(ours(one.bytes).code).toBe(one.ours);
      expect(WebAssembly.validate(one.bytes)).toBe(one.v8 === "accepts");
    });

    it(`is no finding any more: ${name}`, () => {
      expect(judge(one.bytes).kind).toBe((one.ours === "accepted") === (one.v8 === "accepts") ? "agree" : "excluded");
    });
  }
});
