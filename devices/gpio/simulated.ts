/** Lines of the simulated world. */
import type { ResourceName } from "../../runtime/kernel/brand.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import { nanoseconds } from "../sensors/port.ts";
import type { SimulatedWorld } from "../simulated/world.ts";
import type { InputLine, OutputLine } from "./port.ts";

export function simulatedInput(name: ResourceName, world: SimulatedWorld, clock: Clock): InputLine {
  return {
    name,
    driver: "simulated",
    dir: "in",
    real: false,
    get: () => world.level(name),
    onEdge: (listener) => world.onEdge(name, (level) => listener(level, nanoseconds(clock.now()))),
  };
}

export function simulatedOutput(name: ResourceName, world: SimulatedWorld): OutputLine {
  return {
    name,
    driver: "simulated",
    dir: "out",
    real: false,
    get: () => world.level(name),
    set: (level, why) => world.assert(name, level, why),
  };
}
