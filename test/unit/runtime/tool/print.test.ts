/**
 * Modules as text. `fixtures/gallery.wat` shows one of nearly everything; it is what is printed for `gallery.wasm`, which
 * was assembled from it. The WebAssembly suite's modules go round in `npm run conformance -- text`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { leb } from "../../../../runtime/binary/reader.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { CodeReader } from "../../../../runtime/module/code-reader.ts";
import { type Opcode, opcodes, PREFIXES } from "../../../../runtime/module/opcodes.ts";
import { decodeModule, type PrintOptions, printModule } from "../../../../runtime/tool/index.ts";
import { custom, decode, HEAD, name, oneFunction, section, subsection } from "./build.ts";

const fixture = (file: string) => readFileSync(new URL(`./fixtures/${file}`, import.meta.url));
const text = (module: ReturnType<typeof decode>, options: PrintOptions = {}) => [...printModule(module, options)];
/** The instructions of a module of one function. */
const body = (...code: readonly number[]) =>
  text(decode(...oneFunction(...code)), { function: 0 })
    .slice(1, -1)
    .map((line) => line.slice(2));

describe("a printed module", () => {
  it("has every form: the gallery is printed as it was written", () => {
    const module = unwrap(decodeModule(fixture("gallery.wasm")));
    expect(`${text(module).join("\n")}\n`).toBe(fixture("gallery.wat").toString());
  });

  it("shows where each entry and instruction lies, when asked", () => {
    const module = decode(...oneFunction(0x41, 5, 0x1a));
    expect(text(module, { offsets: true })).toEqual([
      "(module",
      "  (;@0xb;) (type (;0;) (func))",
      "  (;@0x1a;) (func (;0;) (type 0)",
      "    (;@0x1a;) i32.const 5",
      "    (;@0x1c;) drop",
      "  )",
      ")",
    ]);
  });

  it("may be one function, or the import that a function is", () => {
    const module = decode(HEAD, section(1, 1, 0x60, 0, 0), section(2, 1, ...name("env"), ...name("f"), 0, 0));
    expect(text(module, { function: 0 })).toEqual(['(import "env" "f" (func (;0;) (type 0)))']);
    expect(text(module, { function: 1 })).toEqual([]);
  });

  it("mentions a large custom section and prints a small one where it stood", () => {
    const module = decode(HEAD, custom("tiny", 1, 0x61), custom("large", ...new Uint8Array(3000)));
    expect(text(module)).toEqual([
      "(module",
      '  (@custom "tiny" (before first) "\\01a")',
      '  ;; custom section "large" of 3000 bytes is left out',
      ")",
    ]);
  });
});

describe("the text of a hostile module", () => {
  it("ends when it is longer than that of any honest one", () => {
    // A hundred thousand functions of a type that has a thousand parameters with a long name.
    const functions = 100_000;
    const count = leb(functions);
    const module = decode(
      HEAD,
      section(1, 1, 0x60, ...leb(1000), ...Array.from({ length: 1000 }, () => [0x63, 0]).flat(), 0),
      [3, ...leb(functions + count.length), ...count],
      new Uint8Array(functions),
      [10, ...leb(functions * 3 + count.length), ...count],
      new Uint8Array(functions * 3).map((_, n) => [2, 0, 0x0b][n % 3] ?? 0),
      custom("name", ...subsection(4, 1, 0, ...name("x".repeat(900)))),
    );
    let lines = 0;
    let last = "";
    for (const line of printModule(module)) {
      lines += 1;
      last = line;
    }
    expect(lines).toBeLessThan(1000);
    expect(last).toMatch(/the rest is left out/);
  });
});

