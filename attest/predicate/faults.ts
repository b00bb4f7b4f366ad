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
});
