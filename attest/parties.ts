/**
 * Who must have signed: the parties that a requirement names, each with identities and keys that count as one. A
 * threshold counts parties, never signatures; a signer belongs to the first party that names it, and a policy in which
 * two parties name the same one is refused, so nobody is two parties.
 */
import { assert } from "../runtime/kernel/assert.ts";
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { type PublicKey, parsePublicKey } from "../runtime/kernel/signer.ts";
import type { CandidateSigner } from "./candidate.ts";
import { isNamed, type NamedIdentity } from "./identity.ts";

export interface Party {
  readonly name: string;
  readonly identities: readonly NamedIdentity[];
  readonly keyIds: readonly Sha256[];
}

/** Signers as a document names them: by certificate, or by public key (PEM, SubjectPublicKeyInfo). */
export interface NamedSigners {
  readonly identities?: readonly NamedIdentity[];
  readonly keys?: readonly string[];
}

interface Asking extends NamedSigners {
  readonly parties?: readonly string[];
  readonly threshold?: number;
}

export interface Quorum {
  readonly parties: readonly Party[];
  readonly threshold: number;
}

/** Those whom a requirement names in place are one party. */
export function quorumOf(asking: Asking, declared: readonly (NamedSigners & { readonly name: string })[]): Quorum {
  const { parties, threshold = 1 } = asking;
  if (parties === undefined) return { parties: [partyOf({ ...asking, name: "" })], threshold };
  const named = parties.map((name) => declared.find((one) => one.name === name));
  return { parties: named.flatMap((one) => (one === undefined ? [] : [partyOf(one)])), threshold };
}

function partyOf({ name, identities = [], keys = [] }: NamedSigners & { readonly name: string }): Party {
  return { name, identities, keyIds: keys.map((pem) => policyKey(pem).keyId) };
}

/** The party that this signer stands for, if any. */
export function partyNaming(signer: CandidateSigner, parties: readonly Party[]): Party | undefined {
  return parties.find((party) =>
    "keyId" in signer
      ? party.keyIds.includes(signer.keyId)
      : isNamed(signer.identity, party.identities, signer.certificate),
  );
}

/** How a refusal names them. */
export function namesOf(parties: readonly Party[]): readonly string[] {
  return parties.flatMap(({ name, identities, keyIds }) => {
    const prefix = name === "" ? "" : `${name}: `;
    return [
      ...identities.map((one) => `${prefix}${one.subject ?? one.subjectPattern} (issuer ${one.issuer})`),
      ...keyIds.map((keyId) => `${prefix}key ${keyId}`),
    ];
  });
}

const parsed = new Map<string, PublicKey>();
const PARSED_MAX = 256;

/** A key of a policy that was parsed: parsePolicy refuses what is none. Parsed once, as a round asks for it often. */
export function policyKey(pem: string): PublicKey {
  const before = parsed.get(pem);
  if (before !== undefined) return before;
  const key = parsePublicKey(pem, "a key of the policy");
  assert(key.ok, "a policy's keys were parsed when it was");
  if (parsed.size >= PARSED_MAX) parsed.clear();
  parsed.set(pem, key.value);
  return key.value;
}
