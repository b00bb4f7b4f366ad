/**
 * What travels on the `up` topics, as shapes that both ends read. Telemetry is not here: its bytes are the guest's own.
 * All messages are JSON in UTF-8; times are milliseconds since the epoch.
 */
import { deviceId, moduleName, resourceName, version } from "../../runtime/kernel/brand.ts";
import {
  anything,
  array,
  boolean,
  type Infer,
  integer,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
} from "../../runtime/kernel/shape.ts";

const time = integer({ min: 0, max: 2 ** 53 - 1 });
const count = integer({ min: 0, max: 2 ** 53 - 1 });
const text = string({ max: 1000 });

/** `up/state`. `seq` rises by one with each boot of the agent, so that a late will of an earlier boot is known as such. */
export const stateShape = object({
  s: oneOf("init", "ready", "disconnected", "lost"),
  boot: integer({ min: 0, max: 2 ** 40 }),
  agent: string({ max: 40 }),
  t: optional(time),
});
export type StateMessage = Infer<typeof stateShape>;

/** `up/birth`: what this board is and has. `real` tells readings of the physical world from simulated ones. */
export const birthShape = object({
  device: deviceId,
  class: string({ max: 63 }),
  region: string({ max: 63 }),
  profile: string({ max: 100 }),
  agent: string({ max: 40 }),
  boot: integer({ min: 0, max: 2 ** 40 }),
  sensors: array(
    object({ name: resourceName, driver: string({ max: 40 }), unit: string({ max: 40 }), real: boolean }),
    { max: 256 },
  ),
  lines: array(object({ name: resourceName, driver: string({ max: 40 }), dir: oneOf("in", "out"), real: boolean }), {
    max: 256,
  }),
  commands: array(string({ max: 40 }), { max: 32 }),
  t: time,
});
export type BirthMessage = Infer<typeof birthShape>;

/** `up/mod/<m>/state`, retained. */
export const moduleStateShape = object({
  ver: version,
  digest: string({ max: 80 }),
  s: oneOf("starting", "probation", "running", "crashed", "stopped", "rolled_back"),
  restarts: count,
  /** How its code is run: what came of manifest, policy and the board's own tier. Absent from older agents. */
  engine: optional(
    object({
      tier: string({ max: 20 }),
      fuel: string({ max: 20 }),
      fuelPerCall: optional(count),
      deterministic: boolean,
      features: array(string({ max: 60 }), { max: 64 }),
      memoryPages: count,
      callMs: count,
    }),
  ),
  reason: optional(text),
  code: optional(string({ max: 60 })),
  t: time,
});
export type ModuleStateMessage = Infer<typeof moduleStateShape>;

/** `up/mod/<m>/grants`, retained. */
export const moduleGrantsShape = object({
  module: moduleName,
  digest: string({ max: 80 }),
  grants: array(
    object({
      id: string({ max: 100 }),
      uses: count,
      refused: count,
      detail: record(string({ max: 20 }), anything, { max: 12 }),
    }),
    { max: 128 },
  ),
  revoked: array(object({ id: string({ max: 100 }), revocation: string({ max: 64 }), t: time }), { max: 128 }),
  t: time,
});
export type ModuleGrantsMessage = Infer<typeof moduleGrantsShape>;

export const JOB_STATES = [
  "queued",
  "received",
  "downloading",
  "verifying",
  "staged",
  "waiting",
  "activating",
  "probation",
  "succeeded",
  "rejected",
  "failed",
  "rolled_back",
  "timed_out",
  "cancelled",
  "superseded",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** `up/job/<id>`, retained state machine; `rev` rises with each change of one job. */
export const jobShape = object({
  id: string({ max: 120 }),
  module: moduleName,
  version,
  s: oneOf(...JOB_STATES),
  rev: count,
  code: optional(string({ max: 60 })),
  reason: optional(text),
  t: time,
});
export type JobMessage = Infer<typeof jobShape>;

/** `up/ev/<type>`: CloudEvents 1.0, structured mode (the MQTT 5 binary mode is an upgrade of the same facts). */
export const eventShape = object({
  specversion: oneOf("1.0"),
  id: string({ min: 1, max: 80 }),
  source: string({ min: 1, max: 200 }),
  type: string({ min: 1, max: 100 }),
  time: string({ max: 40 }),
  datacontenttype: oneOf("application/json"),
  data: record(string({ max: 60 }), anything, { max: 40 }),
});
export type EventMessage = Infer<typeof eventShape>;

/** `up/res/<id>`: the answer to a command. */
export const resultShape = object({
  id: string({ max: 64 }),
  verb: string({ max: 20 }),
  ok: boolean,
  code: optional(string({ max: 60 })),
  reason: optional(text),
  t: time,
});
export type ResultMessage = Infer<typeof resultShape>;

/** `up/log/<m>`: a batch of log lines. */
export const logShape = object({
  lines: array(object({ l: integer({ min: 0, max: 9 }), m: string({ max: 2000 }) }), { max: 200 }),
  dropped: count,
  t: number({ min: 0, max: 2 ** 53 - 1 }),
});
export type LogMessage = Infer<typeof logShape>;
