/**
 * Hash bins (TAP 15) for a team's catalogue, as pure functions from what is in force to the documents that replace it: a
 * team's role that outgrows what boards read becomes one that delegates to 2^N bins, signed with the same keys. A path's
 * bin follows from its hash, so boards read the bins of what they are assigned and no others.
 */
import { type TargetFile, Targets } from "@tufjs/models";
import type { Change } from "./change.ts";
import { BINS_MAX, binPrefix, teamRole } from "./layout.ts";
import { SPEC_VERSION } from "./metadata.ts";
import { type Document, type Quorum, quorumIn, type Standing } from "./quorum.ts";
import { document, outgrown, refused, successor } from "./successor.ts";
import { refuseFull, sortInto } from "./team-shelf.ts";

/** Spreads what a team offers over 2^`bits` bins; 0 puts it back into one role. Throws REPO_ROTATION, REPO_FULL. */
export function changeBins(
  standing: Standing,
  { team, bits }: { readonly team: string; readonly bits: number },
  expires: string,
): Change {
  const role = teamRole(team);
  const owners = standing.roles.get("targets")?.signed;
  const quorum = owners && quorumIn(owners, role, role);
  if (quorum === undefined) throw refused(role, "there is no such team");
  const most = Math.log2(BINS_MAX);
  if (!Number.isInteger(bits) || bits < 0 || bits > most) throw refused(role, `bins take 0 to ${most} bits`);
  const current = standing.roles.get(role)?.signed;
  const entries: Record<string, TargetFile> = { ...current?.targets };
  for (const bin of binsOf(standing, role)) Object.assign(entries, standing.roles.get(bin)?.signed.targets);

  const delegations = bits === 0 ? undefined : delegationTo(quorum, { bit_length: bits, name_prefix: binPrefix(team) });
  const version = (current?.version ?? 0) + 1;
  const others = current?.unrecognizedFields ?? {};
  const shell = { ...emptyRole(), ...others, version, expires, ...(delegations === undefined ? {} : { delegations }) };
  const bins = Targets.fromJSON({ ...shell, targets: {} }).delegations?.succinctRoles;
  const sorted = sortInto({}, bins, entries);
  const filled = (name: string | undefined) => {
    const targets = [...(sorted.get(name) ?? [])].flatMap(([path, entry]) =>
      entry === undefined ? [] : [[path, entry] as const],
    );
    refuseFull(name ?? role, Object.fromEntries(targets));
    return Object.fromEntries(targets.map(([path, entry]) => [path, entry.toJSON()]));
  };
  const documents = [document("image", role, Targets.fromJSON({ ...shell, targets: filled(undefined) }))];
  for (const bin of bins?.getRoles() ?? []) {
    // Bins of an earlier spreading may have left the name behind, and its version.
    const next = { ...emptyRole(), version: (standing.roles.get(bin)?.signed.version ?? 0) + 1, expires };
    documents.push(document("image", bin, Targets.fromJSON({ ...next, targets: filled(bin) })));
  }
  return { lead: role, documents };
}

/** The bins that a role delegates to. */
export function binsOf(standing: Standing, role: string): readonly string[] {
  return [...(standing.roles.get(role)?.signed.delegations?.succinctRoles?.getRoles() ?? [])];
}

/** What follows for a team's own documents when the owners' new targets name other keys or another threshold for it. */
export function followTeam(standing: Standing, owners: Targets, role: string, expires: string): readonly Document[] {
  const current = standing.roles.get(role)?.signed;
  const bins = current?.delegations?.succinctRoles;
  const quorum = quorumIn(owners, role, role);
  if (current === undefined || bins === undefined || quorum === undefined) {
    return outgrown(standing, owners, role, expires);
  }
  const { bitLength: bit_length, namePrefix: name_prefix } = bins;
  const delegations = delegationTo(quorum, { bit_length, name_prefix });
  const next = Targets.fromJSON({ ...successor(current, expires).toJSON(), delegations });
  return [
    document("image", role, next),
    ...[...bins.getRoles()].flatMap((bin) => outgrown(standing, next, bin, expires)),
  ];
}

function delegationTo({ keys, keyIds, threshold }: Quorum, bins: { bit_length: number; name_prefix: string }) {
  return {
    keys: Object.fromEntries(keyIds.flatMap((id) => (keys[id] === undefined ? [] : [[id, keys[id].toJSON()]]))),
    succinct_roles: { keyids: [...keyIds], threshold, ...bins },
  };
}

function emptyRole() {
  return { _type: "targets", spec_version: SPEC_VERSION };
}
