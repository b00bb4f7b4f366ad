/**
 * What an imported function needs before a call of it succeeds, in the words of grants; for WASI, in plain words. Only
 * for showing: what a call is granted is decided where it is answered.
 */
import { hostModule } from "../../devices/index.ts";
import { signatureOf } from "../../runtime/index.ts";
import type { HostImport } from "../../runtime/tool/index.ts";

/** Of `sallyport_v1`; the empty text stands for nothing. */
const NEEDS: Readonly<Record<string, string>> = {
  abi_version: "",
  log: "",
  clock_now: "clock",
  random_get: "random",
  identity_get: "identity",
  event_read: "",
  cap_query: "",
  gpio_open: "gpio",
  gpio_get: "gpio",
  gpio_set: "gpio",
  gpio_watch: "gpio",
  sensor_open: "sensor",
  sensor_read: "sensor",
  sensor_watch: "sensor",
  mqtt_publish: "publish",
  mqtt_subscribe: "subscribe",
  kv_get: "kv",
  kv_set: "kv",
  kv_delete: "kv",
  handle_close: "",
};

/** Undefined for what this host does not have. */
export function hostImport(module: string, name: string): HostImport | undefined {
  if (module !== hostModule.name) return undefined;
  const found = hostModule.functions.find((one) => one.name === name);
  if (found === undefined) return undefined;
  const { params, results } = signatureOf(found);
  const type = `(${params.join(", ")}) -> (${results.join(", ")})`;
  const needs = NEEDS[name];
  return needs === undefined || needs === "" ? { type } : { type, capability: needs };
}

/** For the test that the table is complete. */
export const needsAreKnown = (name: string): boolean => Object.hasOwn(NEEDS, name);
