/**
 * What the policy's requirements can refuse in the predicates of verified attestations. The signatures hold; what is
 * said does not satisfy the owner.
 */
import { declareFaults } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("ATTEST", {
  ATTEST_PREDICATE_INVALID: {
    kind: "refusal",
    says: "the predicate {type} cannot be read: {reason}",
    means:
      "The signed statement carries a predicate of a type that the policy asks for, in a form of no known version.",
    todo: "Have the tool that makes it fill in the named field, or use one of the versions that docs/policy.md lists.",
  },
  ATTEST_FIELD: {
    kind: "refusal",
    says: "the statement's {at} must be {expected}, found {found}",
    means: "The owner's policy has a rule on this field of the signed statement, and the field does not satisfy it.",
    todo: "Make the attestation again with the tool or the settings that the owner asks for, or have the owner change the rule.",
  },

  // Provenance, verification summaries and releases.
  ATTEST_SOURCE_AMBIGUOUS: {
    kind: "attack",
    says: "the provenance tells two stories of its source: {found}",
    means:
      "Several fields of SLSA provenance name the source (parameters, dependencies or materials, the run's environment). Here they name different repositories, refs or commits, which no honest builder writes.",
    todo: "Ask who runs the builder. A build of another commit than the one that set it off is refused as well: build from a tag.",
  },
  ATTEST_REF: {
    kind: "refusal",
    says: "built from ref {found}, which the policy does not name here; it names {expected}",
    means: "The source is the right one, but not the branch or the tag that the owner asks for.",
    todo: "Build from a ref that the policy names, or have the owner name this one.",
  },
  ATTEST_LEVEL: {
    kind: "refusal",
    says: "{what} reaches {found}; the policy asks for {expected}",
    means:
      "The owner believes this builder up to a lower SLSA level (`builders` of the policy), or the verification summary attests a lower one.",
    todo: "Build on a platform of that level, or have the owner say in the policy how far this builder is believed.",
  },
  ATTEST_CERTIFICATE_DIFFERS: {
    kind: "attack",
    says: "certificate and provenance do not agree on {found}",
    means:
      "Fulcio wrote into the certificate which repository, commit, workflow and run asked for it. The provenance that was signed with it says otherwise, so somebody wrote it by hand.",
    todo: "Take it for a forgery until whoever owns the signing workflow has explained it.",
  },
  ATTEST_PARAMETERS: {
    kind: "refusal",
    says: "the build's {what} {name} must be {expected}, found {found}",
    means: "The build was run with other parameters or workflow inputs than the owner asks for.",
    todo: "Run the build as the policy says, or have the owner change the rule.",
  },
  ATTEST_VSA_VERIFIER: {
    kind: "refusal",
    says: "verified by {found}, which the policy does not name here; it names {expected}",
    means: "The verification summary is of a verifier to whom the owner does not leave this decision.",
    todo: "Have a verifier that the policy names judge the release, or have the owner name this one.",
  },
  ATTEST_VSA_RESOURCE: {
    kind: "attack",
    says: "the verification summary is about {found}, expected {expected}",
    means:
      "The bytes are right but the summary was given for another purpose: another module, another version, or another place.",
    todo: "Have the verifier write the resourceUri that the policy asks for; without one it is sallyport:modules/TEAM/NAME/VERSION.",
  },
  ATTEST_VSA_RESULT: {
    kind: "refusal",
    says: "the verification's result is {found}, expected {expected}",
    means:
      "The verifier judged the release and did not let it pass, or judged it by another policy than the owner asks for.",
    todo: "Look at the verifier's own report.",
  },
  ATTEST_RELEASE: {
    kind: "refusal",
    says: "the release attestation is for {what} {found}, expected {expected}",
    means: "The registry vouches for these bytes as another package, or as another version than the manifest says.",
    todo: "Check that manifest and package are of the same release. If nobody mixed them up, somebody renamed one.",
  },
  ATTEST_TEST_RESULT: {
    kind: "refusal",
    says: "the tests are not as the policy asks: {reason}",
    means: "The test result is genuine, but a test failed, warned or was not run that the owner asks for.",
    todo: "Run the named tests with the configuration that the policy names, and publish the new result with the release.",
  },
  ATTEST_SCAI: {
    kind: "refusal",
    says: "the attribute report does not assert {missing}; it asserts {asserted}",
    means:
      "The owner asks for attributes that this report lacks, or has only for another target or under other conditions.",
    todo: "Have the producer assert the named attributes, with exactly the target and the conditions of the policy.",
  },
  ATTEST_SBOM_COMPONENT: {
    kind: "refusal",
    says: "the bill of materials is not as the policy asks ({count} in all): {wrong}",
    means:
      "The release contains a component that the owner forbids, or lacks one that must be there. A version that is missing or cannot be compared counts as forbidden where some versions are.",
    todo: "Replace the named components, or have the bill of materials say exactly which version is inside.",
  },
  ATTEST_SBOM_LICENCE: {
    kind: "refusal",
    says: "the policy does not accept the licences of ({count} in all) {wrong}",
    means:
      "The bill of materials names a licence that the owner denies or does not allow, or none that can be read (unknown).",
    todo: "Replace the named components, or have the owner add their licence, or their name under `except`.",
  },
  ATTEST_VULNERABLE: {
    kind: "refusal",
    says: "found worse than {max} ({count} in all): {wrong}",
    means:
      "A scan found vulnerabilities in the release that are worse than the owner accepts, without an exception that is in force. One whose severity cannot be read counts as critical.",
    todo: "Replace what is vulnerable and scan again, or have the owner accept the named ones under `except`, with a date.",
  },
  ATTEST_SCANNER: {
    kind: "refusal",
    says: "scanned by {found}, which the policy does not name here; it names {expected}",
    means: "The scan is genuine, but by a scanner that the owner does not rely on.",
    todo: "Scan with a scanner that the policy names, or have the owner name this one.",
  },
  ATTEST_LAYOUT: {
    kind: "refusal",
    says: "step {step} of the layout {layout} does not hold ({rule}): {reason}",
    means:
      "The owner's policy has an in-toto layout for this module. A step was not carried out by enough of its parties, they do not agree, an artifact came in or went out that its rules do not allow, or the last step made other files.",
    todo: "Compare the links of this step with the named rule. If the step was done rightly, have its parties make their links again.",
  },
});
