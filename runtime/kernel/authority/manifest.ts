/**
 * The module manifest, schema `sallyport.module/1`: what a module is, what it wants and within which limits it lives.
 * It is a TUF target of its own, signed by the publisher's role, and a subject of the module's provenance beside the
 * code it names. The code is pinned here by size and SHA-256.
 */
import { moduleName, resourceName, sha256Hex, teamName, version } from "../brand.ts";
import type { Fault } from "../fault.ts";
import type { Result } from "../result.ts";
import {
  array,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  refined,
  type Shape,
  string,
  variants,
} from "../shape.ts";
import { wishesShape } from "./capability.ts";
import { engineWishShape } from "./engine.ts";

export const MANIFEST_BYTES_MAX = 65_536;
export const MODULE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The guest ABIs that modules are written against and releases name beside the board profile. `core-v1`: functions of
 * `sallyport_v1`, called for each event. `wasi-p1`: a command of WASI preview 1, run from its beginning to its end.
 */
export const GUEST_ABIS = ["core-v1", "wasi-p1"] as const;
export type GuestAbi = (typeof GUEST_ABIS)[number];

/** A TUF target path of ours: lower-case components, no empty, dot or dot-dot component. */
export const targetPath = refined(
  string({ min: 1, max: 300 }),
  /^[a-z0-9_][a-z0-9._-]*(?:\/[a-z0-9_][a-z0-9._-]*)*$/,
  "a relative target path of [a-z0-9._-] components",
);

const trigger = variants("on", {
  boot: object({ on: oneOf("boot") }),
  interval: object({
    on: oneOf("interval"),
    everyMs: integer({ min: 10, max: 86_400_000 }),
    id: optional(integer({ min: 0, max: 1_000_000 })),
  }),
  channel: object({ on: oneOf("channel"), channel: resourceName }),
  gpio: object({
    on: oneOf("gpio"),
    line: resourceName,
    edge: oneOf("rising", "falling", "both"),
    debounceUs: optional(integer({ min: 0, max: 10_000_000 })),
  }),
});
export type Trigger = Infer<typeof trigger>;

/** What a command is started with. */
const command = object({
  /** Behind the program's own name, which is the module's. */
  args: optional(array(string({ max: 256 }), { max: 32 })),
  env: optional(array(refined(string({ min: 2, max: 512 }), /^[A-Za-z_][A-Za-z0-9_]*=/, "NAME=VALUE"), { max: 32 })),
});

/** Each start of a command takes a thread of its own. */
const COMMAND_EVERY_MS_MIN = 1000;
const COMMAND_DIRECTORIES_MAX = 16;

const limits = object({
  /** Upper bound of the linear memory, 64 KiB pages; the engine clamps the module's own maximum to it. */
  memoryPages: integer({ min: 1, max: 16_384 }),
  tableElements: optional(integer({ min: 0, max: 1_000_000 })),
  /** Wall-clock bound of one call into the module, start function and `sp_init` included. */
  callMs: integer({ min: 1, max: 600_000 }),
  logLinesPerMin: optional(integer({ min: 0, max: 100_000 })),
  restarts: optional(object({ max: integer({ min: 0, max: 1000 }), windowS: integer({ min: 1, max: 86_400 }) })),
});

const anyManifest = object({
  schema: oneOf("sallyport.module/1"),
  team: teamName,
  name: moduleName,
  version,
  abi: oneOf(...GUEST_ABIS),
  entry: object({ path: targetPath, sha256: sha256Hex, size: integer({ min: 8, max: MODULE_BYTES_MAX }) }),
  limits,
  triggers: array(trigger, { max: 32 }),
  capabilities: wishesShape,
  command: optional(command),
  /** How the code wants to be run: only stricter than it would be anyway. */
  engine: optional(engineWishShape),
  /** Where what it works on may be: only devices whose enrolment record names one of these regions run it. */
  data: optional(object({ regions: array(string({ min: 1, max: 63 }), { min: 1, max: 64 }) })),
  description: optional(string({ max: 500 })),
});
type AnyManifest = Infer<typeof anyManifest>;

const COMMAND_CAPABILITIES: readonly string[] = ["clock", "random", "dir"];

const fitsCommand = ({ capabilities, triggers }: AnyManifest) =>
  capabilities.every(({ cap }) => COMMAND_CAPABILITIES.includes(cap)) &&
  capabilities.filter(({ cap }) => cap === "dir").length <= COMMAND_DIRECTORIES_MAX &&
  triggers.every((one) => one.on === "boot" || (one.on === "interval" && one.everyMs >= COMMAND_EVERY_MS_MIN));

const fitsCore = (one: AnyManifest) => one.command === undefined && one.capabilities.every(({ cap }) => cap !== "dir");

export const manifestShape: Shape<AnyManifest> = refined(
  refined(
    anyManifest,
    (one) => one.abi !== "wasi-p1" || fitsCommand(one),
    `a wasi-p1 module with the capabilities clock, random and at most ${COMMAND_DIRECTORIES_MAX} dir, and the triggers boot and interval of ${COMMAND_EVERY_MS_MIN} ms or more`,
  ),
  (one) => one.abi !== "core-v1" || fitsCore(one),
  "a core-v1 module without command and dir",
);
export type Manifest = AnyManifest;
export type ModuleLimits = Manifest["limits"];

export function parseManifest(bytes: Uint8Array): Result<Manifest, Fault> {
  return parseJson(manifestShape, bytes, "the module manifest", MANIFEST_BYTES_MAX);
}

/** Where the parts of a release live in the image repository. */
export function releasePaths(team: string, name: string, release: string) {
  const folder = `modules/${team}/${name}/${release}`;
  return {
    manifest: `${folder}/manifest.json`,
    module: `${folder}/module.wasm`,
    bundle: `${folder}/bundle.sigstore.json`,
  };
}

/**
 * The index a device reads from signed target metadata without downloading anything (`custom.sallyport`).
 * `releaseCounter` rises with each release of a module; `releaseFloor` is raised on purpose, by a security release,
 * and no device runs a release whose counter is below the highest floor it has seen (DESIGN section 3.7).
 */
export const releaseCustomShape = object({
  kind: oneOf("manifest", "module", "bundle"),
  team: teamName,
  name: moduleName,
  version,
  releaseCounter: integer({ min: 1, max: 2 ** 31 }),
  releaseFloor: integer({ min: 0, max: 2 ** 31 }),
  /** `<board profile>/<guest ABI>` pairs this release runs on; `any/<abi>` for all profiles. */
  hardware: array(string({ min: 1, max: 100 }), { min: 1, max: 32 }),
  /** Set when the publisher has taken the release back, with the reason: nobody begins with it any more. */
  yanked: optional(string({ min: 1, max: 300 })),
});
export type ReleaseCustom = Infer<typeof releaseCustomShape>;