describe("identifiers", () => {
  const named = (...names: readonly string[]) => {
    const content = names.flatMap((one, index) => [...leb(index), ...name(one)]);
    const types = section(1, names.length, ...names.flatMap(() => [0x60, 0, 0]));
    return text(decode(HEAD, types, custom("name", ...subsection(4, names.length, ...content))))
      .slice(1, -1)
      .map((line) => line.slice("  (type ".length).replace(/ \(;.*/, ""));
  };

  it("are unlike each other, whatever the names are", () => {
    expect(named("a", "a", "a.1", "a")).toEqual(["$a", "$a.1", "$a.1.1", "$a.2"]);
  });

  it("are quoted when they hold what an identifier may not, and cannot steer a terminal", () => {
    expect(named("two words", "\u001b[2J", "\u202eback", 'a"b', "ünï")).toEqual([
      '$"two words"',
      '$"\\u{1b}[2J"',
      '$"\\u{202e}back"',
      '$"a\\"b"',
      '$"ünï"',
    ]);
  });

  it("are cut when they are longer than a page, and still unlike each other", () => {
    const [first = "", second = ""] = named("x".repeat(5000), "x".repeat(5000));
    expect(first.length).toBeLessThan(1002);
    expect(second.length).toBeLessThan(1002);
    expect(first).not.toBe(second);
  });
});

describe("instructions", () => {
  it("are printed for every opcode of the table, each with exactly its immediates", () => {
    for (const one of opcodes) {
      if (one === undefined || ["else", "end", "catch", "catch_all", "delegate"].includes(one.name)) continue;
      const open = one.immediates === "block" || one.immediates === "catches";
      const code = [...encoded(one.code), ...immediatesOf(one)];
      const reader = new CodeReader(Uint8Array.from(code), encoded(one.code).length);
      reader.skip(one.code);
      expect(reader.at, one.name).toBe(code.length);
      const lines = body(...code, 0x01, ...(open ? [0x0b] : []));
      expect(lines, one.name).toHaveLength(open ? 3 : 2);
      expect(lines[0], one.name).toMatch(
        new RegExp(`^${one.name.replace(/_null$/, "(_null)?").replaceAll(".", "\\.")}( |$)`),
      );
      expect(lines[1]?.trim(), one.name).toBe("nop");
    }
  });

  it("name what they branch to by its depth", () => {
    expect(body(0x02, 0x40, 0x03, 0x40, 0x0c, 0, 0x0c, 1, 0x0c, 2, 0x0c, 7, 0x0b, 0x0b)).toEqual([
      "block (;@1;)",
      "  loop (;@2;)",
      "    br 0 (;@2;)",
      "    br 1 (;@1;)",
      "    br 2 (;@0;)",
      "    br 7",
      "  end",
      "end",
    ]);
  });

  it("name blocks by the name section, apart from the blocks around them", () => {
    const code = [0x02, 0x40, 0x03, 0x40, 0x0c, 0, 0x0c, 1, 0x0b, 0x0b, 0x02, 0x40, 0x0c, 0, 0x0b];
    const labels = [1, 0, 3, 0, ...name("l"), 1, ...name("l"), 2, ...name("l")];
    const module = decode(...oneFunction(...code), custom("name", ...subsection(3, ...labels)));
    expect(text(module, { function: 0 }).map((line) => line.trim())).toEqual([
      "(func (;0;) (type 0)",
      ...["block $l", "loop $l.2", "br $l.2", "br $l", "end", "end"],
      ...["block $l", "br $l", "end", ")"],
    ]);
  });

  it("of legacy exceptions stand where their blocks do", () => {
    expect(body(0x06, 0x40, 0x06, 0x40, 0x18, 0, 0x07, 0, 0x09, 0, 0x19, 0x01, 0x0b)).toEqual([
      "try (;@1;)",
      "  try (;@2;)",
      "  delegate 0 (;@1;)",
      "catch 0",
      "  rethrow 0 (;@1;)",
      "catch_all",
      "  nop",
      "end",
    ]);
  });

  it("are indented no further than a page, however deep their block is", () => {
    const lines = body(...Array.from({ length: 900 }, () => [0x02, 0x40]).flat(), ...new Uint8Array(900).fill(0x0b));
    expect(Math.max(...lines.map((one) => one.length))).toBeLessThan(100);
  });

  it("in place of others leave only numbers when their labels are many", () => {
    const [line = ""] = body(0x0e, ...leb(20_000), ...new Uint8Array(20_001));
    expect(line).toBe(`br_table${" 0".repeat(20_001)}`);
  });

  it("have floats that read back to the same bits", () => {
    const f32 = (bits: number) => body(0x43, ...new Uint8Array(Int32Array.of(bits).buffer))[0];
    expect(f32(0x3dcccccd)).toBe("f32.const 0.1");
    expect(f32(1)).toBe("f32.const 1e-45");
    expect(f32(0x7f7fffff)).toBe("f32.const 3.4028235e+38");
    expect(f32(0x80000000 | 0)).toBe("f32.const -0");
    expect(f32(0x7fc00000)).toBe("f32.const nan");
    expect(f32(0xff800001 | 0)).toBe("f32.const -nan:0x1");
    for (let bits = 3; bits < 0x7f800000; bits += 7_654_321) {
      const read = Math.fround(Number(f32(bits)?.slice("f32.const ".length)));
      expect(new Int32Array(Float32Array.of(read).buffer)[0]).toBe(bits);
    }
  });
});

function encoded(code: number): readonly number[] {
  const prefix = Object.entries(PREFIXES).find(([, { base, size }]) => code >= base && code < base + size);
  return prefix === undefined ? [code] : [Number(prefix[0]), ...leb(code - prefix[1].base)];
}

/** Bytes of immediates that the Loader takes. */
function immediatesOf({ immediates, name: mnemonic }: Opcode): readonly number[] {
  switch (immediates) {
    case "":
      return [];
    case "block":
      return [0x40];
    case "labels":
      return [1, 0, 0];
    case "memarg":
      return [0x42, 1, 0x80, 1];
    case "memarg-lane":
      return [2, 8, 1];
    case "f32":
      return [0, 0, 0x80, 0x3f];
    case "f64":
      return [0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    case "v128":
    case "lanes":
      return Array.from({ length: 16 }, (_, n) => n);
    case "heap":
      return mnemonic === "ref.null" ? [0x70] : [0x6b];
    case "types":
      return [1, 0x7f];
    case "catches":
      return [0x40, 2, 0, 5, 0, 2, 0];
    case "cast":
      return [3, 0, 0x6e, 0x6b];
    case "type-table":
    case "table-table":
    case "memory-memory":
    case "elem-table":
    case "type-field":
    case "type-count":
    case "type-elem":
    case "type-type":
    case "data-memory":
    case "type-data":
      return [0, 1];
    default:
      return [0];
  }
}
