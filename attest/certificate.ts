/**
 * What a Fulcio certificate says beside its subject: the extensions by their object identifiers, as named facts. Read
 * strictly from DER; a fact that is there twice or has not the form that Fulcio gives it makes the certificate unreadable
 * (sigstore/fulcio, docs/oid-info.md).
 */
import type { Extensions } from "./identity.ts";

/** Fulcio's names in camel case, e.g. `sourceRepositoryUri`; what the certificate does not say is absent. */
export const CERTIFICATE_FACTS = [
  "buildSignerUri",
  "buildSignerDigest",
  "runnerEnvironment",
  "sourceRepositoryUri",
  "sourceRepositoryDigest",
  "sourceRepositoryRef",
  "sourceRepositoryIdentifier",
  "sourceRepositoryOwnerUri",
  "sourceRepositoryOwnerIdentifier",
  "buildConfigUri",
  "buildConfigDigest",
  "buildTrigger",
  "runInvocationUri",
  "sourceRepositoryVisibility",
] as const;
export type CertificateFact = (typeof CERTIFICATE_FACTS)[number];
export type CertificateFacts = { readonly [Name in CertificateFact]?: string };

/** Object identifiers 1.3.6.1.4.1.57264.1.9 to .22 in the order of the list above: each a DER UTF8String. */
const FIRST = 9;
const FULCIO = "1.3.6.1.4.1.57264.1";

/** Undefined when an extension of this family cannot be read in exactly one way. */
export function readCertificateFacts(extensions: Extensions, text: (der: Uint8Array) => string | undefined) {
  const facts: { [Name in CertificateFact]?: string } = {};
  for (const [index, name] of CERTIFICATE_FACTS.entries()) {
    const found = extensions.filter((one) => one.oid?.id.join(".") === `${FULCIO}.${FIRST + index}`);
    const [first] = found;
    if (first === undefined) continue;
    const value = found.length === 1 ? text(first.value) : undefined;
    if (value === undefined) return undefined;
    facts[name] = value;
  }
  return facts as CertificateFacts;
}
