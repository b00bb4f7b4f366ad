/**
 * Two policies compared by what they admit, not by their text: what opens a door, what closes one, what makes no
 * difference. A change that goes both ways counts as opening.
 */
import type { Policy } from "../policy.ts";
import { beyond, type Change, canonical, same } from "./change.ts";
import { diffCeilings, diffEngines } from "./diff-ceilings.ts";
import { diffEvidence } from "./diff-evidence.ts";
import { sayRevoked } from "./explain.ts";
import { sayDevices } from "./scope.ts";

export function diffPolicies(old: Policy, now: Policy): readonly Change[] {
  const changes = [
    ...diffVersion(old, now),
    ...diffEvidence(old, now),
    ...diffBuilders(old, now),
    ...diffRevoked(old, now),
    ...diffCeilings(old, now),
    ...diffEngines(old, now),
    ...diffOperators(old, now),
    ...diffClock(old, now),
  ];
  return changes;
}

function diffVersion(old: Policy, now: Policy): readonly Change[] {
  const part = "version";
  if (now.version > old.version) return [];
  if (now.version < old.version) {
    return [
      {
        effect: "refused",
        part,
        says: `${old.version} → ${now.version}: boards that have seen ${old.version} refuse it`,
      },
    ];
  }
  if (canonical(old) === canonical(now)) return [];
  return [
    {
      effect: "refused",
      part,
      says: `still ${now.version}: boards refuse another policy under a version that they have seen`,
    },
  ];
}

function diffBuilders({ builders: old = [] }: Policy, { builders: now = [] }: Policy): readonly Change[] {
  const ids = [...new Set([...old, ...now].map((one) => one.id))];
  return ids.flatMap((id): readonly Change[] => {
    const levelIn = (list: typeof old) => Math.max(0, ...list.map((one) => (one.id === id ? one.level : 0)));
    const [was, is] = [levelIn(old), levelIn(now)];
    if (was === is) return [];
    return [{ effect: is > was ? "wider" : "narrower", part: "builders", says: `${id}: level ${was} → ${is}` }];
  });
}

function diffRevoked({ revoked: old = [] }: Policy, { revoked: now = [] }: Policy): readonly Change[] {
  const part = "revoked";
  const who = ({ reason: _r, running: _s, sinceMs: _t, ...rest }: (typeof old)[number]) => rest;
  const kept = now.flatMap((one) =>
    old.filter((other) => same(who(one), who(other))).map((other) => [other, one] as const),
  );
  return [
    ...beyond(old.map(who), now.map(who)).flatMap((one) => {
      const entry = now.find((other) => same(who(other), one));
      return entry === undefined
        ? []
        : [{ effect: "narrower" as const, part, says: `+ ${sayRevoked(entry)} (${entry.reason})` }];
    }),
    ...beyond(now.map(who), old.map(who)).flatMap((one) => {
      const entry = old.find((other) => same(who(other), one));
      return entry === undefined
        ? []
        : [{ effect: "wider" as const, part, says: `- ${sayRevoked(entry)} is believed again` }];
    }),
    ...kept.flatMap(([was, is]): readonly Change[] => [
      ...(was.running === is.running
        ? []
        : [
            {
              effect: is.running === "stop" ? ("narrower" as const) : ("wider" as const),
              part,
              says: `${sayRevoked(is)}: what runs already ${is.running === "stop" ? "stops now" : "goes on now"}`,
            },
          ]),
      ...((was.sinceMs ?? 0) === (is.sinceMs ?? 0)
        ? []
        : [
            {
              effect: (is.sinceMs ?? 0) > (was.sinceMs ?? 0) ? ("wider" as const) : ("narrower" as const),
              part,
              says: `${sayRevoked(was)} → ${sayRevoked(is)}`,
            },
          ]),
    ]),
  ];
}

function diffOperators({ operators: old }: Policy, { operators: now }: Policy): readonly Change[] {
  const part = "operators";
  const say = ({ name, verbs, devices }: (typeof old)[number]) =>
    `${name} may ${verbs.join(", ")} on ${sayDevices(devices)}`;
  const may = (list: typeof old) =>
    list.flatMap(({ publicKey, devices, verbs, name }) => verbs.map((verb) => ({ publicKey, devices, verb, name })));
  const key = ({ name: _n, ...rest }: ReturnType<typeof may>[number]) => rest;
  const [before, after] = [may(old), may(now)];
  const more = beyond(before.map(key), after.map(key)).length > 0;
  const less = beyond(after.map(key), before.map(key)).length > 0;
  if (!more && !less) return [];
  const added = beyond(old, now).map((one) => `+ ${say(one)}`);
  const removed = beyond(now, old).map((one) => `- ${say(one)}`);
  const effect = more && less ? "both" : more ? "wider" : "narrower";
  return [{ effect, part, says: [...removed, ...added].join("; ") }];
}

function diffClock({ clock: old = {} }: Policy, { clock: now = {} }: Policy): readonly Change[] {
  const part = "clock";
  const [was = Number.POSITIVE_INFINITY, is = Number.POSITIVE_INFINITY] = [old.aheadDaysMax, now.aheadDaysMax];
  const say = (days: number) => (days === Number.POSITIVE_INFINITY ? "anything" : `${days} days`);
  return [
    ...(was === is
      ? []
      : [
          {
            effect: is > was ? ("wider" as const) : ("narrower" as const),
            part,
            says: `ahead of the last signed time by ${say(was)} → ${say(is)}`,
          },
        ]),
    ...(old.floorMs === now.floorMs || now.floorMs === undefined
      ? []
      : [
          {
            effect: "neutral" as const,
            part,
            says: `every board will believe that it is at least ${new Date(now.floorMs).toISOString()}`,
          },
        ]),
  ];
}
