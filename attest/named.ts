/** How a policy writes down whom it believes: identities of certificates, and public keys. */
import { array, type Infer, object, oneOf, optional, record, refined, string } from "../runtime/kernel/shape.ts";
import { parsePublicKey } from "../runtime/kernel/signer.ts";
import { CERTIFICATE_FACTS } from "./certificate.ts";
import { isSubjectPattern } from "./pattern.ts";

const uri = string({ min: 1, max: 500 });

/**
 * `subject` is compared by equality: `https://github.com/acme/app` must not admit `https://github.com/acme/app-evil`.
 * `subjectPattern` stands in its place where a name changes with every release (pattern.ts says what it may hold).
 */
export const identityShape = refined(
  object({
    issuer: uri,
    subject: optional(uri),
    subjectPattern: optional(
      refined(uri, isSubjectPattern, "a URI with * only at the end of path components after the first"),
    ),
    /** What else the certificate must say, by Fulcio's names and letter by letter. */
    certificate: optional(record(oneOf(...CERTIFICATE_FACTS), uri, { max: CERTIFICATE_FACTS.length })),
  }),
  (one) => (one.subject === undefined) !== (one.subjectPattern === undefined),
  "an identity with either subject or subjectPattern",
);
export type PolicyIdentity = Infer<typeof identityShape>;

/** PEM, SubjectPublicKeyInfo; Ed25519 or P-256. */
export const keyShape = refined(
  string({ min: 1, max: 2000 }),
  (pem) => parsePublicKey(pem).ok,
  "an Ed25519 or P-256 public key as PEM",
);

export const partyName = refined(
  string({ max: 63 }),
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  "a party's name ([a-z0-9-], at most 63)",
);

export const namedSignersFields = {
  /** Any one of these identities may have signed. */
  identities: optional(array(identityShape, { min: 1, max: 32 })),
  /** Or any one of these keys: plain DSSE envelopes, and Sigstore bundles of a managed key. */
  keys: optional(array(keyShape, { min: 1, max: 16 })),
};
