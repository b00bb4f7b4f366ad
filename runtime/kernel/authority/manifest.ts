/**
 * The module manifest, schema `sallyport.module/1`: what a module is, what it wants and within which limits it lives.
 * It is a TUF target of its own, signed by the publisher's role, and a subject of the module's provenance beside the
 * code it names. The code is pinned here by size and SHA-256.
 */
import { moduleName, resourceName, sha256Hex, teamName, version } from "../brand.ts";
import type { Fault } from "../fault.ts";
import type { Result } from "../result.ts";
import { array, type Infer, integer, object, oneOf, optional, parseJson, refined, string, variants } from "../shape.ts";
import { wishesShape } from "./capability.ts";
import { engineWishShape } from "./engine.ts";

export const MANIFEST_BYTES_MAX = 65_536;
export const MODULE_BYTES_MAX = 64 * 1024 * 1024;

/** The guest ABI that modules are written against and releases name beside the board profile. */
export const GUEST_ABI = "core-v1";

/** A TUF target path of ours: lower-case components, no empty, dot or dot-dot component. */
export const targetPath = refined(
  string({ min: 1, max: 300 }),
  (text) => text.split("/").every((part) => /^[a-z0-9_][a-z0-9._-]*$/.test(part)),
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

const limits = object({
  /** Upper bound of the linear memory, 64 KiB pages; the engine clamps the module's own maximum to it. */
  memoryPages: integer({ min: 1, max: 16_384 }),
  tableElements: optional(integer({ min: 0, max: 1_000_000 })),
  /** Wall-clock bound of one call into the module, start function and `sp_init` included. */
  callMs: integer({ min: 1, max: 600_000 }),
  logLinesPerMin: optional(integer({ min: 0, max: 100_000 })),
  restarts: optional(object({ max: integer({ min: 0, max: 1000 }), windowS: integer({ min: 1, max: 86_400 }) })),
});

export const manifestShape = object({
  schema: oneOf("sallyport.module/1"),
  team: teamName,
  name: moduleName,
  version,
  abi: oneOf(GUEST_ABI),
  entry: object({ path: targetPath, sha256: sha256Hex, size: integer({ min: 8, max: MODULE_BYTES_MAX }) }),
  limits,
  triggers: array(trigger, { max: 32 }),
  capabilities: wishesShape,
  /** How the code wants to be run: only stricter than it would be anyway. */
  engine: optional(engineWishShape),
  description: optional(string({ max: 500 })),
});
export type Manifest = Infer<typeof manifestShape>;
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
