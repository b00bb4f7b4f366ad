/** What the debugger's commands say, without a terminal. */
import { describe, expect, it } from "vitest";
import { COMMANDS, findCommand } from "../../../../agent/cli/debug/commands.ts";
import { Session } from "../../../../agent/cli/debug/session.ts";
import { type Program, programOf, readNames, sourceInfoOf } from "../../../../runtime/debug/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { readings, small, sources } from "../../runtime/debug/rig.ts";

function talk(program: Program, entry = "_start", args: readonly number[] = []) {
  const said: string[] = [];
  const { module } = program.valid;
  const info = sourceInfoOf(module);
  const names = readNames(module).spaces.function;
  const session = new Session({
    call: {
      program,
      entry,
      args: args.map((value) => ({ type: "i32", value })),
      freshHosts: () => program.hosts,
    },
    ...(info === undefined ? {} : { info }),
    names: (f) => names.get(f),
    sources,
    say: (line) => void said.push(line),
    interrupted: () => Promise.resolve(false),
  });
  /** Carries out one command after the other, and gives what the last one said. */
  return async (...commands: readonly string[]) => {
    for (const text of commands) {
      const [word = "", ...words] = text.split(" ");
      const command = findCommand(word);
      if (!("run" in command)) throw new Error(`no command ${word}`);
      said.length = 0;
      await command.run(session, words);
    }
    return said.join("\n");
  };
}

const c = (...args: readonly string[]) => talk(readings(...args).program);

describe("commands", () => {
  it("may be shortened as far as they are their own", () => {
    const nameOf = (word: string) => {
      const found = findCommand(word);
      return "run" in found ? found.name : found.map(({ name }) => name);
    };
    expect(["b", "br", "c", "s", "n", "bt", "ba", "cont", "p", "back", "zzz"].map(nameOf)).toEqual([
      ...["break", "break", "continue", "step", "next", "backtrace"],
      ["back", "backi", "backtrace"],
      ...["continue", "print", "back"],
      [],
    ]);
  });

  it("have names and short forms of their own", () => {
    const words = COMMANDS.flatMap(({ name, short }) => (short === undefined ? [name] : [name, short]));
    expect(new Set(words).size).toBe(words.length);
  });

  it("say what was not understood instead of guessing", async () => {
    const say = c("1");
    expect(await say("break nowhere")).toBe("there is no code at nowhere");
    expect(await say("break nofile.c:3")).toBe("there is no code at nofile.c:3");
    expect(await say("delete 7")).toBe("there is no breakpoint or watch 7");
    expect(await say("watch 0xffffffff 4")).toMatch(/^no such memory/);
    expect(await say("memory 0xfffffffff")).toMatch(/^no such memory/);
    expect(await say("step -1")).toBe("not a number of steps: -1");
    expect(await say("print nothing")).toBe("there is no nothing here");
    expect(await say("frame 99")).toBe("no such frame");
  });
});

describe("a C program", () => {
  it("shows where it stands, with the text of the line", async () => {
    expect(await c("5", "6")("b smooth", "run")).toBe(
      "breakpoint 1\n#0 smooth at readings.c:32\n32\t  int mixed = 3 * previous + value;",
    );
  });

  it("shows variables of each frame as C writes them", async () => {
    const say = c("5", "99");
    await say("b readings.c:21", "r", "c", "next");
    expect(await say("locals")).toMatch(/^value = 99\nat = .*0x[0-9a-f]+/);
    expect(await say("print readings")).toMatch(
      /^readings = \{\{value = 5, quality = GOOD\}, \{value = 99, quality = DOUBTFUL\}/,
    );
    expect(await say("up")).toMatch(/^#1 main at readings\.c:37/);
    expect(await say("print i")).toBe("i = 2");
  });

  it("has its former values again when it is taken back", async () => {
    const say = c("40", "8");
    await say("b readings.c:45", "r", "c");
    expect(await say("p level")).toBe("level = 32");
    expect(await say("rc", "p level")).toBe("level = 40");
    expect(await say("c", "p level")).toBe("level = 32");
  });

  it("is walked through the same lines forwards and backwards", async () => {
    const say = c("5", "6");
    await say("b main", "r", "d 1");
    const line = (text: string) => /#0 (\S+ at \S+)/.exec(text)?.[1];
    const there: unknown[] = [];
    for (let n = 0; n < 15; n += 1) there.push(line(await say("step")));
    const back: unknown[] = [];
    for (let n = 0; n < 14; n += 1) back.push(line(await say("back")));
    expect(back).toEqual(there.slice(0, -1).reverse());
  });

  it("says who wrote to what is watched", async () => {
    const say = c("5", "6");
    expect(await say("b main", "r", "watch count")).toMatch(/^watch 2: 4 bytes at 0x[0-9a-f]+$/);
    expect(await say("c")).toMatch(/00 00 00 00 -> 01 00 00 00\n {2}written by add at 0x[0-9a-f]+ \(readings\.c:22\)/);
  });

  it("ends with its status, and can be run again", async () => {
    const say = c("5");
    expect(await say("run")).toMatch(/^the program ended with status 0 after \d+ instructions$/);
    expect(await say("next")).toMatch(/^the program is over/);
    expect(await say("b main", "run")).toMatch(/^breakpoint 1\n#0 main/);
  });

  it("lists its text, on and on", async () => {
    const say = c("5");
    expect(await say("b smooth", "r", "list")).toMatch(/27\t.*[\s\S]*-> {3}32\t/);
    expect(await say("list")).toMatch(/^ {5}38\t/);
    expect(await say("list 9999")).toMatch(/has \d+ lines$/);
  });
});

describe("a program without lines", () => {
  const divide = unwrap(programOf(small(0x41, 7, 0x20, 0, 0x6d), () => () => []));

  it("is stepped by instruction and shows them", async () => {
    const say = talk(divide, "f", [2]);
    expect(await say("step")).toMatch(/^#0 f at 0x[0-9a-f]+\n0x[0-9a-f]+\tlocal\.get 0$/);
    expect(await say("disassemble")).toMatch(/i32\.const 7\n-> .*local\.get 0\n.*i32\.div_s/);
    expect(await say("locals")).toBe("$0 = i32 2 (0x2)");
    expect(await say("p $0")).toBe("$0 = i32 2 (0x2)");
    expect(await say("continue")).toBe("the call returned i32 3 (0x3)");
  });

  it("stands at the instruction that trapped", async () => {
    const say = talk(divide, "f", [0]);
    expect(await say("c")).toMatch(/^TRAP_DIVIDE_BY_ZERO: [\s\S]*\n0x[0-9a-f]+\ti32\.div_s$/);
  });

  it("stops at functions by index and at bytes by offset", async () => {
    const say = talk(divide, "f", [2]);
    expect(await say("break #1")).toMatch(/^breakpoint 1: f at 0x/);
    const offset = /\*?(0x[0-9a-f]+)/.exec(await say("stepi"))?.[1];
    expect(await say(`break *${offset}`)).toBe(`breakpoint 2: f at ${offset}`);
    expect(await say("break *0x99999")).toMatch(/^there is no code/);
  });
});
