/** Evidence rules beside ceilings: a module needs both, one to be believed and one to be allowed anything. */
import type { Policy } from "../policy.ts";
import { error, type Finding, warning } from "./finding.ts";
import { meetScopes, sayScope } from "./scope.ts";

export function lintCapabilities({ evidence, ceilings }: Policy): readonly Finding[] {
  return [
    ...(evidence.length === 0 ? [warning("empty", "evidence", "there is no rule: nothing may run anywhere")] : []),
    ...ceilings.flatMap((ceiling, index) => {
      if (evidence.some((rule) => meetScopes(rule, ceiling) !== undefined)) return [];
      const says = `no evidence rule speaks of ${sayScope(ceiling)}: nothing can run there that this ceiling could be for`;
      return [warning("ceiling-idle", `ceilings[${index}]`, says)];
    }),
    ...evidence.flatMap((rule, index) => {
      if (ceilings.some((ceiling) => meetScopes(rule, ceiling) !== undefined)) return [];
      const says = `no ceiling speaks of ${sayScope(rule)}: only modules that ask for no capability can run`;
      return [warning("no-ceiling", `evidence[${index}]`, says)];
    }),
    ...evidence.flatMap(({ asks = [] }, index) =>
      asks.flatMap(({ cap, dir, mode }, place) => {
        const at = `evidence[${index}].asks[${place}]`;
        return [
          ...(dir !== undefined && cap !== "gpio"
            ? [error("asks-never", at, `a ${cap} has no direction: this never matches`)]
            : []),
          ...(mode !== undefined && cap !== "dir"
            ? [error("asks-never", at, `a ${cap} has no mode: this never matches`)]
            : []),
        ];
      }),
    ),
    ...evidence.flatMap((rule, index) => {
      if (rule.asks === undefined) return [];
      const base = evidence.some((other) => other.asks === undefined && meetScopes(other, rule) !== undefined);
      const says =
        "only modules that ask for these capabilities can run by this rule, and no other rule speaks of those that do not";
      return base ? [] : [warning("asks-alone", `evidence[${index}].asks`, says)];
    }),
  ];
}
