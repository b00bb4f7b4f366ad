/** What the tiers' fuzzer found, each a numbered module that all tiers now agree about, and the fuzzer's own promises. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { ALL_FEATURES } from "../../../runtime/module/features.ts";
import { opcode } from "../../../runtime/module/opcodes.ts";
import { validateModule } from "../../../runtime/validate/module.ts";
import { instructionsOf } from "../../fuzz/loader/instructions.ts";
import { Random } from "../../fuzz/random.ts";
import { drive } from "../../fuzz/tiers/drive.ts";
import { inputOf } from "../../fuzz/tiers/input.ts";
import { judge } from "../../fuzz/tiers/judge.ts";
import { makeProgram } from "../../fuzz/tiers/program.ts";
import { SUBJECT_NAMES, subjectsOf } from "../../fuzz/tiers/subjects.ts";

const folder = new URL("../../fuzz/tiers/cases/", import.meta.url);
/** Each seed gives other arguments, and an empty tank somewhere else. */
const SEEDS = ["a", "b", "c", "d", "e", "f", "g", "h"];

describe("a module that the fuzzer found", () => {
  for (const name of readdirSync(folder).sort()) {
    const [what = "", hex = ""] = readFileSync(new URL(name, folder), "utf8").split("\n");
    it(`is the same in every tier: ${name}, ${what.slice(2)}`, () => {
      const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
      for (const seed of SEEDS) expect(judge(bytes, seed)).toMatchObject({ kind: "agree" });
    });
  }
});

describe("the tiers' fuzzer", () => {
  it("makes the same inputs from the same seed, and others from another", () => {
    const hex = (seed: string, n: number) => Buffer.from(inputOf(seed, n, []).bytes).toString("hex");
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    expect(numbers.map((n) => hex("a", n))).toEqual(numbers.map((n) => hex("a", n)));
    expect(numbers.filter((n) => hex("a", n) === hex("b", n)).length).toBeLessThan(3);
  });

  it("knows by name every way that a module is run", () => {
    const driven = drive(unwrap(decodeModule(makeProgram(new Random("names")))), new Random("names"), true);
    if (driven === undefined) throw new Error("nothing to call");
    const module = unwrap(decodeModule(driven.bytes));
    const subjects = subjectsOf(unwrap(validateModule(module, { features: ALL_FEATURES })), { ...driven, module });
    const names = subjects.map(({ name }) => name);
    expect(names).toEqual(["interpreter", ...SUBJECT_NAMES]);
  });

  it("makes programs that are valid, with nearly every instruction in one of them", () => {
    const seen = new Set<number>();
    for (let n = 0; n < 150; n += 1) {
      const bytes = makeProgram(new Random(`unit ${n}`));
      expect(WebAssembly.validate(bytes), `program ${n}`).toBe(true);
      for (const { body } of unwrap(decodeModule(bytes)).code) {
        for (const { op } of instructionsOf(bytes, body)) seen.add(op);
      }
    }
    for (const name of "throw_ref br_on_cast array.copy table.init memory.copy return_call_ref".split(" ")) {
      expect(seen.has(opcode(name)), name).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(500);
  });

  it("finds the tiers of one mind about a few programs, most calls of which return", () => {
    let [returned, trapped] = [0, 0];
    const carried: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      const agreement = judge(makeProgram(new Random(`unit ${n}`)), `unit ${n}`, { open: true });
      expect(agreement).toMatchObject({ kind: "agree" });
      if (agreement.kind !== "agree") continue;
      returned += agreement.returned;
      trapped += agreement.trapped;
      carried.push(...agreement.carried);
    }
    expect(returned).toBeGreaterThan(trapped);
    expect(carried.filter((one) => one === "carried").length).toBeGreaterThan(4);
  });
});
