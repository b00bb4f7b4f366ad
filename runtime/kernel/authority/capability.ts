/**
 * What a capability is, as data. Three documents speak of capabilities: the manifest *wants* them (signed by the
 * publisher), the director *grants* them, the owner's policy sets a *ceiling*. All three are lists of the same tagged
 * records; rates and quotas are required in a wish and may be left out in a grant or ceiling, where absence means
 * "not narrowed further". There are no patterns: a line, sensor or channel is named or it is not covered.
 */
import { type ResourceName, resourceName } from "../brand.ts";
import { withDescription } from "../json-schema.ts";
import {
  array,
  boolean,
  type Infer,
  integer,
  number,
  object,
  oneOf,
  optional,
  refined,
  type Shape,
  schemaOf,
  variants,
} from "../shape.ts";

const hertz = number({ min: 0.0001, max: 100_000 });
const perMinute = integer({ min: 1, max: 600_000 });
const safeLevel = oneOf("low", "high", "keep");
const qos = oneOf(0, 1);
const payloadBytes = integer({ min: 1, max: 65_536 });
const queueLength = integer({ min: 1, max: 1000 });
const kvBytes = integer({ min: 1, max: 16_777_216 });
const identities = array(oneOf("device-id", "module"), { max: 2 });
const resolution = oneOf("coarse", "fine");
const direction = oneOf("in", "out");
const access = oneOf("ro", "rw");
const directoryBytes = integer({ min: 1, max: 2 ** 40 });

/** A capability as a manifest wants it. `optional`: the module can live without. */
export const wishShape = variants("cap", {
  gpio: object({
    cap: oneOf("gpio"),
    line: resourceName,
    dir: direction,
    maxHz: hertz,
    safe: optional(safeLevel),
    optional: optional(boolean),
  }),
  sensor: object({ cap: oneOf("sensor"), name: resourceName, maxHz: hertz, optional: optional(boolean) }),
  publish: object({
    cap: oneOf("publish"),
    channel: resourceName,
    qos,
    perMin: perMinute,
    maxBytes: payloadBytes,
    optional: optional(boolean),
  }),
  subscribe: object({
    cap: oneOf("subscribe"),
    channel: resourceName,
    queue: queueLength,
    optional: optional(boolean),
  }),
  kv: object({ cap: oneOf("kv"), bytes: kvBytes, writesPerMin: perMinute, optional: optional(boolean) }),
  clock: object({ cap: oneOf("clock"), resolution, optional: optional(boolean) }),
  random: object({ cap: oneOf("random"), optional: optional(boolean) }),
  identity: object({ cap: oneOf("identity"), what: identities, optional: optional(boolean) }),
  dir: refined(
    object({
      cap: oneOf("dir"),
      name: resourceName,
      mode: access,
      /** What its files may come to; only for a directory that is written. */
      bytes: optional(directoryBytes),
      optional: optional(boolean),
    }),
    (one) => (one.mode === "rw") === (one.bytes !== undefined),
    "bytes with the mode rw, and only there",
  ),
});
export type Wish = Infer<typeof wishShape>;

/** A capability as a grant or a ceiling covers it. */
export const coverShape = variants("cap", {
  gpio: object({
    cap: oneOf("gpio"),
    line: resourceName,
    dir: direction,
    maxHz: optional(hertz),
    safe: optional(safeLevel),
  }),
  sensor: object({ cap: oneOf("sensor"), name: resourceName, maxHz: optional(hertz) }),
  publish: object({
    cap: oneOf("publish"),
    channel: resourceName,
    qos: optional(qos),
    perMin: optional(perMinute),
    maxBytes: optional(payloadBytes),
  }),
  subscribe: object({ cap: oneOf("subscribe"), channel: resourceName, queue: optional(queueLength) }),
  kv: object({ cap: oneOf("kv"), bytes: optional(kvBytes), writesPerMin: optional(perMinute) }),
  clock: object({ cap: oneOf("clock"), resolution: optional(resolution) }),
  random: object({ cap: oneOf("random") }),
  identity: object({ cap: oneOf("identity"), what: optional(identities) }),
  dir: object({
    cap: oneOf("dir"),
    name: resourceName,
    mode: optional(access),
    bytes: optional(directoryBytes),
  }),
});
export type Cover = Infer<typeof coverShape>;

/** What holds after the meet: every number decided, nothing optional. */
export type Capability =
  | {
      readonly cap: "gpio";
      readonly line: ResourceName;
      readonly dir: "in" | "out";
      readonly maxHz: number;
      readonly safe: SafeLevel;
    }
  | { readonly cap: "sensor"; readonly name: ResourceName; readonly maxHz: number }
  | {
      readonly cap: "publish";
      readonly channel: ResourceName;
      readonly qos: 0 | 1;
      readonly perMin: number;
      readonly maxBytes: number;
    }
  | { readonly cap: "subscribe"; readonly channel: ResourceName; readonly queue: number }
  | { readonly cap: "kv"; readonly bytes: number; readonly writesPerMin: number }
  | { readonly cap: "clock"; readonly resolution: "coarse" | "fine" }
  | { readonly cap: "random" }
  | { readonly cap: "identity"; readonly what: readonly ("device-id" | "module")[] }
  /** `bytes` is 0 where nothing may be written. */
  | { readonly cap: "dir"; readonly name: ResourceName; readonly mode: "ro" | "rw"; readonly bytes: number };

export type SafeLevel = "low" | "high" | "keep";

/** Names a capability within one module: what `cap_query` asks for, a revocation names and a report shows. */
export type CapabilityId = string;

export function capabilityId(one: Wish | Cover | Capability): CapabilityId {
  switch (one.cap) {
    case "gpio":
      return `gpio:${one.line}`;
    case "sensor":
      return `sensor:${one.name}`;
    case "publish":
      return `publish:${one.channel}`;
    case "subscribe":
      return `subscribe:${one.channel}`;
    case "dir":
      return `dir:${one.name}`;
    default:
      return one.cap;
  }
}

const COUNT_MAX = 128;
export const wishesShape: Shape<readonly Wish[]> = unique(array(wishShape, { max: COUNT_MAX }));
export const coversShape: Shape<readonly Cover[]> = unique(array(coverShape, { max: COUNT_MAX }));

/** A list names each capability once: two entries for one line would leave open which holds. */
function unique<T extends Wish | Cover>(list: Shape<readonly T[]>): Shape<readonly T[]> {
  return {
    parse(value, at) {
      const parsed = list.parse(value, at);
      const seen = new Set<string>();
      for (const [index, one] of parsed.entries()) {
        const id = capabilityId(one);
        // Said through a shape, so that the refusal names the path like any other.
        if (seen.has(id)) oneOf(`the only entry for ${id}`).parse("a second entry", `${at}[${index}]`);
        seen.add(id);
      }
      return parsed;
    },
    schema: () => withDescription(schemaOf(list), "Names each capability once."),
  };
}
