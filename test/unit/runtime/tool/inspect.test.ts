/** What a module says about itself without being run. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { leb } from "../../../../runtime/binary/reader.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { decodeModule, excerpt, inspectModule } from "../../../../runtime/tool/index.ts";
import { bytesOf, custom, decode, HEAD, name, oneFunction, section } from "./build.ts";

const gallery = unwrap(decodeModule(readFileSync(new URL("./fixtures/gallery.wasm", import.meta.url))));

describe("the facts of a module", () => {
  it("name what it imports and exports, with types", () => {
    const { imports, exports } = inspectModule(gallery);
    expect(imports[0]).toEqual({
      module: "sallyport_v1",
      name: "log",
      kind: "function",
      type: "(i32, i32) -> (i32)",
    });
    expect(imports.map(({ type }) => type).slice(1)).toEqual(["1 2 funcref", "1 2 shared", "(mut i64)", "(i32) -> ()"]);
    expect(exports[1]).toEqual({ name: "sp_handle", kind: "function", type: "(i32, i32) -> ()" });
  });

  it("say what the host grants calls by, and what it does not have or has in another type", () => {
    const host = (module: string, what: string) =>
      module === "sallyport_v1" ? { capability: "gpio", type: what === "log" ? "(i64) -> ()" : "" } : undefined;
    const { imports, capabilities } = inspectModule(gallery, { host });
    expect(imports.map(({ problem }) => problem)).toEqual(["signature", "unknown", "unknown", "unknown", "unknown"]);
    expect(capabilities).toEqual({ gpio: ["log"] });
  });

  it("add up: sections with the header are the file, the largest functions come first", () => {
    const { sections, size, functions } = inspectModule(gallery, { largest: 3 });
    expect(sections.reduce((sum, one) => sum + one.size, 8)).toBe(size);
    expect(functions).toMatchObject({ imported: 1, defined: gallery.code.length });
    expect(functions.largest).toHaveLength(3);
    expect(functions.largest[0]).toMatchObject({ name: "numbers" });
    const sizes = functions.largest.map((one) => one.size);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it("hold limits, features, the start function, data and where the module comes from", () => {
    const facts = inspectModule(gallery);
    expect(facts.invalid).toBeNull();
    expect(facts.features).toEqual(expect.arrayContaining(["gc", "exceptions", "simd", "memory64", "threads"]));
    expect(facts.memories).toMatchObject([
      { imported: true, min: 1, max: 2, pageBytes: 65536 },
      { imported: false, type: "i64 1 65536" },
      { pageBytes: 1, max: 4096 },
    ]);
    expect(facts.tables.map(({ type }) => type)).toEqual(["1 2 funcref", "4 funcref", "i64 2 (ref func)"]);
    expect(facts.start).toEqual({ index: 1, name: "plain" });
    expect(facts.data.segments).toBe(3);
    expect(facts.producers).toContainEqual({ field: "language", name: "Rust", version: "1.90" });
    expect(facts.targetFeatures).toEqual([{ prefix: "+", name: "simd" }]);
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });

  it("find debug information, inside or moved away", () => {
    const { debug } = inspectModule(
      decode(
        HEAD,
        custom(".debug_line", 1, 2),
        custom("sourceMappingURL", ...name("./m.wasm.map")),
        custom("external_debug_info"),
      ),
    );
    expect(debug).toEqual({ dwarf: [".debug_line"], dwarfBytes: 2, sourceMap: "./m.wasm.map", external: "" });
  });

  it("are there for a module that is not valid, with the refusal", () => {
    const facts = inspectModule(decode(...oneFunction(0x6a)));
    expect(facts.invalid).toMatch(/^VALIDATE_INVALID: /);
    expect(facts.functions.defined).toBe(1);
  });

  it("are cut where no honest module comes to, and say so", () => {
    const count = leb(30_000);
    const module = decode(
      HEAD,
      section(1, 1, 0x60, ...leb(900), ...new Uint8Array(900).fill(0x7f), 0),
      [2, ...leb(count.length + 30_000 * 4), ...count],
      new Uint8Array(30_000 * 4),
      custom("producers", 1, ...name("language"), 1, ...name("x".repeat(3000)), 0),
    );
    const { imports, producers, leftOut } = inspectModule(module);
    expect(imports).toHaveLength(20_000);
    expect(leftOut).toBe(10_000);
    expect(imports[0]?.type).toBe(`(${"i32, ".repeat(16)}…) -> ()`);
    expect(producers[0]?.name).toHaveLength(1001);
  });

  it("do not trip over indices that name nothing", () => {
    const module = decode(HEAD, section(2, 1, ...name("m"), ...name("f"), 0, 9), section(7, 1, ...name("e"), 3, 4));
    const { imports, exports, invalid } = inspectModule(module);
    expect(invalid).toMatch(/unknown type/);
    expect(imports[0]?.type).toBe("type 9");
    expect(exports[0]?.type).toBe("unknown");
  });
});

describe("an excerpt", () => {
  it("shows the instruction at an offset between its neighbours", () => {
    // i32.const 1, i32.const 2, i64.add, drop
    const bytes = bytesOf(...oneFunction(0x41, 1, 0x41, 2, 0x7c, 0x1a));
    const at = bytes.indexOf(0x7c);
    const found = excerpt(unwrap(decodeModule(bytes)), at, 1);
    expect(found).toEqual({
      function: 0,
      name: "0",
      lines: [
        { at: at - 2, text: "i32.const 2", here: false },
        { at, text: "i64.add", here: true },
        { at: at + 1, text: "drop", here: false },
      ],
    });
  });

  it("reaches the last end, and is nothing outside functions", () => {
    const bytes = bytesOf(...oneFunction(0x01));
    const module = unwrap(decodeModule(bytes));
    expect(excerpt(module, bytes.length - 1)?.lines.at(-1)).toMatchObject({ text: "end", here: true });
    expect(excerpt(module, 3)).toBeUndefined();
  });

  it("of a function that is as long as a file holds a few lines", () => {
    const long = new Uint8Array(300_000).fill(1);
    const size = long.length + 2;
    const module = decode(
      HEAD,
      section(1, 1, 0x60, 0, 0),
      section(3, 1, 0),
      [10, ...leb(size + 1 + leb(size).length), 1, ...leb(size), 0],
      long,
      [0x0b],
    );
    expect(excerpt(module, (module.code[0]?.body.start ?? 0) + 200_000)?.lines).toHaveLength(7);
  });
});
