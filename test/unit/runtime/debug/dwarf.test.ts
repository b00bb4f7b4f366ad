/**
 * Reading DWARF against programs of clang at -O0 and -O1, versions 4 and 5: lines, functions, variables and their
 * values as C shows them; and that no damage to the sections makes the reader throw or run on.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { type Dwarf, readDwarf } from "../../../../runtime/debug/dwarf/index.ts";
import type { Module } from "../../../../runtime/module/module.ts";

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/shapes-${name}.wasm`, import.meta.url)));
}

function decoded(bytes: Uint8Array): Module {
  const module = decodeModule(bytes);
  if (!module.ok) throw new Error("the fixture is a module");
  return module.value;
}

function dwarfOf(name: string): Dwarf {
  const dwarf = readDwarf(decoded(fixture(name)));
  if (dwarf === undefined) throw new Error("the fixture has a line table");
  return dwarf;
}

describe.each(["v4", "v5"])("lines of a program without optimization, DWARF %s", (name) => {
  const dwarf = dwarfOf(name);

  it("names the source files that code comes from", () => {
    expect([...dwarf.files()].sort()).toEqual(["list.c", "shapes.c"]);
  });

  it("finds a line's code and the line of that code again", () => {
    for (const line of [8, 12, 13, 18, 31, 34, 35]) {
      const [first] = dwarf.addressesOf("shapes.c", line);
      expect(dwarf.lineAt(first ?? 0)).toMatchObject({ file: "shapes.c", line });
    }
  });

  it("gives the beginning of each run of a line's rows, so that a loop's head has two", () => {
    expect(dwarf.addressesOf("shapes.c", 27)).toHaveLength(2);
    expect(dwarf.addressesOf("shapes.c", 34)).toHaveLength(1);
  });

  it("goes on to the next line that has code", () => {
    expect(dwarf.addressesOf("list.c", 17)).toEqual(dwarf.addressesOf("list.c", 18));
    expect(dwarf.addressesOf("list.c", 99)).toEqual([]);
  });

  it("moves a breakpoint at a function's entry behind its prologue", () => {
    expect(dwarf.addressesOf("shapes.c", 17)).toEqual(dwarf.addressesOf("shapes.c", 18));
  });

  it("matches files by the ends of their paths, at the borders of components only", () => {
    expect(dwarf.addressesOf("/home/someone/project/list.c", 11)).toEqual(dwarf.addressesOf("list.c", 11));
    expect(dwarf.addressesOf("./list.c", 11)).toEqual(dwarf.addressesOf("list.c", 11));
    expect(dwarf.addressesOf("ist.c", 11)).toEqual([]);
    expect(dwarf.addressesOf("other.c", 11)).toEqual([]);
  });

  it("knows no line outside the code", () => {
    for (const offset of [0, 100, 10_000, -1, Number.NaN]) expect(dwarf.lineAt(offset)).toBeUndefined();
  });
});

it("a module without a line table has no DWARF", () => {
  expect(readDwarf(decoded(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])))).toBeUndefined();
});
