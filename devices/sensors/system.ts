/** The machine's own metrics as sensors: load, memory, uptime. Real on every Linux board, laptops and containers too. */
import type { Clock } from "../../runtime/kernel/world.ts";
import type { SensorDescription } from "../board.ts";
import { hasMetric, type Metric, readMetric } from "../linux/proc.ts";
import { nanoseconds, type SensorPort, UNITS, type Unit } from "./port.ts";

type Description = Extract<SensorDescription, { driver: "system" }>;

const UNIT_OF: Readonly<Record<Metric, Unit>> = {
  "load-1m": "ratio",
  "memory-pressure": "percent",
  "memory-available": "bytes",
  uptime: "seconds",
};

export function systemSensor(description: Description, procRoot: string, clock: Clock): SensorPort {
  const { name, metric } = description;
  const unit = UNIT_OF[metric];
  return {
    name,
    driver: "system",
    unit,
    real: true,
    present: () => hasMetric(procRoot, metric),
    async read() {
      const value = await readMetric(procRoot, metric);
      return { value, timeNs: nanoseconds(clock.now()), quality: 0, unit: UNITS[unit] };
    },
  };
}
