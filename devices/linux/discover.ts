/**
 * The temperature inputs of this machine as entries for a board description, for provisioning. Two inputs that no
 * match could tell apart (two disks of one model) give one entry: a description never depends on their order.
 */
import { type ResourceName, resourceName } from "../../runtime/kernel/brand.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { listHwmon } from "./hwmon.ts";
import { listThermal } from "./thermal.ts";

export type DiscoveredSensor =
  | {
      readonly name: ResourceName;
      readonly driver: "hwmon";
      readonly match: { readonly chip: string; readonly label: string };
    }
  | { readonly name: ResourceName; readonly driver: "thermal"; readonly zone: string };

const DISCOVERED_MAX = 128;

export function discoverSensors(sysRoot = "/sys"): readonly DiscoveredSensor[] {
  const found = new Map<string, DiscoveredSensor>();
  for (const { chip, label } of listHwmon(sysRoot)) {
    const name = nameOf(`${chip}-${label}`);
    if (name !== undefined && !found.has(name)) found.set(name, { name, driver: "hwmon", match: { chip, label } });
  }
  for (const { type } of listThermal(sysRoot)) {
    const name = nameOf(`zone-${type}`);
    if (name !== undefined && !found.has(name)) found.set(name, { name, driver: "thermal", zone: type });
  }
  return [...found.values()].slice(0, DISCOVERED_MAX);
}

function nameOf(text: string): ResourceName | undefined {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 64);
  const name = parseShape(resourceName, slug, "a sensor's name");
  return name.ok ? name.value : undefined;
}
