/**
 * Sections written to make a reader run on: types that contain themselves, lists that overlap, counts of things that
 * take no bytes. Every question has to be answered in the time that a test has.
 */
import { describe, expect, it } from "vitest";
import { type Dwarf, readDwarf } from "../../../../runtime/debug/dwarf/index.ts";
import type { CustomSection, Module } from "../../../../runtime/module/module.ts";

const CODE_SIZE = 100;

/** A module of nothing but a code section of 100 bytes and the debug sections given. */
function moduleOf(sections: Readonly<Record<string, readonly number[]>>): Module {
  const bytes: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, CODE_SIZE, ...Array<number>(CODE_SIZE).fill(0)];
  const customs: CustomSection[] = [];
  for (const [name, contents] of Object.entries(sections)) {
    customs.push({
      name: `.debug_${name}`,
      bytes: { start: bytes.length, end: bytes.length + contents.length },
      after: 10,
    });
    for (const byte of contents) bytes.push(byte);
  }
  const empty = {
    types: [],
    groups: [],
    imports: [],
    functions: new Uint32Array(0),
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    start: undefined,
    elements: [],
    dataCount: undefined,
    code: [],
    datas: [],
  };
  return { ...empty, bytes: Uint8Array.from(bytes), customs };
}

function dwarfOf(sections: Readonly<Record<string, readonly number[]>>): Dwarf {
  const dwarf = readDwarf(moduleOf({ line: [], ...sections }));
  if (dwarf === undefined) throw new Error("there is a line section");
  return dwarf;
}

