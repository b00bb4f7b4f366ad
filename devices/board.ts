/**
 * The board description, schema `sallyport.board/1`: which lines and sensors this board has and which driver stands
 * behind each. Modules see the names only, never chip numbers. Written at provisioning and owned by the operator.
 */
import { resourceName } from "../runtime/kernel/brand.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import {
  anything,
  array,
  type Infer,
  object,
  oneOf,
  optional,
  parseJson,
  parseShape,
  refined,
  string,
  variants,
} from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { METRICS } from "./linux/proc.ts";
import { UNITS, type Unit } from "./sensors/port.ts";
import { sensorValue, waveShape } from "./simulated/wave.ts";

export const BOARD_BYTES_MAX = 262_144;
const LINE_DRIVERS = ["simulated"] as const;
const SENSOR_DRIVERS = ["simulated", "hwmon", "thermal", "system"] as const;
const matchText = string({ min: 1, max: 128 });

const lineShape = object({
  name: resourceName,
  driver: oneOf(...LINE_DRIVERS),
  dir: oneOf("in", "out"),
  /** What an output is driven to when the agent starts, before any module runs. Default: low. */
  safe: optional(oneOf("low", "high", "keep")),
});
export type LineDescription = Infer<typeof lineShape>;

const sensorShape = variants("driver", {
  simulated: refined(
    object({
      name: resourceName,
      driver: oneOf("simulated"),
      unit: oneOf(...(Object.keys(UNITS) as Unit[])),
      value: optional(sensorValue),
      wave: optional(waveShape),
    }),
    (one) => one.value === undefined || one.wave === undefined,
    "a sensor with a value or a wave, not both",
  ),
  hwmon: object({
    name: resourceName,
    driver: oneOf("hwmon"),
    match: refined(
      object({ chip: optional(matchText), label: optional(matchText) }),
      (one) => one.chip !== undefined || one.label !== undefined,
      "a chip, a label or both",
    ),
  }),
  thermal: object({ name: resourceName, driver: oneOf("thermal"), zone: optional(matchText) }),
  system: object({ name: resourceName, driver: oneOf("system"), metric: oneOf(...METRICS) }),
});
export type SensorDescription = Infer<typeof sensorShape>;

/** 256 of each: what a birth message has room for. */
const COUNT_MAX = 256;
const namesOnce = (list: readonly { readonly name: string }[]) =>
  new Set(list.map((one) => one.name)).size === list.length;

/** One name in the data directory: nothing lies inside another, and no guest's link is on the way. */
const directoryShape = object({
  name: resourceName,
  /** The name in the data directory; unless given, the same. */
  path: optional(
    refined(
      string({ min: 1, max: 64 }),
      (text) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text),
      "one name of a directory",
    ),
  ),
});

const DIRECTORIES_MAX = 64;

const boardShape = refined(
  object({
    schema: oneOf("sallyport.board/1"),
    /** The board profile that releases name in `hardware`. */
    profile: string({ min: 1, max: 63 }),
    lines: refined(array(lineShape, { max: COUNT_MAX }), namesOnce, "lines that are each named once"),
    sensors: refined(array(sensorShape, { max: COUNT_MAX }), namesOnce, "sensors that are each named once"),
    /** What modules may be granted of this machine's files lies in it, and nothing else does. An absolute path. */
    dataDirectory: optional(
      refined(
        string({ min: 2, max: 1000 }),
        (text) => text.startsWith("/") && !text.includes("\0"),
        "an absolute path",
      ),
    ),
    directories: optional(
      refined(array(directoryShape, { max: DIRECTORIES_MAX }), namesOnce, "directories that are each named once"),
    ),
  }),
  (one) => one.directories === undefined || one.dataDirectory !== undefined,
  "directories with a dataDirectory",
);
export type BoardDescription = Infer<typeof boardShape>;

/** Their places on this machine, by name. */
export function directoriesOf({ dataDirectory = "", directories = [] }: BoardDescription): ReadonlyMap<string, string> {
  return new Map(directories.map(({ name, path = name }) => [name, `${dataDirectory}/${path}`]));
}

/** Looks at nothing but the drivers, so that a description for a newer release says what is missing. */
const driverView = object({
  schema: anything,
  profile: anything,
  lines: array(anything, { max: COUNT_MAX }),
  sensors: array(anything, { max: COUNT_MAX }),
  dataDirectory: optional(anything),
  directories: optional(anything),
});

export function parseBoard(bytes: Uint8Array): Result<BoardDescription> {
  const what = "the board description";
  const json = parseJson(driverView, bytes, what, BOARD_BYTES_MAX);
  if (!json.ok) return err(fault("DEVICE_BOARD_REFUSED", { reason: json.error.message }, json.error));
  const unknown = unknownDriver(json.value.lines, LINE_DRIVERS) ?? unknownDriver(json.value.sensors, SENSOR_DRIVERS);
  if (unknown !== undefined) return err(fault("DEVICE_DRIVER_UNKNOWN", unknown));
  const board = parseShape(boardShape, json.value, what);
  return board.ok ? ok(board.value) : err(fault("DEVICE_BOARD_REFUSED", { reason: board.error.message }, board.error));
}

function unknownDriver(list: readonly unknown[], known: readonly string[]) {
  for (const one of list) {
    if (typeof one !== "object" || one === null || !("driver" in one) || typeof one.driver !== "string") continue;
    if (known.includes(one.driver)) continue;
    return { name: "name" in one ? String(one.name) : "an entry", driver: one.driver, known };
  }
  return undefined;
}
