/**
 * Temperature inputs of /sys/class/hwmon (kernel: Documentation/hwmon/sysfs-interface): temp<N>_input in millidegrees,
 * temp<N>_label where the driver has one. Fans, voltages and power are left out. hwmon numbers move between boots, so a
 * sensor is found by chip name and label, never by number.
 */
import { join } from "node:path";
import { listNames, readTextNow } from "./read.ts";

export interface HwmonInput {
  readonly chip: string;
  /** The driver's label, or `temp<N>` when it has none. */
  readonly label: string;
  readonly path: string;
}

const INPUT = /^(temp\d{1,3})_input$/;
const NAME_MAX = 128;

export function listHwmon(sysRoot: string): readonly HwmonInput[] {
  const root = join(sysRoot, "class", "hwmon");
  return listNames(root)
    .filter((name) => /^hwmon\d+$/.test(name))
    .flatMap((name) => {
      const directory = join(root, name);
      const chip = (readTextNow(join(directory, "name"), NAME_MAX) ?? name).trim();
      return listNames(directory).flatMap((file) => {
        const input = INPUT.exec(file)?.[1];
        if (input === undefined) return [];
        const label = readTextNow(join(directory, `${input}_label`), NAME_MAX)?.trim();
        return [{ chip, label: label === undefined || label === "" ? input : label, path: join(directory, file) }];
      });
    });
}
