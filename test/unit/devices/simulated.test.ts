/** The simulated world: deterministic in memory, and a directory in which another process can be the world. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBoard, QUALITY } from "../../../devices/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../fakes/clock.ts";
import { BOARD, boardOf, openRig } from "./rig.ts";

function valuesOf(wave: Readonly<Record<string, unknown>>, stepMs: number, count: number): (number | undefined)[] {
  const { board, clock } = openRig({ ...BOARD, sensors: [{ name: "it", driver: "simulated", unit: "celsius", wave }] });
  return Array.from({ length: count }, () => {
    const reading = board.sensors.get("it")?.read();
    clock.advance(stepMs);
    return reading instanceof Promise || reading === undefined ? undefined : Math.round(reading.value * 1000) / 1000;
  });
}

describe("a simulated sensor", () => {
  it("follows its wave on the board's own clock, the same each time", () => {
    expect(valuesOf({ kind: "sine", mean: 20, amplitude: 5, periodMs: 4000 }, 1000, 5)).toEqual([20, 25, 20, 15, 20]);
    expect(valuesOf({ kind: "ramp", from: 0, to: 10, durationMs: 1000 }, 500, 4)).toEqual([0, 5, 10, 10]);
    expect(valuesOf({ kind: "ramp", from: 0, to: 10, durationMs: 1000, repeat: true }, 500, 4)).toEqual([0, 5, 0, 5]);
    expect(valuesOf({ kind: "sequence", values: [1, 2], stepMs: 100 }, 100, 4)).toEqual([1, 2, 2, 2]);
    expect(valuesOf({ kind: "sequence", values: [1, 2], stepMs: 100, repeat: true }, 100, 4)).toEqual([1, 2, 1, 2]);
  });

  it("never passes for the physical world", () => {
    const { board } = openRig();
    expect(board.sensors.get("room")).toMatchObject({ real: false });
    expect(board.sensors.get("room")?.read()).toMatchObject({ quality: QUALITY.SIMULATED, value: 21.5 });
  });

  it("is overridden while the world says so, and follows its description again afterwards", () => {
    const { board, world } = openRig();
    const room = board.sensors.get("room");
    world.setSensor("room", 99);
    expect(room?.read()).toMatchObject({ value: 99 });
    world.setSensor("room", undefined);
    expect(room?.read()).toMatchObject({ value: 21.5 });
  });

  it("without a value has none, instead of zero", () => {
    expect(openRig().board.sensors.get("silent")?.read()).toBeUndefined();
  });
});

/** A board over a directory; the test is the other process and touches files only. */
function openDirectory(document: unknown = BOARD) {
  const root = mkdtempSync(join(tmpdir(), "sallyport-world-"));
  const clock = new SteppingClock();
  const open = () => {
    const board = unwrap(openBoard(unwrap(boardOf(document)), { clock, simulatedDirectory: root }));
    onTestFinished(() => board.close());
    return board;
  };
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (...parts: string[]) => join(root, ...parts);
  return {
    clock,
    open,
    write: (file: string, text: string) => writeFileSync(path(file), text),
    read: (file: string) => readFileSync(path(file), "utf8"),
    path,
    history: () =>
      readFileSync(path("history.ndjson"), "utf8")
        .split("\n")
        .filter((one) => one !== "")
        .map((one) => JSON.parse(one)),
  };
}

