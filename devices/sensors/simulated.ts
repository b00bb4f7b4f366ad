/** A sensor of the simulated world: the world's own value when it has one, else the wave of the board description. */
import type { Clock } from "../../runtime/kernel/world.ts";
import type { SensorDescription } from "../board.ts";
import { type Wave, waveAt } from "../simulated/wave.ts";
import type { SimulatedWorld } from "../simulated/world.ts";
import { nanoseconds, QUALITY, type SensorPort, UNITS } from "./port.ts";

type Description = Extract<SensorDescription, { driver: "simulated" }>;

export function simulatedSensor(description: Description, world: SimulatedWorld, clock: Clock): SensorPort {
  const { name, unit } = description;
  const wave = waveOf(description);
  const openedAt = clock.monotonic();
  return {
    name,
    driver: "simulated",
    unit,
    real: false,
    present: () => true,
    read() {
      const own = world.sensor(name);
      if (own === undefined && wave === undefined) return undefined;
      const value = own?.value ?? (wave === undefined ? 0 : waveAt(wave, clock.monotonic() - openedAt));
      const quality = QUALITY.SIMULATED | (own?.stale === true ? QUALITY.STALE : 0);
      return { value, timeNs: nanoseconds(clock.now()), quality, unit: UNITS[unit] };
    },
  };
}

function waveOf({ value, wave }: Description): Wave | undefined {
  return value === undefined ? wave : { kind: "constant", value };
}
