/** Whom a policy names as signers: who stands for two parties, who is never asked, who is a wider door than it looks. */
import type { NamedIdentity } from "../identity.ts";
import { mayBeBoth } from "../overlap.ts";
import type { Policy } from "../policy.ts";
import { error, type Finding, requirementsOf, warning } from "./finding.ts";
import { covers, mayMeet } from "./overlap.ts";

type Party = NonNullable<Policy["parties"]>[number];

export function lintSigners(policy: Policy): readonly Finding[] {
  const { parties = [], builders = [], revoked = [], layouts = [], evidence } = policy;
  const placed = evidence.flatMap(requirementsOf);
  const { parties: _, builders: __, revoked: ___, ...rest } = policy;
  const text = JSON.stringify(rest);
  return [
    ...parties.flatMap((party, index) => [
      ...(text.includes(JSON.stringify(party.name))
        ? []
        : [warning("party-unused", `parties[${index}]`, `no requirement names ${party.name}`)]),
      ...lintNames(party.identities, `parties[${index}].identities`),
      ...overlaps(party, parties.slice(0, index), `parties[${index}]`),
    ]),
    ...builders.flatMap(({ id }, index) => [
      ...(builders.findIndex((one) => one.id === id) < index
        ? [warning("builder-twice", `builders[${index}]`, `${id} has a level already; the highest counts`)]
        : []),
      ...(placed.some(({ asked }) => asked.builders?.some((one) => mayMeet(id, one)) === true)
        ? []
        : [warning("builder-unused", `builders[${index}]`, `no rule names the builder ${id}`)]),
    ]),
    ...layouts.flatMap(({ name }, index) =>
      placed.some(({ asked }) => asked.layout === name)
        ? []
        : [warning("layout-unused", `layouts[${index}]`, `no requirement names the layout ${name}`)],
    ),
    ...revoked.flatMap((entry, index) => lintNames(entry.identity && [entry.identity], `revoked[${index}].identity`)),
    ...evidence.flatMap((rule, index) => lintNames(rule.identities, `evidence[${index}].identities`)),
    ...placed.flatMap(({ asked, at }) =>
      at.includes(".require[") ? lintNames(asked.identities, `${at}.identities`) : [],
    ),
  ];
}

/** A signer belongs to the first party that names it: the later one never gets it. */
function overlaps(party: Party, before: readonly Party[], at: string): readonly Finding[] {
  return before.flatMap((other) => {
    const pairs = (party.identities ?? []).flatMap((one) => (other.identities ?? []).map((two) => [one, two] as const));
    const both = pairs.find(([one, two]) => mayBeBoth(one, two));
    if (both === undefined) return [];
    const [one, two] = both;
    const says = `${nameOf(one)} can be the same signer as ${nameOf(two)} of ${other.name}; who signs there counts as ${other.name} alone`;
    return [error("party-overlap", at, says)];
  });
}

export function nameOf({ subject, subjectPattern }: NamedIdentity): string {
  return subject ?? subjectPattern ?? "nobody";
}

function lintNames(list: readonly NamedIdentity[] | undefined, at: string): readonly Finding[] {
  return (list ?? []).flatMap((one, index) => {
    const place = `${at}[${index}]`;
    const within = (list ?? []).find(
      (other, other_) => other_ !== index && covers(other, one) && (!covers(one, other) || other_ < index),
    );
    return [
      ...(one.issuer.startsWith("https://")
        ? []
        : [warning("issuer", `${place}.issuer`, `${one.issuer} is no https address: no public issuer is named so`)]),
      ...(one.subject?.includes("*") === true
        ? [
            error(
              "literal-star",
              `${place}.subject`,
              "here * is a letter like any other: subjectPattern is for patterns",
            ),
          ]
        : []),
      ...(/^https:\/\/[^/]+\/$/.test(one.issuer)
        ? [
            warning(
              "issuer-slash",
              `${place}.issuer`,
              "issuers are compared to the last letter, and few end in a slash",
            ),
          ]
        : []),
      ...(within === undefined ? [] : [warning("repeated", place, `${nameOf(within)} names this signer already`)]),
      ...broad(one.subjectPattern, `${place}.subjectPattern`),
    ];
  });
}

/** A workflow file signs on every branch that somebody may push; a name with two stars is many files. */
function broad(pattern: string | undefined, at: string): readonly Finding[] {
  if (pattern === undefined) return [];
  const stars = pattern.split("*").length - 1;
  const [path = "", reference = ""] = pattern.split("@");
  return [
    ...(reference.startsWith("refs/heads/") && reference.includes("*")
      ? [warning("any-branch", at, "whoever may push a branch may sign: name one branch, or tags")]
      : []),
    ...(path.includes("*")
      ? [warning("any-file", at, "more than one workflow may sign: whoever may add one to the repository is believed")]
      : []),
    ...(stars > 1
      ? [warning("many-stars", at, `${stars} stars: write each name that is meant, if they are known`)]
      : []),
  ];
}
