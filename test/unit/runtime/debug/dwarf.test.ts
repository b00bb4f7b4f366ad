/**
 * Reading DWARF against programs of clang at -O0 and -O1, versions 4 and 5: lines, functions, variables and their
 * values as C shows them; and that no damage to the sections makes the reader throw or run on.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { type Dwarf, readDwarf } from "../../../../runtime/debug/dwarf/index.ts";
import type { Module } from "../../../../runtime/module/module.ts";
import { type Pause, runPaused } from "./paused.ts";

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

/** Where the fixture calls `pause` with each number. */
const PAUSES: Readonly<Record<number, readonly [file: string, line: number]>> = {
  1: ["shapes.c", 31],
  2: ["shapes.c", 33],
  3: ["list.c", 10],
  4: ["list.c", 16],
  5: ["shapes.c", 13],
};

describe.each(["v4", "v5"])("variables of a program without optimization, DWARF %s", (name) => {
  const module = decoded(fixture(name));
  const dwarf = dwarfOf(name);
  const pauses = runPaused(module, 2);

  function placeOf(pause: Pause | undefined): number {
    const [file, line] = PAUSES[pause?.where ?? 0] ?? ["", 0];
    return dwarf.addressesOf(file, line)[0] ?? 0;
  }

  /** The values seen at the `n`-th call of `pause`. */
  function valuesAt(n: number): ReadonlyMap<string, string> {
    const pause = pauses[n];
    if (pause === undefined) throw new Error("the fixture pauses six times");
    return new Map(dwarf.variablesAt(placeOf(pause)).map((one) => [one.name, dwarf.valueOf(one, pause)]));
  }

  it("names the function around an offset, and where it begins and ends", () => {
    expect(pauses.map((pause) => dwarf.functionAt(placeOf(pause))?.name)).toEqual([
      "run",
      "run",
      "run",
      "length",
      "factorial",
      "twice",
    ]);
    for (const { body } of module.code) {
      const found = dwarf.functionAt(body.start);
      expect(found?.low).toBeLessThanOrEqual(body.start);
      expect(found?.high).toBe(body.end);
    }
    expect(dwarf.functionAt(0)).toBeUndefined();
  });

  it("shows every kind of C value in a structure", () => {
    expect(valuesAt(0).get("first")).toBe(
      '{name = 0x400 "first", next = 0x0, values = {1, 2, 3, 4}, colour = GREEN, at = {x = 7, y = -8}, ' +
        "word = {whole = 1065353216, parts = {0, 0, 128, 63}, real = 1}, apply = 0x1 <add>, weight = 0.5, " +
        "wide = -5000000000, ready = true, letter = 65 'A', low = 5, high = -3, grid = {{1, 2, 3}, {-1, -2, -3}}}",
    );
  });

  it("shows scalars, strings behind pointers, and globals", () => {
    const values = valuesAt(1);
    expect(values.get("i")).toBe("1");
    expect(values.get("greeting")).toBe('0x406 "hello"');
    expect(values.get("greetings")).toBe('{0x406 "hello", 0x40c "line\\nbreak"}');
    expect(values.get("nothing")).toBe("0x0");
    expect(values.get("big")).toBe("18000000000000000000");
    expect(values.get("ratio")).toBe("0.25");
    expect(values.get("total")).toBe("50");
  });

  it("looks through a pointer to a structure, one step far", () => {
    expect(valuesAt(1).get("list")).toMatch(
      /^0x[0-9a-f]+ -> \{name = 0x417 "second", next = 0x[0-9a-f]+, values = \{40, 50,/,
    );
  });

  it("takes the innermost of variables with one name, and drops those whose block has ended", () => {
    expect(valuesAt(1).get("count")).toBe("10");
    expect(valuesAt(2).get("count")).toBe("2");
    expect(valuesAt(2).has("i")).toBe(false);
  });

  it("shows parameters and locals of functions in other files, and of recursive calls", () => {
    expect([...valuesAt(3)]).toEqual([
      ["list", "0x0"],
      ["found", "2"],
    ]);
    expect(valuesAt(4).get("n")).toBe("1");
    expect(valuesAt(5).get("doubled")).toBe("4");
  });

  it("names types as C declares them, and says what is a parameter", () => {
    const seen = dwarf.variablesAt(placeOf(pauses[3])).map((one) => `${one.kind} ${one.type} ${one.name}`);
    expect(seen).toEqual(["parameter const struct node * list", "local int found"]);
    const types = new Map(dwarf.variablesAt(placeOf(pauses[0])).map((one) => [one.name, one.type]));
    expect(types.get("greetings")).toBe("const char *const [2]");
    expect(types.get("big")).toBe("unsigned long long");
    expect(types.get("nothing")).toBe("void *");
  });

  it("says so when memory cannot be read or a frame has no such local", () => {
    const at = placeOf(pauses[0]);
    const list = dwarf.variablesAt(at).find((one) => one.name === "list");
    const total = dwarf.variablesAt(at).find((one) => one.name === "total");
    if (list === undefined || total === undefined) throw new Error("both are there");
    const nothing = { local: () => undefined, global: () => undefined, read: () => undefined };
    expect(dwarf.valueOf(list, nothing)).toBe("<optimized out>");
    expect(dwarf.valueOf(total, nothing)).toBe("<unreadable>");
  });
});

describe.each(["v4-o1", "v5-o1"])("an optimized program, DWARF %s", (name) => {
  const dwarf = dwarfOf(name);
  // The first function stands at DWARF's address 3: behind the count of functions and its own size.
  const code = (dwarf.functionAt(decoded(fixture(name)).code[0]?.body.start ?? 0)?.low ?? 0) - 3;
  const frame = {
    local: (n: number) => [3, 0x200][n],
    global: () => 0,
    read: (address: number, length: number) => new Uint8Array(length).fill(address & 0xff),
  };
  const valuesAt = (address: number) =>
    new Map(dwarf.variablesAt(code + address).map((one) => [one.name, dwarf.valueOf(one, frame)]));

  it("finds variables in lists of locations: locals, constants, and nowhere", () => {
    const values = valuesAt(0x50);
    expect(values.get("count")).toBe("3");
    expect(values.get("list")).toMatch(/^0x200 -> /);
    expect(values.get("nothing")).toBe("0x0");
    expect(values.get("big")).toBe("18000000000000000000");
    expect(values.get("ratio")).toBe("0.25");
    expect(values.get("greeting")).toBe("<optimized out>");
    expect(valuesAt(0xd0).get("count")).toBe("<optimized out>");
  });

  it("shows the variables of an inlined call only inside it", () => {
    expect(valuesAt(0xd6).has("n")).toBe(true);
    expect(valuesAt(0xdc).has("n")).toBe(false);
  });

  it("names the function that contains the inlined call", () => {
    expect(dwarf.functionAt(code + 0xd6)?.name).toBe("run");
  });
});

/** Asks everything that there is to ask, of bytes that may be damaged. */
function interrogate(module: Module): number {
  const dwarf = readDwarf(module);
  if (dwarf === undefined) return 0;
  const access = {
    local: () => 1024,
    global: () => 1024n,
    read: (_: number, length: number) => new Uint8Array(length).fill(7),
  };
  let answers = dwarf.files().length + dwarf.addressesOf(undefined, 1).length + dwarf.addressesOf("list.c", 5).length;
  for (const { body } of module.code) {
    for (const offset of [body.start, (body.start + body.end) >> 1]) {
      if (dwarf.lineAt(offset) !== undefined) answers += 1;
      if (dwarf.functionAt(offset) !== undefined) answers += 1;
      for (const variable of dwarf.variablesAt(offset)) {
        expect(dwarf.valueOf(variable, access).length).toBeLessThan(10_000);
        answers += 1;
      }
    }
  }
  return answers;
}

describe.each(["v4", "v5", "v4-o1", "v5-o1"])("damaged sections, DWARF %s", (name) => {
  const module = decoded(fixture(name));

  it("answers what can still be read when bytes are wrong", () => {
    const whole = interrogate(module);
    let best = 0;
    for (let at = 3; at < module.bytes.length; at += 97) {
      const bytes = module.bytes.slice();
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      best = Math.max(best, interrogate({ ...module, bytes }));
      bytes[at] = 0xff;
      interrogate({ ...module, bytes });
    }
    expect(best).toBeGreaterThanOrEqual(whole);
  });

  it("answers what can still be read when the bytes end", () => {
    for (let end = 8; end < module.bytes.length; end += 97) {
      interrogate({ ...module, bytes: module.bytes.subarray(0, end) });
    }
  });
});

it("a module without a line table has no DWARF", () => {
  expect(readDwarf(decoded(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])))).toBeUndefined();
});
