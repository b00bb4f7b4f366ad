/** One requirement of a policy: can it be met at all, and does it ask for what its owner probably means? */

import { quorumOf } from "../parties.ts";
import { matchesPattern } from "../pattern.ts";
import type { Policy } from "../policy.ts";
import { error, type Finding, type Placed, warning } from "./finding.ts";
import { lintContent } from "./lint-content.ts";
import { covers, mayMeet } from "./overlap.ts";

export function lintRequirement({ asked, at }: Placed, policy: Policy, nowMs: number): readonly Finding[] {
  return [
    ...(asked.type === "layout" ? [] : lintQuorum({ asked, at }, policy)),
    ...lintBuilders({ asked, at }, policy),
    ...lintExceptions(asked, at, nowMs),
    ...lintContent({ asked, at }),
  ];
}

function lintQuorum({ asked, at }: Placed, { parties = [], revoked = [] }: Policy): readonly Finding[] {
  const quorum = quorumOf(asked, parties);
  const gone = revoked.filter((entry) => entry.sinceMs === undefined);
  const left = quorum.parties.filter(
    ({ identities, keyIds }) =>
      identities.some((one) => !gone.some(({ identity }) => identity !== undefined && covers(identity, one))) ||
      keyIds.some((one) => !gone.some(({ key }) => key === one)),
  );
  const timeless = quorum.parties.every(({ identities }) => identities.length === 0);
  const any = asked.parties !== undefined && asked.parties.length > 1 && asked.threshold === undefined;
  return [
    ...(quorum.parties.length > 0 && left.length < quorum.threshold
      ? [error("all-revoked", at, "whoever could sign this is revoked: it can never be met")]
      : []),
    ...(any
      ? [warning("any-party", `${at}.parties`, "one of these parties is enough: write the threshold that is meant")]
      : []),
    ...(timeless && asked.maxAgeDays !== undefined
      ? [
          warning(
            "age-of-keys",
            `${at}.maxAgeDays`,
            "what a key signed can be witnessed again at any time, so it has no age: name identities, or ask for a date in the statement",
          ),
        ]
      : []),
  ];
}

function lintBuilders({ asked, at }: Placed, { builders = [], revoked = [] }: Policy): readonly Finding[] {
  const { builders: named = [], level } = asked;
  const dead =
    named.length > 0 &&
    named.every((one) => revoked.some(({ builder }) => builder === one || matchesPattern(one, builder ?? "")));
  const low = named.flatMap((one, index) => {
    const levels = builders.filter(({ id }) => mayMeet(id, one)).map((entry) => entry.level);
    const believed = Math.max(0, ...levels);
    if (level === undefined || believed >= level) return [];
    const says = `level ${level} is asked, and this policy believes the builder ${believed === 0 ? "at no level (builders)" : `up to level ${believed}`}`;
    return [{ index, says }];
  });
  const place = (index: number) => `${at}.builders[${index}]`;
  return [
    ...(dead
      ? [error("all-revoked", `${at}.builders`, "every builder that is named is revoked: it can never be met")]
      : []),
    ...low.map(({ index, says }) =>
      low.length === named.length ? error("level", place(index), says) : warning("level", place(index), says),
    ),
  ];
}

/** Vulnerabilities that the owner lives with until a day. */
function lintExceptions(asked: object, at: string, nowMs: number): readonly Finding[] {
  const except: unknown = "except" in asked ? asked.except : undefined;
  if (!Array.isArray(except)) return [];
  return except.flatMap((one: Readonly<Record<string, unknown>>, index) => {
    const untilMs = typeof one["until"] === "string" ? Date.parse(one["until"]) : Number(one["untilMs"] ?? Number.NaN);
    if (Number.isNaN(untilMs)) {
      return [warning("exception-open", `${at}.except[${index}]`, `the exception for ${String(one["id"])} has no end`)];
    }
    if (untilMs > nowMs) return [];
    const says = `the exception for ${String(one["id"])} ended on ${new Date(untilMs).toISOString()}: it accepts nothing any more`;
    return [warning("exception-ended", `${at}.except[${index}]`, says)];
  });
}
