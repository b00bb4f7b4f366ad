/**
 * What the agent does for a module behind its granted capabilities: channels become topics of this device, key-value
 * pairs become rows. A call at QoS 1 and every key-value write answers only after its row is committed (DESIGN section 7).
 */
import type { ModuleServices } from "../devices/index.ts";
import { SP } from "../runtime/index.ts";
import type { ModuleName } from "../runtime/kernel/brand.ts";
import type { Uplink } from "./link/uplink.ts";
import type { Memory } from "./memory.ts";
import type { Topics } from "./wire/index.ts";

export interface ModuleServicesOptions {
  readonly memory: Memory;
  readonly uplink: Pick<Uplink, "publishNow" | "kick">;
  readonly topics: Topics;
}

/** Of the module's own telemetry; the agent's reports go first. */
const TELEMETRY_PRIORITY = 5;

export function createModuleServices({ memory, uplink, topics }: ModuleServicesOptions): {
  of(module: ModuleName): ModuleServices;
} {
  return {
    of: (module) => ({
      async publish(channel, payload, qos, retain) {
        const topic = topics.telemetry(module, channel);
        if (qos === 0) {
          uplink.publishNow(topic, payload, retain);
          return 0;
        }
        const row = { topic, payload, retain, priority: TELEMETRY_PRIORITY };
        const result = await memory.commit(() => (memory.outbox.append(row) ? 0 : SP.EQUOTA));
        uplink.kick();
        return result;
      },
      subscribe: () => undefined,
      kvGet: (key) => memory.kv.get(module, key),
      kvSet: (key, value, limitBytes) =>
        memory.commit(() => (memory.kv.set(module, key, value, limitBytes) ? 0 : SP.EQUOTA)),
      kvDelete: (key) => memory.commit(() => (memory.kv.delete(module, key) ? 0 : SP.ENOENT)),
    }),
  };
}
