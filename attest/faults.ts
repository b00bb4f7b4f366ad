/**
 * What the attestation door can refuse. `attack` marks what an honest publisher with working tools does not produce;
 * `refusal` what a mistake in policy or build set-up produces as well.
 */
import { declareFaults } from "../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("ATTEST", {
  ATTEST_BUNDLE_INVALID: {
    kind: "refusal",
    says: "the attestation bundle cannot be used: {reason}",
    means:
      "The file is not a Sigstore bundle with one signed in-toto statement and a signing certificate, or it is larger than any honest one.",
    todo: "Sign the release again. Bare DSSE envelopes and bundles signed with a bare key are not accepted; a damaged file points at the way it came.",
  },
  ATTEST_NO_TIME: {
    kind: "refusal",
    says: "no verifiable time: {reason}",
    means:
      "A signing certificate lives for minutes, so a signature counts only with a time that an authority signed, inside the bundle: a device looks nothing up. Where the policy asks for an age, a time by a key alone is none, for anybody can have an old signature witnessed anew; nor is a date that is yet to come.",
    todo: "Publish the release as a Sigstore bundle of a certificate, with the log entry and the timestamp inside; compare the board's clock, and where keys sign ask for a date in the statement instead.",
  },
  ATTEST_TIMESTAMP: {
    kind: "attack",
    says: "no trusted time of signing: {reason}",
    means:
      "The bundle needs a time signed by a timestamp authority or transparency log of the trusted root, and every time in it must verify.",
    todo: "Check that the trusted root names the timestamp authority (or log) that the publisher used and was valid then.",
  },
  ATTEST_CERTIFICATE: {
    kind: "attack",
    says: "the signing certificate is not accepted: {reason}",
    means:
      "The certificate was not issued by a certificate authority of the trusted root, was not valid at the time of signing, is not in a certificate transparency log, or does not name one issuer and one subject.",
    todo: "Check that the trusted root names the Fulcio instance that the publisher used. If it does, somebody made up a certificate.",
  },
  ATTEST_KEY: {
    kind: "refusal",
    says: "the signing key is not accepted: {reason}",
    means:
      "The bundle is signed by a key that is not the pinned one, was not valid at that time, or cannot be read; or one is signed by a certificate where a key was asked for, or the other way round.",
    todo: "Check which key or identity the publisher signs with, and give that one.",
  },
  ATTEST_LOG: {
    kind: "attack",
    says: "the transparency log does not vouch for this envelope: {reason}",
    means:
      "The log entry in the bundle is missing, is not proved by a log of the trusted root, or speaks of another payload or signature. An altered payload shows here first.",
    todo: "Compare the bundle with the publisher's copy. If the copy is refused too, check the log keys in the trusted root.",
  },
  ATTEST_SIGNATURE: {
    kind: "attack",
    says: "the signature does not hold: {reason}",
    means: "The envelope was altered, or was not signed by the key of its certificate.",
    todo: "Compare the bundle with the publisher's copy; if it is the same, sign the release again.",
  },
  ATTEST_NO_RULE: {
    kind: "refusal",
    says: "the policy has no evidence rule for module {team}/{name} on device {device} (class {class}, region {region})",
    means: "Default deny: a module runs only where at least one evidence rule of the owner's policy speaks of it.",
    todo: "If the module belongs on this device, the owner adds an evidence rule and signs a policy with a higher version.",
  },
  ATTEST_IDENTITY_MISMATCH: {
    kind: "attack",
    says: "signed by {subject} (issuer {issuer}), whom the policy does not name here; it names {expected}",
    means: "Somebody with a valid certificate signed, but not an identity that the owner trusts for this module.",
    todo: "If the build moved, the owner names the new identity in the policy, letter by letter. If not, this is a forgery.",
  },
  ATTEST_SIGNER: {
    kind: "attack",
    says: "signed by {subject} (issuer {issuer}), not by {expected}",
    means: "Somebody with a valid certificate signed, but not the identity that was asked for.",
    todo: "Compare the two names letter by letter. If the publisher did not move, this is a forgery.",
  },
  ATTEST_REVOKED: {
    kind: "attack",
    says: "the policy believes {what} no more: {reason}",
    means:
      "The owner's policy lists this identity, key, builder or file as revoked. Nothing new is admitted with it; what runs already is stopped or reported, as the entry says.",
    todo: "Publish a release that was built and signed without it.",
  },
  ATTEST_REGION: {
    kind: "refusal",
    says: "device {device} is in region {region}; this module may be in {expected}",
    means:
      "The manifest or the policy names the regions in which the module's data may be, and the device's enrolment record names another.",
    todo: "Assign it to devices of these regions. If the device was moved, enrol it again.",
  },
  ATTEST_THRESHOLD: {
    kind: "refusal",
    says: "{met} of {threshold} parties have signed what is asked for; missing: {missing}",
    means:
      "The policy wants several independent parties to vouch for this. Several signatures of one party count once.",
    todo: "Have the missing parties sign, and put their attestations into the release's evidence file.",
  },
  ATTEST_STALE: {
    kind: "stale",
    says: "{what} {age} ago; at most {max} are accepted",
    means: "The evidence was good and has become too old for what the policy asks. What runs already goes on.",
    todo: "Make the attestation again and publish it with a new release.",
  },
  ATTEST_STATEMENT_INVALID: {
    kind: "refusal",
    says: "the signed statement cannot be read: {reason}",
    means: "The payload is not an in-toto statement, or it lists more subjects or digests than are accepted.",
    todo: "Make the statement with a conforming tool; at most 1024 subjects with 32 digests each.",
  },
  ATTEST_STATEMENT_TYPE: {
    kind: "refusal",
    says: "the signed payload says it is {found}, expected {expected}",
    means: "The payload is a document of another kind; a signature over it says nothing about this release.",
    todo: "Sign an in-toto Statement v1.",
  },
  ATTEST_SUBJECT_MISMATCH: {
    kind: "attack",
    says: "the statement does not speak of {missing}: none of its {subjects} subjects has that digest",
    means:
      "The attestation is genuine but for other bytes. Code and manifest must both be subjects of the same statement.",
    todo: "Check that bundle, manifest and module are of the same release. If nobody mixed them up, somebody swapped one.",
  },
  ATTEST_OTHER_BYTES: {
    kind: "attack",
    says: "the signature is over other bytes: the bundle says {found}, the artifact is {expected}",
    means: "The bundle is for another artifact, or the artifact was changed after it was signed.",
    todo: "Check that bundle and artifact are of the same release. If nobody mixed them up, somebody swapped one.",
  },
  ATTEST_PREDICATE_TYPE: {
    kind: "refusal",
    says: "the statement carries {found}, expected {expected}",
    means: "The policy asks for an attestation of one kind, and the evidence file has only others.",
    todo: "Make the attestation that is asked for and put it into the release's evidence file.",
  },
  ATTEST_PROVENANCE_INVALID: {
    kind: "refusal",
    says: "the provenance cannot be read: {reason}",
    means:
      "SLSA provenance v1 needs buildDefinition.buildType, buildDefinition.externalParameters.source.uri and runDetails.builder.id.",
    todo: "Have the build fill in the named field.",
  },
  ATTEST_BUILDER: {
    kind: "refusal",
    says: "built by {found}, which the policy does not name here; it names {expected}",
    means: "The release was built by a builder the owner does not trust for this module.",
    todo: "Build it with a builder that the policy names, or have the owner name this one.",
  },
  ATTEST_SOURCE: {
    kind: "refusal",
    says: "built from {found}, which the policy does not name here; it names {expected}",
    means: "The release was built from a source the owner does not trust for this module.",
    todo: "Build it from a source that the policy names, or have the owner name this one.",
  },
  ATTEST_BUILD_TYPE: {
    kind: "refusal",
    says: "the build type is {found}, which the policy does not name here; it names {expected}",
    means: "The build ran another recipe than the owner asks for.",
    todo: "Use a build type that the policy names, or have the owner name this one.",
  },
  ATTEST_TRUSTED_ROOT_INVALID: {
    kind: "refusal",
    says: "the trusted root cannot be used: {reason}",
    means:
      "The list of certificate authorities and logs is not well formed. Every key and certificate must say from when it is valid: a missing date must not mean for ever.",
    todo: "The owner corrects trust/trusted_root.json and signs it again. Until then the previous one stays in force.",
  },
});