const u16 = (value: number) => [value & 0xff, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const unitOf = (contents: readonly number[]) => [...u32(contents.length), ...contents];

/** Version 4, abbreviations at 0, addresses of 4 bytes; the first entry has offset 11. */
const HEADER = [...u16(4), ...u32(0), 4];
const ROOT = [1, ...u32(1), ...u32(CODE_SIZE - 1)];
const FUNCTION = [2, ...u32(1), ...u32(CODE_SIZE - 1)];
/** Offset of the types, behind header, root, function, one variable and the end of the function. */
const TYPES_AT = 11 + 9 + 9 + 13 + 1;
const variableOf = (type: number) => [3, 0x76, 0, 5, 3, ...u32(1024), ...u32(type)];

const ABBREVIATIONS = [
  // 1: compile_unit; 2: subprogram: low_pc, high_pc; with children.
  ...[1, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0],
  ...[2, 0x2e, 1, 0x11, 0x01, 0x12, 0x06, 0, 0],
  // 3: variable: name, location, type.
  ...[3, 0x34, 0, 0x03, 0x08, 0x02, 0x18, 0x49, 0x13, 0, 0],
  // 4: typedef; 5: pointer; 6: const: type.
  ...[4, 0x16, 0, 0x49, 0x13, 0, 0],
  ...[5, 0x0f, 0, 0x49, 0x13, 0, 0],
  ...[6, 0x26, 0, 0x49, 0x13, 0, 0],
  // 7: structure: byte_size; 8: member: type, data_member_location; 9: array: type; 10: subrange: count.
  ...[7, 0x13, 1, 0x0b, 0x06, 0, 0],
  ...[8, 0x0d, 0, 0x49, 0x13, 0x38, 0x0b, 0, 0],
  ...[9, 0x01, 1, 0x49, 0x13, 0, 0],
  ...[10, 0x21, 0, 0x37, 0x06, 0, 0],
  // 11: function type: type; 12: parameter: type.
  ...[11, 0x15, 1, 0x49, 0x13, 0, 0],
  ...[12, 0x05, 0, 0x49, 0x13, 0, 0],
  0,
];

const everywhere = {
  local: () => 1,
  global: () => 1,
  read: (_: number, length: number) => new Uint8Array(length).fill(1),
};

/** Type and value of a variable of the type whose entries are given; they begin at TYPES_AT. */
function answer(types: readonly number[]): { readonly type: string; readonly value: string } {
  const contents = [...HEADER, ...ROOT, ...FUNCTION, ...variableOf(TYPES_AT), 0, ...types, 0];
  const dwarf = dwarfOf({ info: unitOf(contents), abbrev: ABBREVIATIONS });
  const [variable] = dwarf.variablesAt(10 + 50);
  if (variable === undefined) throw new Error("the variable is found");
  return { type: variable.type, value: dwarf.valueOf(variable, everywhere) };
}

describe("types that contain themselves", () => {
  it("as a typedef, a qualifier or a pointer, have a name that ends", () => {
    for (const code of [4, 5, 6]) {
      const { type, value } = answer([code, ...u32(TYPES_AT)]);
      expect(type.length).toBeLessThan(300);
      expect(value.length).toBeLessThan(100);
    }
  });

  it("as a structure, are shown six levels deep", () => {
    const { value } = answer([7, ...u32(8), 8, ...u32(TYPES_AT), 0, 0]);
    expect(value).toBe("{{{{{{{...}}}}}}}");
  });

  it("as structures with many fields of themselves, are cut where the text is long enough", () => {
    const fields = Array.from({ length: 400 }, () => [8, ...u32(TYPES_AT), 0]).flat();
    expect(answer([7, ...u32(8), ...fields, 0]).value.length).toBeLessThan(4100);
  });

  it("as an array of many dimensions and no end, are cut too", () => {
    const dimensions = Array.from({ length: 40 }, () => [10, ...u32(0xffff_ffff)]).flat();
    expect(answer([9, ...u32(TYPES_AT), ...dimensions, 0]).value.length).toBeLessThan(4100);
  });

  it("as a function that takes itself, are named three levels deep", () => {
    const parameters = Array.from({ length: 400 }, () => [12, ...u32(TYPES_AT)]).flat();
    expect(answer([11, ...u32(TYPES_AT), ...parameters, 0]).type.length).toBeLessThan(300);
  });
});

describe("counts and lists", () => {
  const program = (version: number, tables: readonly number[], opcodes: readonly number[]) => {
    const early = version === 5 ? [4, 0] : [];
    const header = [1, 1, 1, 0xfb, 14, 1, ...tables];
    return unitOf([...u16(version), ...early, ...u32(header.length), ...header, ...opcodes]);
  };

  it("of files that take no bytes are not believed", () => {
    // One directory without a format, then 2^34 files described by a form of no bytes.
    const tables = [0, 0xff, 0xff, 0xff, 0xff, 0x3f, 1, 1, 0x19, 0xff, 0xff, 0xff, 0xff, 0x3f];
    expect(dwarfOf({ line: program(5, tables, []) }).files()).toEqual([]);
  });

  it("of rows outside the code, and of rows that go back, make no answer wrong", () => {
    const set = (address: number) => [0, 5, 2, ...u32(address)];
    // opcode_base is 1: every other byte is a special opcode, 0x06 a row on the same line and address.
    const opcodes = [...set(0), 6, ...set(9), 0, 1, 1, ...set(90), 6, ...set(20), 6, ...set(95), 0, 1, 1];
    const beyond = [...set(50), 6, ...set(0xffff_fff0), 0, 1, 1];
    const dwarf = dwarfOf({ line: program(4, [0, 0x61, 0, 0, 0, 0, 0], [...opcodes, ...beyond]) });
    expect(dwarf.lineAt(10 + 5)).toBeUndefined();
    expect(dwarf.lineAt(10 + 20)).toBeUndefined();
    expect(dwarf.lineAt(10 + 60)).toBeUndefined();
    expect(dwarf.lineAt(10 + 92)).toEqual({ file: "a", line: 1, column: 0 });
    expect(dwarf.addressesOf("a", 1)).toEqual([10 + 90]);
  });

  it("of address ranges that many functions share are read only so far", () => {
    // 3: subprogram: ranges. A thousand of them name the same list of a hundred thousand entries.
    const abbrev = [1, 0x11, 1, 0, 0, 3, 0x2e, 0, 0x55, 0x17, 0, 0, 0];
    const functions = Array.from({ length: 1000 }, () => [3, ...u32(0)]).flat();
    const ranges: number[] = [];
    for (let n = 0; n < 100_000; n += 1) ranges.push(...u32(1), ...u32(2));
    const dwarf = dwarfOf({ info: unitOf([...HEADER, 1, ...functions, 0]), abbrev, ranges });
    expect(dwarf.functionAt(10 + 1)?.name).toBe("?");
    expect(dwarf.functionAt(10 + 3)).toBeUndefined();
  });

  it("of abbreviations that many units share from different places are read only so far", () => {
    const abbrev = Array.from({ length: 20_000 }, (_, n) => [(n & 127) | 0x80, 1, 0x2e, 0, 0, 0]).flat();
    const units = Array.from({ length: 5000 }, (_, n) => unitOf([...u16(4), ...u32(n * 6), 4, 0x81, 1])).flat();
    const dwarf = dwarfOf({ info: units, abbrev });
    expect(dwarf.functionAt(10 + 1)).toBeUndefined();
  });
});
