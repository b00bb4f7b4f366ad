/**
 * The SLSA levels that an accepted verdict supports, for a verification summary about it: what the owner believes of the
 * builders whose provenance the policy's requirements accepted, and of several the least.
 */
import type { Verdict } from "./judge.ts";
import type { Policy } from "./policy.ts";
import { isBuilder } from "./predicate/provenance.ts";

/** At least one; `SLSA_BUILD_LEVEL_UNEVALUATED` where the policy gives no builder a level. */
export function verifiedLevels({ accepted, reasons }: Verdict, policy: Policy): readonly string[] {
  const builders = reasons.flatMap(({ check, passed, rule, facts }) => {
    const { found } = facts;
    return accepted && check === "builder" && passed && rule !== undefined && typeof found === "string" ? [found] : [];
  });
  const levels = builders.map((found) =>
    Math.max(0, ...(policy.builders ?? []).map(({ id, level }) => (isBuilder(found, id) ? level : 0))),
  );
  const least = levels.length === 0 ? 0 : Math.min(...levels);
  return [least === 0 ? "SLSA_BUILD_LEVEL_UNEVALUATED" : `SLSA_BUILD_LEVEL_${least}`];
}
