/** What the module might do: grants and engine terms as the board meets them, from documents that are in the proof. */
import type { Policy } from "../../attest/index.ts";
import type { Capability } from "../../runtime/kernel/authority/capability.ts";
import { type DeviceFacts, matchingCeilings } from "../../runtime/kernel/authority/ceiling.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { matchingEngineRules, meetEngine } from "../../runtime/kernel/authority/engine.ts";
import type { Manifest } from "../../runtime/kernel/authority/manifest.ts";
import { meetCapabilities, withoutChance } from "../../runtime/kernel/authority/meet.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "./faults.ts";
import type { Proof } from "./format.ts";

/**
 * Requested, granted by the director and within every ceiling of the owner. Refuses with PROOF_RELEASE a release that
 * lacked what it cannot do without: a board begins with none such, and narrows one that runs already.
 */
export function proveGrants(
  { release, device, running }: Proof,
  manifest: Manifest,
  wanted: DesiredModule,
  policy: Policy,
): Result<readonly Capability[]> {
  const { team, name, version } = release;
  const facts: DeviceFacts = { id: device.id, class: device.class, region: device.region };
  const ceilings = matchingCeilings(policy.ceilings, facts, release);
  const engine = meetEngine(
    manifest.engine,
    manifest.limits,
    matchingEngineRules(policy.engines ?? [], facts, release),
  );
  const granted = meetCapabilities(manifest.capabilities, wanted.grants, ceilings);
  const { effective, missing } = engine.deterministic ? withoutChance(granted, manifest.capabilities) : granted;
  const lacking = missing.find((one) => !one.optional);
  if (lacking === undefined || running) return ok(effective);
  const reason = `it asks for ${lacking.capability}, which was not granted`;
  return err(fault("PROOF_RELEASE", { release: `${team}/${name} ${version}`, reason }));
}
