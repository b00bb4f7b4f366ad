/** The short form of an evidence rule, identities with builders and sources, as the requirement that it stands for. */
import type { Requirement } from "./kinds.ts";
import type { EvidenceRule } from "./policy.ts";

export function shortForm({ identities, builders, sources, buildTypes }: EvidenceRule): readonly Requirement[] {
  if (identities === undefined || builders === undefined || sources === undefined) return [];
  const types = buildTypes === undefined ? {} : { buildTypes };
  return [{ type: "provenance", identities, builders, sources, ...types }];
}
