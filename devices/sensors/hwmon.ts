/** A temperature of a hwmon chip, found by chip name and label; found anew when the chip was re-bound or plugged in. */
import type { Clock } from "../../runtime/kernel/world.ts";
import type { SensorDescription } from "../board.ts";
import { listHwmon } from "../linux/hwmon.ts";
import type { SensorPort } from "./port.ts";
import { temperatureFile } from "./temperature.ts";

type Description = Extract<SensorDescription, { driver: "hwmon" }>;

export function hwmonSensor(description: Description, sysRoot: string, clock: Clock): SensorPort {
  const { chip, label } = description.match;
  const locate = () =>
    listHwmon(sysRoot).find(
      (one) => (chip === undefined || one.chip === chip) && (label === undefined || one.label === label),
    )?.path;
  const wanted = `hwmon ${chip ?? "any chip"} ${label ?? "any label"}`;
  return temperatureFile({ name: description.name, driver: "hwmon", wanted, locate, clock });
}
