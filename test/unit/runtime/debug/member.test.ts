/** Parts of variables, as C names them, in both versions of DWARF. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePath } from "../../../../runtime/debug/dwarf/index.ts";
import { Debugger, locate, onwards, programOf, sourceInfoOf } from "../../../../runtime/debug/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { inspectorOf } from "./rig.ts";

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const LINE =
  1 +
  fixture("shapes.c")
    .toString("utf8")
    .split("\n")
    .findIndex((one) => one.includes("pause(2)"));

/** What `print` would say, after the loop of `run(3)`. */
function printer(file: string) {
  const program = unwrap(programOf(fixture(file), () => () => []));
  const info = sourceInfoOf(program.valid.module);
  if (info === undefined) throw new Error("the fixture has DWARF");
  const one = unwrap(Debugger.open(program, "run", [{ type: "i32", value: 3 }], { info }));
  const inspector = inspectorOf(one);
  const { instructions, lines } = one;
  const found = locate(`shapes.c:${LINE}`, { instructions, lines, inspector });
  one.stops.break("", found?.places ?? []);
  one.forward(onwards);
  const [frame] = inspector.frames(one.guest, 10);
  if (frame === undefined) throw new Error("it stands nowhere");
  const print = (text: string) => {
    const variable = inspector.variableAt(one.guest, frame, text);
    return variable === undefined ? undefined : info.valueOf(variable, inspector.accessOf(one.guest, frame));
  };
  return { print, extent: (text: string) => inspector.extentOf(one.guest, frame, text) };
}

describe("a path", () => {
  it("is a name and what C writes behind it, with stars in front", () => {
    expect(parsePath("a.b->c[3]")).toEqual({
      name: "a",
      steps: [
        { kind: "member", name: "b" },
        { kind: "member", name: "c" },
        { kind: "index", index: 3 },
      ],
    });
    expect(parsePath("**p")).toEqual({ name: "p", steps: [{ kind: "target" }, { kind: "target" }] });
    for (const text of ["", "*", "a.", "a[", "a[x]", "a[-1]", "1a", "a b", "a[0x1]", `a${".b".repeat(100)}`]) {
      expect(parsePath(text), text).toBeUndefined();
    }
  });
});

describe.each(["shapes-v4.wasm", "shapes-v5.wasm"])("parts of variables in %s", (file) => {
  const { print, extent } = printer(file);

  it("are fields, elements and what pointers point to", () => {
    expect(print("first.at.y")).toBe("-8");
    expect(print("first.values[2]")).toBe("3");
    expect(print("list->next->values[0]")).toBe("1");
    expect(print("list.next.letter")).toBe(print("first.letter"));
    expect(print("*list.name")).toBe("115 's'");
    expect(print("list->name[1]")).toBe("101 'e'");
    expect(print("(*list)")).toBeUndefined();
    expect(print("first.colour")).toBe("GREEN");
    expect(print("first.word.parts[3]")).toBe(print("first.word.parts")?.replace(/^.*, (.*)\}$/, "$1"));
  });

  it("are elements of arrays of arrays, when all dimensions are given", () => {
    expect(print("first.grid[1][2]")).toBe("-3");
    expect(print("first.grid[0][1]")).toBe("2");
    expect(print("first.grid[1]")).toBeUndefined();
    expect(print("first.grid[2][0]")).toBeUndefined();
  });

  it("are not there beyond an array, behind null, in bit fields and in what has no parts", () => {
    for (const text of [
      "first.values[4]",
      "*nothing",
      "first.next->at",
      "first.low",
      "count.x",
      "count[0]",
      "first.no",
    ]) {
      expect(print(text), text).toBeUndefined();
    }
  });

  it("say where they lie", () => {
    const whole = extent("first");
    const part = extent("first.at.y");
    expect(part?.length).toBe(4);
    expect(part?.address).toBeGreaterThan(whole?.address ?? 0);
    expect(extent("first.values")?.length).toBe(16);
    expect(extent("list->next")?.length).toBe(4);
  });
});
