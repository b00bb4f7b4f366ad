/**
 * What hwmon and thermal zones share: a file in millidegrees Celsius whose path may move. The path is kept while it
 * works; after a failure it is looked for again.
 */
import type { ResourceName } from "../../runtime/kernel/brand.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import { fault } from "../faults.ts";
import { readDecimal } from "../linux/read.ts";
import { nanoseconds, type SensorPort, UNITS } from "./port.ts";

/** Absolute zero, and more than any part of a board survives: outside of it the driver is reporting an error. */
const CELSIUS = { min: -273.15, max: 1000 };

export function temperatureFile(options: {
  readonly name: ResourceName;
  readonly driver: "hwmon" | "thermal";
  readonly wanted: string;
  readonly locate: () => string | undefined;
  readonly clock: Clock;
}): SensorPort {
  const { name, driver, wanted, locate, clock } = options;
  let path = locate();
  return {
    name,
    driver,
    unit: "celsius",
    real: true,
    present() {
      path ??= locate();
      return path !== undefined;
    },
    async read() {
      path ??= locate();
      if (path === undefined) throw fault("DEVICE_SENSOR_ABSENT", { name, wanted });
      try {
        const value = (await readDecimal(path)) / 1000;
        if (value < CELSIUS.min || value > CELSIUS.max) throw fault("DEVICE_READING_REFUSED", { path, found: value });
        return { value, timeNs: nanoseconds(clock.now()), quality: 0, unit: UNITS.celsius };
      } catch (error) {
        path = undefined;
        throw error;
      }
    },
  };
}