describe("a world in a directory", () => {
  it("is measured anew at each reading", () => {
    const { open, write } = openDirectory();
    const room = open().sensors.get("room");
    expect(room?.read()).toMatchObject({ value: 21.5 });
    write("sensors/room", "30.25\n");
    expect(room?.read()).toMatchObject({ value: 30.25 });
    write("sensors/room", `${0.1 + 0.2}`);
    expect(room?.read()).toMatchObject({ value: 0.1 + 0.2 });
    write("sensors/room", "-1e-7");
    expect(room?.read()).toMatchObject({ value: -1e-7 });
  });

  it("caught in the middle of writing repeats the last value and says that it is stale", () => {
    const { open, write } = openDirectory();
    const room = open().sensors.get("room");
    write("sensors/room", "30");
    room?.read();
    write("sensors/room", "");
    expect(room?.read()).toMatchObject({ value: 30, quality: QUALITY.SIMULATED | QUALITY.STALE });
  });

  it("that writes nonsense gives an error, not a number", () => {
    const { open, write } = openDirectory();
    const room = open().sensors.get("room");
    write("sensors/room", "warm");
    expect(() => room?.read()).toThrow(/warm/);
  });

  it("sees what the board drives, from the safe level at the start on", () => {
    const { open, read, history, clock } = openDirectory();
    const fan = open().lines.get("fan");
    expect(read("lines/fan").trim()).toBe("0");
    if (fan?.dir === "out") fan.set(1, "set by a test");
    expect(read("lines/fan").trim()).toBe("1");
    expect(history().filter((one) => one.line === "fan")).toEqual([
      { t: clock.now(), line: "fan", level: 0, why: "board opened" },
      { t: clock.now(), line: "fan", level: 1, why: "set by a test" },
    ]);
  });

  it("finds outputs safe again after the agent was killed with one of them on", () => {
    const { open, read } = openDirectory();
    const fan = open().lines.get("fan");
    if (fan?.dir === "out") fan.set(1, "set by a test");
    open();
    expect(read("lines/fan").trim()).toBe("0");
  });

  it("cannot talk the board out of the level it drives", () => {
    const { open, write } = openDirectory();
    const fan = open().lines.get("fan");
    if (fan?.dir === "out") fan.set(1, "set by a test");
    write("lines/fan", "0\n");
    expect(fan?.get()).toBe(1);
  });

  it("presses a button and the board gets the edge", async () => {
    const { open, write } = openDirectory();
    const button = open().lines.get("button");
    const { promise, resolve } = Promise.withResolvers<number>();
    const stop = button?.dir === "in" ? button.onEdge(resolve) : undefined;
    write("lines/button", "1\n");
    expect(await promise).toBe(1);
    expect(button?.get()).toBe(1);
    stop?.();
  });

  it("that writes nonsense on an input leaves the last level standing", () => {
    const { open, write } = openDirectory();
    const button = open().lines.get("button");
    write("lines/button", "1");
    expect(button?.get()).toBe(1);
    write("lines/button", "maybe");
    expect(button?.get()).toBe(1);
  });

  it("keeps its history bounded, on disk too", () => {
    const { open, path, history } = openDirectory();
    const first = open();
    first.close();
    appendFileSync(path("history.ndjson"), `${JSON.stringify({ line: "x" })}\n`.repeat(400_000));
    const fan = open().lines.get("fan");
    if (fan?.dir === "out") fan.set(1, "set by a test");
    expect(history().length).toBeLessThan(10);
    expect(readFileSync(path("history.1.ndjson"), "utf8").length).toBeGreaterThan(4_000_000);
  });

  it("and one in memory show the same to the board", () => {
    const onDisk = openDirectory().open();
    const { board: inMemory } = openRig();
    for (const board of [onDisk, inMemory]) {
      const edges: number[] = [];
      const button = board.lines.get("button");
      const fan = board.lines.get("fan");
      const stop = button?.dir === "in" ? button.onEdge((level) => void edges.push(level)) : undefined;
      board.simulated.drive("button", 1);
      board.simulated.drive("button", 1);
      board.simulated.drive("button", 0);
      stop?.();
      board.simulated.drive("button", 1);
      if (fan?.dir === "out") for (const level of [1, 1, 0] as const) fan.set(level, "set by a test");
      board.simulated.setSensor("silent", 7);
      expect(edges).toEqual([1, 0]);
      expect(board.simulated.history("fan").map((one) => one.level)).toEqual([0, 1, 0]);
      expect(board.sensors.get("silent")?.read()).toMatchObject({ value: 7 });
    }
  });
});
