/** Loader, link check and the Validator's place: what a hostile or foolish module meets before anything is compiled. */
import { describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { checkImports, load, validate } from "../../../runtime/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { assemble, GUESTS } from "../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8 };
const refusal = (bytes: Uint8Array, limits = LIMITS) => {
  const loaded = load(bytes, limits);
  return loaded.ok ? "accepted" : loaded.error.code;
};
const wat = (body: string) =>
  assemble(`(module ${body} (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.const 0)))`);
const grown = (body: string): number => {
  const loaded = unwrap(
    load(wat(`${body} (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`), LIMITS),
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(loaded.bytes));
  const { grow, memory } = exports;
  if (typeof grow !== "function" || !(memory instanceof WebAssembly.Memory))
    throw new Error("the test module lacks its exports");
  while (grow(1) >= 0);
  return memory.buffer.byteLength / 65_536;
};

describe("the memory clamp", () => {
  it("holds a module that declares no maximum at what its manifest allows", () => {
    expect(grown('(memory (export "memory") 1)')).toBe(4);
  });
  it("holds a module that declares more", () => {
    expect(grown('(memory (export "memory") 1 65536)')).toBe(4);
  });
  it("leaves a module that declares less at its own", () => {
    expect(grown('(memory (export "memory") 1 2)')).toBe(2);
  });
  it("refuses a module whose initial memory is above it", () => {
    expect(refusal(wat('(memory (export "memory") 5)'))).toBe("LOAD_MEMORY_LIMIT");
    expect(refusal(wat('(memory (export "memory") 1) (table 9 funcref)'))).toBe("LOAD_TABLE_LIMIT");
  });
  it("refuses memories it cannot clamp: shared, 64-bit, imported, a second one", () => {
    for (const memory of [
      "(memory 1 2 shared)",
      "(memory i64 1)",
      '(import "sallyport_v1" "m" (memory 1))',
      "(memory 1) (memory 1)",
    ]) {
      expect(refusal(wat(memory)), memory).toBe("LOAD_UNSUPPORTED");
    }
  });
});

describe("the Loader", () => {
  const good = assemble(GUESTS.counter);

  it("gives bytes that are valid and run", () => {
    const loaded = unwrap(load(good, LIMITS));
    expect(validate(loaded).ok).toBe(true);
    expect(checkImports(loaded, hostModule).ok).toBe(true);
  });

  it("refuses what is no module, with the offset", () => {
    const loaded = load(new TextEncoder().encode("\0asm\u0002\0\0\0"), LIMITS);
    expect(!loaded.ok && loaded.error).toMatchObject({ code: "LOAD_MALFORMED", facts: { offset: 4 } });
    expect(refusal(new Uint8Array())).toBe("LOAD_MALFORMED");
  });

  it("refuses LEB128 that is too long or too large, and lengths beyond the end", () => {
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    for (const tail of [
      [5, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
      [5, 0xff, 0xff, 0xff, 0xff, 0x1f],
      [1, 4, 0xff, 0xff, 0xff, 0x0f],
      [5, 200],
    ]) {
      expect(refusal(Uint8Array.from([...head, ...tail]))).toBe("LOAD_MALFORMED");
    }
  });

  it("answers every truncation and a thousand mutations of a module, and never throws", () => {
    for (let length = 0; length < good.length; length += 1) {
      const loaded = load(good.subarray(0, length), LIMITS);
      if (loaded.ok) validate(loaded.value);
    }
    let state = 1;
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 1000; round += 1) {
      const bytes = good.slice();
      for (let flips = 0; flips <= next(4); flips += 1) bytes[next(bytes.length)] = next(256);
      const loaded = load(bytes, LIMITS);
      if (loaded.ok && validate(loaded.value).ok) checkImports(loaded.value, hostModule);
    }
  });

  it("says VALIDATE_INVALID for a body that does not type", () => {
    // One function of type () -> i32 whose body is empty.
    const sections = [1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b];
    const loaded = unwrap(load(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections]), LIMITS));
    const verdict = validate(loaded);
    expect(!verdict.ok && verdict.error.code).toBe("VALIDATE_INVALID");
  });
});

describe("the link check", () => {
  const code = (name: keyof typeof GUESTS) => {
    const linked = checkImports(unwrap(load(assemble(GUESTS[name]), LIMITS)), hostModule);
    return linked.ok ? "accepted" : linked.error.code;
  };
  it("refuses an import that is not ours, a signature that is not the ABI's, and a module without memory", () => {
    expect(code("foreignImport")).toBe("LINK_UNKNOWN_IMPORT");
    expect(code("wrongSignature")).toBe("LINK_SIGNATURE");
    expect(code("noMemory")).toBe("LINK_EXPORT");
  });
});
