/** The agent's log: JSON lines on standard error, from the level that was asked for. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { verb } from "../../../agent/cli/agent-run.ts";
import { jsonLog } from "../../../runtime/kernel/node-world.ts";

describe("the log", () => {
  it.each([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["error", ["error"]],
  ] as const)("from %s on is one JSON object a line, with time, level and facts", (least, expected) => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stderr, "write").mockImplementation((line) => lines.push(String(line)) > 0);
    onTestFinished(() => spy.mockRestore());
    const log = jsonLog(least);
    for (const level of ["debug", "info", "warn", "error"] as const) log(level, "happened", { n: 1 });
    spy.mockRestore();
    const said = lines.map((line) => JSON.parse(line));
    expect(said.map((one) => one.level)).toEqual(expected);
    expect(said[0]).toMatchObject({ what: "happened", n: 1, t: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1)).toBe(true);
  });

  it("of the agent begins at info unless told otherwise", () => {
    expect(verb.options["log"]?.default).toBe("info");
  });
});
