/**
 * From a fresh view of both repositories to what the owner and the director say now: trusted root, policy, desired
 * state. A new policy applies before any module is judged; an older one than this board has seen is refused whatever
 * its signatures say (DESIGN section 3.6).
 */
import {
  POLICY_PATH,
  type Policy,
  parsePolicy,
  parseTrustedRoot,
  TRUSTED_ROOT_PATH,
  type TrustedRoot,
} from "../../attest/index.ts";
import { type Desired, parseDesired } from "../../runtime/kernel/authority/desired.ts";
import type { DeviceId, Sha256 } from "../../runtime/kernel/brand.ts";
import { attempt, type Result, unwrap } from "../../runtime/kernel/result.ts";
import type { TrustedView, Updater } from "../../updater/index.ts";
import { admitFault } from "../faults.ts";

export interface SeenPolicy {
  readonly version: number;
  readonly digest: Sha256;
}

export interface Judged {
  readonly policy: Policy;
  readonly seen: SeenPolicy;
  readonly trust: TrustedRoot;
  readonly desired: Desired;
}

export function judgeMetadata(
  view: TrustedView,
  updater: Pick<Updater, "fetchTarget">,
  device: DeviceId,
  seenBefore: SeenPolicy | undefined,
  readRoot: typeof parseTrustedRoot = parseTrustedRoot,
): Promise<Result<Judged>> {
  return attempt(async () => {
    const policyTarget = unwrap(view.owner(POLICY_PATH));
    const policy = unwrap(parsePolicy(unwrap(await updater.fetchTarget(policyTarget))));
    const seen = { version: policy.version, digest: policyTarget.sha256 };
    if (seenBefore !== undefined && isOlder(seen, seenBefore)) {
      throw admitFault("ADMIT_POLICY_ROLLBACK", { found: seen.version, seen: seenBefore.version });
    }
    const trust = unwrap(readRoot(unwrap(await updater.fetchTarget(unwrap(view.owner(TRUSTED_ROOT_PATH))))));
    if (view.desired === undefined) throw admitFault("ADMIT_NO_DESIRED", { device });
    const desired = unwrap(parseDesired(unwrap(await updater.fetchTarget(view.desired))));
    if (desired.device !== device) throw admitFault("ADMIT_DESIRED_DEVICE", { found: desired.device, device });
    return { policy, seen, trust, desired };
  });
}

/** A lower version, or another document under the same version. */
function isOlder(found: SeenPolicy, seen: SeenPolicy): boolean {
  return found.version < seen.version || (found.version === seen.version && found.digest !== seen.digest);
}
