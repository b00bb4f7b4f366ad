/** The loader's fuzzer itself: the same inputs from the same seed, mostly valid modules, findings made small. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { opcode } from "../../../runtime/module/opcodes.ts";
import { cutAt } from "../../fuzz/loader/evidence.ts";
import { generate } from "../../fuzz/loader/generate.ts";
import { inputOf } from "../../fuzz/loader/input.ts";
import { instructionsOf } from "../../fuzz/loader/instructions.ts";
import { minimise } from "../../fuzz/loader/minimise.ts";
import { judge } from "../../fuzz/loader/oracle.ts";
import { Random } from "../../fuzz/random.ts";
import { body } from "../runtime/validate/build.ts";

const modules = Array.from({ length: 300 }, (_, n) => generate(new Random(`unit ${n}`)));

describe("the loader's fuzzer", () => {
  it("makes the same inputs from the same seed, and others from another", () => {
    const hex = (seed: string, n: number) => Buffer.from(inputOf(seed, n, modules).bytes).toString("hex");
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    expect(numbers.map((n) => hex("a", n))).toEqual(numbers.map((n) => hex("a", n)));
    expect(numbers.filter((n) => hex("a", n) === hex("b", n)).length).toBeLessThan(3);
  });

  it("generates modules of which most are valid, and a slip makes others nearly so", () => {
    const valid = modules.filter((one) => WebAssembly.validate(one)).length;
    expect(valid).toBeGreaterThan(200);
    expect(valid).toBeLessThan(300);
  });

  it("generates most instructions, those that need much around them too", () => {
    const seen = new Set(
      modules.flatMap((bytes) =>
        unwrap(decodeModule(bytes)).code.flatMap((one) => instructionsOf(bytes, one.body).map(({ op }) => op)),
      ),
    );
    for (const name of "throw_ref br_on_cast array.copy table.init memory.copy return_call_ref".split(" ")) {
      expect(seen.has(opcode(name)), name).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(450);
  });

  it("finds us and V8 of one mind about a few hundred inputs", () => {
    for (let n = 0; n < 300; n += 1) {
      const judgement = judge(inputOf("unit", n, modules).bytes);
      expect(["agree", "excluded"], `input ${n}: ${JSON.stringify(judgement)}`).toContain(judgement.kind);
    }
  });

  it("makes a finding small: one instruction in a large module", () => {
    const wanted = opcode("f64.sqrt");
    const has = (bytes: Uint8Array) => {
      const decoded = decodeModule(bytes);
      return (
        decoded.ok && decoded.value.code.some((one) => instructionsOf(bytes, one.body).some(({ op }) => op === wanted))
      );
    };
    const large = modules.find((one) => one.length > 1000 && has(one));
    expect(large).toBeDefined();
    expect(minimise(large ?? new Uint8Array(0), has).length).toBeLessThan(60);
  });

  it("cuts a body inside blocks so that what came before stays valid", () => {
    const bytes = body([0x02, 0x40, 0x41, 0, 0x04, 0x7f, 0x41, 0, 0x05, 0x41, 0, 0x0b, 0x1a, 0x0b]);
    const [{ body: range } = { body: { start: 0, end: 0 } }] = unwrap(decodeModule(bytes)).code;
    for (const { start } of instructionsOf(bytes, range)) {
      expect(WebAssembly.validate(cutAt(bytes, start, [0x01])), `at ${start}`).toBe(true);
    }
  });
});
