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

/** What is left of a candidate without revoked signers; nothing, with the entry that took the last of them. */
export function believed(candidate: Candidate, { revoked = [] }: Policy): Candidate | Revocation {
  const { predicate, predicateType } = candidate.statement;
  const provenance = PROVENANCE_TYPES.includes(predicateType) ? parseProvenance(predicate, predicateType) : undefined;
  // Who built it cannot be read, and somebody is believed no more: it might be him.
  if (provenance?.ok === false && revoked.some((one) => one.builder !== undefined)) {
    return { fault: provenance.error, running: "stop" };
  }
  const builder = provenance?.ok ? provenance.value.builderId : undefined;
  const byBuilder = revoked.find(
    (one) => one.builder !== undefined && builder !== undefined && isBuilder(builder, one.builder),
  );
  if (byBuilder !== undefined) return revocation(byBuilder, `builder ${builder}`);
  const speaking = (signer: CandidateSigner) => revoked.find((one) => isAgainst(one, signer, candidate));
  const signers = candidate.signers.filter((one) => speaking(one) === undefined);
  const [first] = candidate.signers;
  const entry = first === undefined ? undefined : speaking(first);
  if (signers.length > 0 || first === undefined || entry === undefined) return { ...candidate, signers };
  return revocation(entry, "keyId" in first ? `key ${first.keyId}` : `${first.identity.subject}`);
}

/** The first entry that names one of the release's files. */
export function revokedFile(artifacts: readonly Artifact[], { revoked = [] }: Policy): Revocation | undefined {
  for (const entry of revoked) {
    const named = artifacts.find((one) => one.sha256 === entry.digest);
    if (named !== undefined) return revocation(entry, `${named.name} (sha256 ${named.sha256})`);
  }
  return undefined;
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
