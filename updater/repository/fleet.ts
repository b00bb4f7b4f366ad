/**
 * One assignment for many devices: the image repository, the director's roots and the keys are read once. Each device's
 * publication is its own, its timestamp the write that counts, so wherever it is cut off every device has its old state
 * or its new one.
 */
import type { Desired } from "../../runtime/kernel/authority/desired.ts";
import { type DeviceId, deviceId } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { assign, type Choose, openDesk, TOGETHER } from "./director.ts";
import type { DevicesDone } from "./refresh.ts";
import type { Workshop } from "./workshop.ts";

/** Devices that have the state already are passed over. Throws a Fault; then some devices have the new state. */
export async function assignAll(
  shop: Workshop,
  ids: readonly DeviceId[],
  choose: Choose,
  onProgress: DevicesDone = () => {},
): Promise<{ readonly changed: number }> {
  for (const id of ids) unwrap(parseShape(deviceId, id, "the device"));
  const desk = openDesk(shop, TOGETHER);
  let changed = 0;
  for (const [at, id] of ids.entries()) {
    onProgress(at, ids.length);
    const decide = (now: Desired | undefined) => {
      const modules = choose(now);
      if (now !== undefined && canonicalJson(now.modules) === canonicalJson(modules)) return undefined;
      changed += 1;
      return modules;
    };
    await assign(shop, id, decide, desk);
  }
  await desk.batch.finish();
  onProgress(ids.length, ids.length);
  return { changed };
}
