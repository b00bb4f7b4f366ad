/** What the tests' repositories hold: two devices, two teams, a policy, and releases that differ in name and version. */
import type { DesiredModule } from "../../../runtime/kernel/authority/desired.ts";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { deviceId, type ModuleName, type TeamName, type Version } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import type { ReleaseInput } from "../../../updater/repository/index.ts";

export const DEVICE = unwrap(parseShape(deviceId, "board-1", "the test's device"));
export const OTHER = unwrap(parseShape(deviceId, "board-2", "the test's other device"));
export const TEAMS = ["acme", "umbrella"] as const;
export const POLICY = utf8('{"policy":1}');
export const FILES = releasePaths("acme", "thermostat", "1.0.0");
export const DAY_MS = 86_400_000;

export function desired(version: string, name = "thermostat", team = "acme"): DesiredModule {
  return {
    team: team as TeamName,
    name: name as ModuleName,
    version: version as Version,
    grants: [],
    lifts: [],
    probationS: 60,
  };
}

export function releaseInput(
  version: string,
  { name = "thermostat", team = "acme", ...changes }: Partial<ReleaseInput> & { name?: string; team?: string } = {},
): ReleaseInput {
  const module = changes.module ?? utf8(`\0asm code of ${team} ${name} ${version}`);
  const manifest = {
    schema: "sallyport.module/1",
    team,
    name,
    version,
    abi: "core-v1",
    entry: { path: releasePaths(team, name, version).module, sha256: sha256(module), size: module.byteLength },
    limits: { memoryPages: 2, callMs: 50 },
    triggers: [],
    capabilities: [],
  };
  const bundle = utf8(`{"bundle":"${version}"}`);
  return { manifest: utf8(JSON.stringify(manifest)), module, bundle, hardware: ["any/core-v1"], ...changes };
}
