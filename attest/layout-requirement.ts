/**
 * The requirement `layout`: not one attestation but a chain of links, each signed by a party that its step names. A link
 * that cannot be read, or that nobody signed whom the step names, is as good as absent.
 */
import type { Candidate, Circumstances } from "./candidate.ts";
import { type Party, partyNaming } from "./parties.ts";
import { examineLayout, type Layout, type LayoutLink } from "./predicate/layout.ts";
import { layoutLinks } from "./predicate/link.ts";
import type { Reason } from "./reasons.ts";

/** Check `steps`. A passed one speaks of every file of the release, as products of the last step. */
export function followLayout(
  layout: Layout,
  parties: readonly Party[],
  candidates: readonly Candidate[],
  { artifacts }: Circumstances,
): Reason {
  const links = candidates.flatMap((candidate): readonly LayoutLink[] => {
    const link = layoutLinks(candidate);
    if (!link.ok) return [];
    const names = new Set(candidate.signers.flatMap((one) => partyNaming(one, parties)?.name ?? []));
    return [...names].map((party) => ({ ...link.value, party }));
  });
  return examineLayout(layout, links, artifacts);
}
