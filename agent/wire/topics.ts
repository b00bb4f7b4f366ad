/**
 * Every topic of the protocol, once (DESIGN section 7): `sp/1/<tenant>/<device>/{up,dn}/…`. A broker's ACL is two lines:
 * a device writes `up/#` and reads `dn/#` below its own prefix.
 */
import type { DeviceId, TenantId } from "../../runtime/kernel/brand.ts";

export function topicsOf(tenant: TenantId, device: DeviceId) {
  const up = `sp/1/${tenant}/${device}/up`;
  const dn = `sp/1/${tenant}/${device}/dn`;
  return {
    /** Retained; the will says `lost`. */
    state: `${up}/state`,
    birth: `${up}/birth`,
    moduleState: (module: string) => `${up}/mod/${module}/state`,
    moduleGrants: (module: string) => `${up}/mod/${module}/grants`,
    job: (id: string) => `${up}/job/${id}`,
    telemetry: (module: string, channel: string) => `${up}/tm/${module}/${channel}`,
    event: (type: string) => `${up}/ev/${type}`,
    log: (module: string) => `${up}/log/${module}`,
    /** The signed version manifest, retained. */
    versions: `${up}/versions`,
    /** The runtime attestation, a DSSE envelope: retained of its own accord, not retained as an answer to a nonce. */
    attestation: `${up}/att`,
    result: (id: string) => `${up}/res/${id}`,
    allUp: `${up}/#`,
    /** Untrusted: "look at TUF now". */
    hint: `${dn}/hint`,
    command: (verb: string) => `${dn}/cmd/${verb}`,
    commands: `${dn}/cmd/+`,
    /** Data for a module's subscribed channel: data, never authority. */
    channel: (module: string, channel: string) => `${dn}/ch/${module}/${channel}`,
    channels: `${dn}/ch/+/+`,
  };
}
export type Topics = ReturnType<typeof topicsOf>;

/** The part of a topic after `…/<device>/`, split into levels; undefined for a topic of another device or scheme. */
export function levelsBelow(tenant: TenantId, device: DeviceId, topic: string): readonly string[] | undefined {
  const prefix = `sp/1/${tenant}/${device}/`;
  return topic.startsWith(prefix) ? topic.slice(prefix.length).split("/") : undefined;
}
