/** The temperature of a thermal zone, found by its type; the first zone when none is named. */
import type { Clock } from "../../runtime/kernel/world.ts";
import type { SensorDescription } from "../board.ts";
import { listThermal } from "../linux/thermal.ts";
import type { SensorPort } from "./port.ts";
import { temperatureFile } from "./temperature.ts";

type Description = Extract<SensorDescription, { driver: "thermal" }>;

export function thermalSensor(description: Description, sysRoot: string, clock: Clock): SensorPort {
  const { zone } = description;
  const locate = () => listThermal(sysRoot).find((one) => zone === undefined || one.type === zone)?.path;
  const wanted = `thermal zone ${zone ?? "of any type"}`;
  return temperatureFile({ name: description.name, driver: "thermal", wanted, locate, clock });
}
