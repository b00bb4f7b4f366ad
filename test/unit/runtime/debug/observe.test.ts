/** What is told of a whole run: profile, flame graph, coverage, trace. */
import { describe, expect, it } from "vitest";
import {
  Coverage,
  flameGraph,
  GuestRun,
  Inspector,
  Instructions,
  lcov,
  missedLines,
  type Probe,
  Profile,
  type Program,
  programOf,
  readNames,
  sourceInfoOf,
  tracer,
} from "../../../../runtime/debug/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { own, readings, small } from "./rig.ts";

function describedBy(program: Program) {
  const { module } = program.valid;
  const instructions = new Instructions(module);
  const info = sourceInfoOf(module);
  const names = readNames(module).spaces.function;
  const inspector = new Inspector(instructions, info, (f) => names.get(f));
  return { instructions, info, nameOf: (f: number) => inspector.nameOf(f) };
}

function runAll(program: Program, probe?: Probe, slice = 10_000) {
  const run = unwrap(GuestRun.open(program, "_start", [], probe));
  for (let n = 0; n < 1000; n += 1) {
    const outcome = run.advance(slice);
    if (outcome !== undefined) return outcome;
  }
  throw new Error("the program does not end");
}

describe("a run in slices", () => {
  it("prints what a run in one piece prints, and ends as it does", () => {
    const whole = readings("3", "4");
    const sliced = readings("3", "4");
    expect(runAll(whole.program, undefined, 1e9)).toEqual({ kind: "returned", values: [] });
    expect(runAll(sliced.program, undefined, 100)).toEqual({ kind: "returned", values: [] });
    expect(sliced.printed).toEqual(whole.printed);
  });

  it("ends when the program's own fuel is used up, not later", () => {
    const { program } = readings("3", "4");
    const poor = { ...program, fuel: 2500 };
    expect(runAll(poor, undefined, 1000)).toMatchObject({ kind: "trapped", fault: { code: "TRAP_FUEL" } });
  });
});

describe("a profile", () => {
  const { program } = readings("1", "2", "3");
  const profile = new Profile({ every: 20, nameOf: describedBy(program).nameOf });
  runAll(program, profile.probe);

  it("counts each sample once by itself, and main in nearly all of them", () => {
    const functions = profile.functions();
    expect(functions.reduce((sum, { self }) => sum + self, 0)).toBe(profile.samples);
    expect(functions.find(({ name }) => name === "main")?.total).toBeGreaterThan(0.8 * profile.samples);
    expect(profile.samples).toBeCloseTo(profile.instructions / 20, -2);
  });

  it("is the same for the same run", () => {
    const again = new Profile({ every: 20, nameOf: describedBy(program).nameOf });
    runAll(readings("1", "2", "3").program, again.probe);
    expect(again.folded()).toEqual(profile.folded());
  });

  it("folds stacks from the outermost inwards", () => {
    expect(profile.folded().some((line) => /^_start\S*;.*;main;printf\S* \d+$/.test(line))).toBe(true);
  });
});

describe("a flame graph", () => {
  it("gives each stack its share of the width, and says so", () => {
    const svg = flameGraph(
      new Map([
        ["a;b", 3],
        ["a;c", 1],
      ]),
      { title: "t", subtitle: "s" },
    );
    expect(svg).toContain("<title>a: 4 samples, 100.0 %</title>");
    expect(svg).toContain("<title>b: 3 samples, 75.0 %</title>");
    expect(svg).toMatch(/<title>c: 1 samples, 25.0 %<\/title><rect x="895.0" y="\d+" width="294.6"/);
  });

  it("cannot be broken out of by a name", () => {
    const svg = flameGraph(new Map([['</title><script>"&\u0001', 1]]), { title: "<svg>" });
    expect(svg).not.toContain("<script>");
    expect(svg).toContain("&lt;/title&gt;&lt;script&gt;&quot;&amp;?");
  });

  it("is drawn for nothing and for very deep stacks", () => {
    expect(flameGraph(new Map(), { title: "none" })).toMatch(/<\/svg>\n$/);
    const deep = new Array(100_000).fill("f").join(";");
    expect(flameGraph(new Map([[deep, 1]]), { title: "deep" }).length).toBeLessThan(100_000);
  });
});

describe("coverage", () => {
  const { program } = readings("1", "2", "3");
  const coverage = new Coverage(describedBy(program));
  runAll(program, coverage.probe);
  const files = coverage.files().filter(({ file }) => own(file));

  it("counts calls and the lines that ran", () => {
    const calls = Object.fromEntries(coverage.functions().map((one) => [one.name, one.calls]));
    expect(calls).toMatchObject({ add: 3, smooth: 3, sum: 4, main: 1 });
    expect(files.map(({ file }) => file)).toEqual(["readings.c"]);
    const [file] = files;
    expect(file?.lines.get(32)).toBe(3);
    expect(file?.lines.get(39)).toBe(0);
    expect(file === undefined ? "" : missedLines(file)).toBe("39-40");
  });

  it("is written as lcov reads it", () => {
    const text = lcov(files);
    expect(text).toMatch(/^TN:\nSF:readings\.c\nFN:\d+,\S+\n/);
    expect(text).toMatch(/\nFNDA:3,smooth\n/);
    expect(text).toMatch(/\nDA:40,0\n[\s\S]*\nLF:26\nLH:24\nend_of_record\n$/);
  });
});

describe("a trace", () => {
  const call = small(0x10, 0, 0x1a, 0x41, 4, 0x28, 2, 8, 0x20, 0, 0x6a);
  const trace = (what: "instructions" | "calls", max: number) => {
    const program = unwrap(programOf(call, () => () => [{ type: "i32", value: 7 }]));
    const lines: string[] = [];
    const probe = tracer({ ...describedBy(program), write: (line) => void lines.push(line), max, what });
    const run = unwrap(GuestRun.open(program, "f", [{ type: "i32", value: 5 }], probe));
    expect(run.advance(100)).toEqual({ kind: "returned", values: [{ type: "i32", value: 5 }] });
    return lines.map((line) => line.trim().replace(/0x[0-9a-f]+ (?=[a-z])/, ""));
  };

  it("shows calls, instructions, and where memory is read", () => {
    expect(trace("instructions", 100)).toEqual([
      "0 f(i32 5 (0x5))",
      "0 call 0",
      "1 drop",
      "2 i32.const 4",
      "3 i32.load offset=8 at 0x4",
      "4 local.get 0",
      "5 i32.add",
      "6 end",
    ]);
  });

  it("stops writing, not running, after its number of lines", () => {
    expect(trace("instructions", 2)).toEqual([
      "0 f(i32 5 (0x5))",
      "0 call 0",
      "1 drop",
      "… more than 2 lines are not shown",
    ]);
    expect(trace("calls", 10)).toEqual(["0 f(i32 5 (0x5))"]);
  });
});
