/**
 * Who and what the owner believes no more. A signer that is revoked signs for nobody; a builder that is revoked built
 * nothing; a digest that is revoked is refused whoever signed it. For what runs already the owner says whether it stops.
 */

import type { Fault } from "../runtime/kernel/fault.ts";
import type { Candidate, CandidateSigner } from "./candidate.ts";
import { fault } from "./faults.ts";
import { isNamed } from "./identity.ts";
import type { Policy, Revoked } from "./policy.ts";
import { isBuilder } from "./predicate/provenance.ts";
import { PROVENANCE_TYPES, parseProvenance } from "./provenance.ts";
import type { Artifact } from "./statement.ts";

export interface Revocation {
  readonly fault: Fault;
  /** What happens to what runs already. */
  readonly running: "stop" | "flag";
}

/** What is left of a candidate, and what is said against it. */
export interface Believed {
  /** Without the signers that are believed no more; absent where none is left, or where its builder is not believed. */
  readonly candidate?: Candidate;
  readonly revocations: readonly Revocation[];
}

/**
 * Of several entries against one signer or builder the strictest counts. For what is `running`, an entry that only flags
 * takes nothing away.
 */
export function believed(candidate: Candidate, { revoked = [] }: Policy, running: boolean): Believed {
  const stays = (one: Revocation | undefined) => one === undefined || (running && one.running === "flag");
  const built = againstBuilder(candidate, revoked);
  if (!stays(built)) return { revocations: built === undefined ? [] : [built] };
  const signers = candidate.signers.map((signer) => {
    const entries = revoked.filter((one) => isAgainst(one, signer, candidate));
    return { signer, against: strictest(entries, "keyId" in signer ? `key ${signer.keyId}` : signer.identity.subject) };
  });
  const left = signers.filter(({ against }) => stays(against));
  const told = left.length > 0 ? left : signers.slice(0, 1);
  return {
    ...(left.length > 0 ? { candidate: { ...candidate, signers: left.map(({ signer }) => signer) } } : {}),
    revocations: [built, ...told.map(({ against }) => against)].flatMap((one) => one ?? []),
  };
}

function againstBuilder({ statement }: Candidate, revoked: readonly Revoked[]): Revocation | undefined {
  const { predicate, predicateType } = statement;
  const entries = revoked.filter((one) => one.builder !== undefined);
  if (!PROVENANCE_TYPES.includes(predicateType) || entries.length === 0) return undefined;
  const provenance = parseProvenance(predicate, predicateType);
  // Who built it cannot be read, and somebody is believed no more: it might be him.
  if (!provenance.ok) return { fault: provenance.error, running: "stop" };
  const { builderId } = provenance.value;
  const naming = entries.filter((one) => isBuilder(builderId, one.builder ?? ""));
  return strictest(naming, `builder ${builderId}`);
}

/** The entry that names one of the release's files; the strictest, if several do. */
export function revokedFile(artifacts: readonly Artifact[], { revoked = [] }: Policy): Revocation | undefined {
  const found = artifacts.flatMap(({ name, sha256 }) => {
    const entries = revoked.filter((one) => one.digest === sha256);
    return strictest(entries, `${name} (sha256 ${sha256})`) ?? [];
  });
  return found.find((one) => one.running === "stop") ?? found[0];
}

function strictest(entries: readonly Revoked[], what: string): Revocation | undefined {
  const entry = entries.find((one) => one.running === "stop") ?? entries[0];
  return entry === undefined ? undefined : revocation(entry, what);
}

/** A signature that an authority saw before the compromise still counts; one without a trusted time never does. */
function isAgainst(entry: Revoked, signer: CandidateSigner, { signedTimesMs }: Candidate): boolean {
  const [earliest] = signedTimesMs;
  if (entry.sinceMs !== undefined && earliest !== undefined && earliest < entry.sinceMs) return false;
  if ("keyId" in signer) return entry.key === signer.keyId;
  return entry.identity !== undefined && isNamed(signer.identity, [entry.identity], signer.certificate);
}

function revocation({ reason, running }: Revoked, what: string): Revocation {
  return { fault: fault("ATTEST_REVOKED", { what, reason, running }), running };
}
