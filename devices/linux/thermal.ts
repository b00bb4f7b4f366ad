/** Thermal zones of /sys/class/thermal: `type` names the zone, `temp` is in millidegrees. Cooling devices are left out. */
import { join } from "node:path";
import { listNames, readTextNow } from "./read.ts";

export interface ThermalZone {
  readonly type: string;
  readonly path: string;
}

const TYPE_MAX = 128;

export function listThermal(sysRoot: string): readonly ThermalZone[] {
  const root = join(sysRoot, "class", "thermal");
  return listNames(root)
    .filter((name) => /^thermal_zone\d+$/.test(name))
    .map((name) => ({
      type: (readTextNow(join(root, name, "type"), TYPE_MAX) ?? name).trim(),
      path: join(root, name, "temp"),
    }));
}
