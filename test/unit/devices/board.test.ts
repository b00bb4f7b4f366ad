/** A board description is believed only as far as it is whole, and opening a board leaves nothing switched on. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBoard } from "../../../devices/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../fakes/clock.ts";
import { BOARD, boardOf, openRig } from "./rig.ts";

const directoriesIn = (document: unknown) =>
  unwrap(openBoard(unwrap(boardOf(document)), { clock: new SteppingClock() })).directories;

function refusal(document: unknown) {
  const result = boardOf(document);
  expect(result.ok).toBe(false);
  return result.ok ? undefined : result.error;
}

describe("a board description", () => {
  it("that names one line twice is refused: nobody could say which one a grant means", () => {
    const twice = [...BOARD.lines, { name: "fan", driver: "simulated", dir: "in" }];
    expect(refusal({ ...BOARD, lines: twice })?.code).toBe("DEVICE_BOARD_REFUSED");
  });

  it("for a newer release says which driver is missing and for which sensor", () => {
    const error = refusal({ ...BOARD, sensors: [{ name: "roof", driver: "iio", channel: 3 }] });
    expect(error?.code).toBe("DEVICE_DRIVER_UNKNOWN");
    expect(error?.facts).toMatchObject({ name: "roof", driver: "iio" });
  });

  it("has directories by name in one place, none of them a path of its own", () => {
    const more = { dataDirectory: "/srv/data", directories: [{ name: "spool" }, { name: "maps", path: "Maps.2" }] };
    expect([...directoriesIn({ ...BOARD, ...more })]).toEqual([
      ["spool", "/srv/data/spool"],
      ["maps", "/srv/data/Maps.2"],
    ]);
    for (const path of ["..", ".", "a/b", "/etc", "", ".git"]) {
      refusal({ ...BOARD, ...more, directories: [{ name: "spool", path }] });
    }
    refusal({ ...BOARD, ...more, directories: [{ name: "spool" }, { name: "spool", path: "other" }] });
    refusal({ ...BOARD, ...more, dataDirectory: "srv" });
    refusal({ ...BOARD, directories: more.directories });
  });

  it("that leads a module into the agent's own directory, or around it, is refused however it is spelled", () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-place-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "agent", "state"), { recursive: true });
    symlinkSync(join(folder, "agent"), join(folder, "way"));
    const opened = (dataDirectory: string, path: string) => {
      const document = { ...BOARD, dataDirectory, directories: [{ name: "spool", path }] };
      const keepOut = join(folder, "agent");
      const board = openBoard(unwrap(boardOf(document)), { clock: new SteppingClock(), keepOut });
      return board.ok ? "opened" : board.error.code;
    };
    const refused = "DEVICE_DIRECTORY_REFUSED";
    expect(opened(folder, "agent")).toBe(refused);
    expect(opened(folder, "way")).toBe(refused);
    expect(opened(join(folder, "way"), "state")).toBe(refused);
    expect(opened(join(folder, "way"), "not-there-yet")).toBe(refused);
    expect(opened(join(folder, ".."), folder.slice(folder.lastIndexOf("/") + 1))).toBe(refused);
    expect(opened(folder, "agents")).toBe("opened");
  });

  it("keeps the cause of its refusal", () => {
    const error = refusal({ ...BOARD, surprise: 1 });
    expect(error?.code).toBe("DEVICE_BOARD_REFUSED");
    expect(error?.cause).toMatchObject({ code: "SHAPE_MISMATCH" });
  });

  it.each([
    ["a name that would leave the simulated directory", { name: "../fan", driver: "simulated", dir: "out" }],
    ["a line that is neither input nor output", { name: "fan", driver: "simulated", dir: "both" }],
    ["a driver from the prototype", { name: "fan", driver: "constructor", dir: "out" }],
  ])("with %s is refused", (_, line) => {
    refusal({ ...BOARD, lines: [line] });
  });

  it.each([
    ["matches every chip", { name: "a", driver: "hwmon", match: {} }],
    [
      "has a value and a wave",
      { name: "a", driver: "simulated", unit: "lux", value: 1, wave: { kind: "constant", value: 1 } },
    ],
    [
      "has a wave without a period",
      { name: "a", driver: "simulated", unit: "lux", wave: { kind: "sine", mean: 1, amplitude: 1, periodMs: 0 } },
    ],
    ["has a unit no guest knows", { name: "a", driver: "simulated", unit: "furlong" }],
  ])("whose sensor %s is refused", (_, sensor) => {
    expect(refusal({ ...BOARD, sensors: [sensor] })?.code).toBe("DEVICE_BOARD_REFUSED");
  });

  it("larger than any honest one is refused before it is read", () => {
    expect(refusal({ ...BOARD, profile: "x".repeat(300_000) })?.cause).toMatchObject({ code: "SHAPE_TOO_LARGE" });
  });
});

describe("opening a board", () => {
  it("drives every output to its safe level, low when none is named, and leaves keep alone", () => {
    const lines = [
      { name: "heater", driver: "simulated", dir: "out" },
      { name: "vent", driver: "simulated", dir: "out", safe: "high" },
      { name: "lamp", driver: "simulated", dir: "out", safe: "keep" },
    ];
    const { world } = openRig({ ...BOARD, lines });
    expect(world.history().map(({ line, level, why }) => ({ line, level, why }))).toEqual([
      { line: "heater", level: 0, why: "board opened" },
      { line: "vent", level: 1, why: "board opened" },
    ]);
  });

  it("does not fail for hardware that is not there, and says nothing of it at birth", () => {
    const { board } = openRig();
    expect(board.sensors.get("absent")?.present()).toBe(false);
    expect(board.facts()).toEqual({
      sensors: [
        { name: "room", driver: "simulated", unit: "celsius", real: false },
        { name: "silent", driver: "simulated", unit: "lux", real: false },
      ],
      lines: [
        { name: "fan", driver: "simulated", dir: "out", real: false },
        { name: "pump", driver: "simulated", dir: "out", real: false },
        { name: "button", driver: "simulated", dir: "in", real: false },
      ],
    });
  });

  it("in a directory that cannot be made is a refusal with its cause, not a crash", () => {
    const directory = mkdtempSync(join(tmpdir(), "sallyport-world-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    writeFileSync(join(directory, "file"), "");
    const simulatedDirectory = join(directory, "file", "world");
    const opened = openBoard(unwrap(boardOf(BOARD)), { clock: new SteppingClock(), simulatedDirectory });
    expect(opened.ok).toBe(false);
    if (opened.ok) return;
    expect(opened.error.code).toBe("DEVICE_WORLD_UNUSABLE");
    expect(opened.error.cause).toMatchObject({ code: "ENOTDIR" });
  });
});
