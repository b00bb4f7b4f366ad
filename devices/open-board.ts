/**
 * From a board description to open lines and sensors. Opening drives every output to its safe level, whatever a crash
 * left on it. Hardware that is not on this machine does not fail the board: a module that opens it gets SP_ENOENT.
 */
import { attemptSync, type Result } from "../runtime/kernel/result.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import { type BoardDescription, directoriesOf, type LineDescription, type SensorDescription } from "./board.ts";
import { fault } from "./faults.ts";
import { driveSafe, type LinePort } from "./gpio/port.ts";
import { simulatedInput, simulatedOutput } from "./gpio/simulated.ts";
import { lieInOneAnother } from "./linux/places.ts";
import { hwmonSensor } from "./sensors/hwmon.ts";
import type { SensorPort } from "./sensors/port.ts";
import { simulatedSensor } from "./sensors/simulated.ts";
import { systemSensor } from "./sensors/system.ts";
import { thermalSensor } from "./sensors/thermal.ts";
import { DirectoryWorld } from "./simulated/directory.ts";
import { MemoryWorld } from "./simulated/memory.ts";
import type { SimulatedWorld } from "./simulated/world.ts";

export interface BoardOptions {
  readonly clock: Clock;
  /** The directory in which another process plays the world; without it the simulated world is in memory. */
  readonly simulatedDirectory?: string;
  readonly sysRoot?: string;
  readonly procRoot?: string;
  /** The agent's own directory, in and around which no module is given one. */
  readonly keepOut?: string;
}

/** What a birth message says of a board; hardware that is not there is left out. */
export interface BoardFacts {
  readonly sensors: readonly {
    readonly name: SensorPort["name"];
    readonly driver: string;
    readonly unit: string;
    readonly real: boolean;
  }[];
  readonly lines: readonly {
    readonly name: LinePort["name"];
    readonly driver: string;
    readonly dir: "in" | "out";
    readonly real: boolean;
  }[];
}

export interface Board {
  readonly profile: string;
  readonly lines: ReadonlyMap<string, LinePort>;
  readonly sensors: ReadonlyMap<string, SensorPort>;
  /** The host's paths of directories by name; whether they are there is seen when a module is given one. */
  readonly directories: ReadonlyMap<string, string>;
  /** The world of the simulated drivers, for tests and scripts. */
  readonly simulated: SimulatedWorld;
  facts(): BoardFacts;
  /** Stops watching. Lines stay as they are: modules are released, and so made safe, before this. */
  close(): void;
}

/** Fails with DEVICE_WORLD_UNUSABLE or DEVICE_DIRECTORY_REFUSED only. */
export function openBoard(description: BoardDescription, options: BoardOptions): Result<Board> {
  return attemptSync(() => {
    const { clock, simulatedDirectory, sysRoot = "/sys", procRoot = "/proc", keepOut } = options;
    const directories = directoriesOf(description);
    if (keepOut !== undefined) checkPlaces(directories, keepOut);
    const world =
      simulatedDirectory === undefined ? new MemoryWorld(clock) : new DirectoryWorld(simulatedDirectory, clock);
    const open = (one: SensorDescription): SensorPort => {
      switch (one.driver) {
        case "simulated":
          return simulatedSensor(one, world, clock);
        case "hwmon":
          return hwmonSensor(one, sysRoot, clock);
        case "thermal":
          return thermalSensor(one, sysRoot, clock);
        case "system":
          return systemSensor(one, procRoot, clock);
      }
    };
    const lines = new Map(description.lines.map((one) => [one.name, openLine(one, world, clock)]));
    const sensors = new Map(description.sensors.map((one) => [one.name, open(one)]));
    return {
      profile: description.profile,
      lines,
      sensors,
      directories,
      simulated: world,
      facts: () => ({
        sensors: [...sensors.values()]
          .filter((one) => one.present())
          .map(({ name, driver, unit, real }) => ({ name, driver, unit, real })),
        lines: [...lines.values()].map(({ name, driver, dir, real }) => ({ name, driver, dir, real })),
      }),
      close: () => world.close(),
    };
  });
}

/** Throws DEVICE_DIRECTORY_REFUSED. */
function checkPlaces(directories: Board["directories"], agent: string): void {
  for (const [name, path] of directories) {
    if (lieInOneAnother(path, agent)) throw fault("DEVICE_DIRECTORY_REFUSED", { name, path, agent });
  }
}

function openLine(one: LineDescription, world: SimulatedWorld, clock: Clock): LinePort {
  if (one.dir === "in") return simulatedInput(one.name, world, clock);
  const line = simulatedOutput(one.name, world);
  driveSafe(line, one.safe ?? "low", "board opened");
  return line;
}
