/**
 * What the appraiser can refuse in a board's runtime attestation. `attack` marks what a sound board with a sound broker
 * does not give; `refusal` what a mistake in the reference values or an unfinished update gives as well.
 */
import { declareFaults } from "../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("APPRAISE", {
  APPRAISE_NOTHING: {
    kind: "refusal",
    says: "there is no attestation of {device}",
    means: "The board has not said what it runs, or nobody delivered what it said.",
    todo: "Look at its presence with `sallyport watch`; then ask it with `sallyport challenge`.",
  },
  APPRAISE_MEMORY: {
    kind: "refusal",
    says: "what was seen of the board before cannot be read: {reason}",
    means:
      "The file given with --state is damaged or something else. Without it an old attestation could not be told from a new one, so nothing is appraised.",
    todo: "Put back a copy of the file. If there is none, remove it, ask with `sallyport challenge`, and take that answer for the first that is seen.",
  },
  APPRAISE_ENVELOPE: {
    kind: "refusal",
    says: "the attestation cannot be read: {reason}",
    means: "The bytes are not a DSSE envelope, carry a payload of another type, or are larger than any honest one.",
    todo: "Give the bytes of the topic `up/att` as they are. If they are, somebody altered them on the way.",
  },
  APPRAISE_SIGNATURE: {
    kind: "attack",
    says: "the attestation is not signed by a key of {device}: {reason}",
    means: "It was altered, or it is of another board, or the board has a key that the reference values do not name.",
    todo: "If the board was provisioned anew, enrol its new key. If not, somebody speaks in its name.",
  },
  APPRAISE_STATEMENT: {
    kind: "refusal",
    says: "what the board signed is no runtime attestation: {reason}",
    means: "The statement has another form, or another encoding than the one that a board gives it.",
    todo: "Use the same release of the program at both ends. A board that signs anything else is to be looked at.",
  },
  APPRAISE_PREDICATE_TYPE: {
    kind: "attack",
    says: "the board signed a statement of type {found}, expected {expected}",
    means: "Another document that the board signed was presented as its attestation.",
    todo: "Give the bytes of the topic `up/att`. If nobody mixed documents up, somebody is replaying signatures.",
  },
  APPRAISE_SUBJECTS: {
    kind: "attack",
    says: "the statement's subjects are not the agent and the modules that it tells of: {reason}",
    means: "Subjects and predicate come from different statements: no agent signs that.",
    todo: "Look at the board: what holds its key is not the agent that was installed.",
  },
  APPRAISE_DEVICE: {
    kind: "attack",
    says: "the attestation is of {found}, asked was about {device}",
    means: "A board's attestation was presented for another board, or two boards share one key.",
    todo: "Compare the names. If two boards have one key, provision one of them anew.",
  },
  APPRAISE_NONCE: {
    kind: "attack",
    says: "the attestation answers {found}, asked was {nonce}",
    means: "An answer to another question, or one that nobody asked for, was presented: it may be old.",
    todo: "Ask again. If the answer never fits, somebody between you and the board replays old ones.",
  },
  APPRAISE_REPLAYED: {
    kind: "stale",
    says: "attestation {counter} of {device} was appraised before",
    means: "It is the same statement again: nothing is wrong with it, and it says nothing new.",
    todo: "Ask with `sallyport challenge` for one that was made now.",
  },
  APPRAISE_COUNTER: {
    kind: "attack",
    says: "attestation {counter} of {device} came after number {seen}",
    means:
      "The number rises with each attestation. A lower one is an old attestation, or of a board that works with an older copy of its state; an equal one with other contents is of a second copy of the board.",
    todo: "Ask with `sallyport challenge`. If the fresh answer counts lower too, the board was restored or cloned. If it was provisioned anew, remove the --state file.",
  },
  APPRAISE_BOOT: {
    kind: "attack",
    says: "{device} says start {count} in boot {boot}, seen was start {seen} in boot {seenBoot}",
    means: "The agent counts its starts, and a new boot is a new start: these two cannot be of one board's life.",
    todo: "Look for a second copy of the board's state, or for a board that was set back.",
  },
  APPRAISE_METADATA_BACK: {
    kind: "attack",
    says: "{repository}/{role} went back from version {seen} to {found}",
    means: "The board trusts older metadata than it did before, which its updater never does by itself.",
    todo: "Look for a board that was set back to an older copy of its state. A root that moved on excuses the others.",
  },
  APPRAISE_POLICY_BACK: {
    kind: "attack",
    says: "the policy in force went from version {seen} to {found}",
    means: "The board follows an older policy than before, or another document under the same version.",
    todo: "Look for a board that was set back, or for an owner's key that signed two policies of one version.",
  },
  APPRAISE_TIME_BACK: {
    kind: "attack",
    says: "the board's latest signed time went back from {seen} to {found} under the same policy",
    means: "Only a new policy of the owner may lower it.",
    todo: "Look for a board that was set back to an older copy of its state.",
  },
  APPRAISE_STALE: {
    kind: "stale",
    says: "the attestation was made {ageS} s ago by the board's clock, at most {maxAgeS} s are believed",
    means: "The board has not said anything newer, its clock is wrong, or somebody keeps newer ones back.",
    todo: "Ask with `sallyport challenge`: an answer to a fresh question is fresh whatever the board's clock says.",
  },
  APPRAISE_AGENT: {
    kind: "attack",
    says: "the agent's files have the digest {found}, expected {expected}",
    means: "The board runs another release of the agent, or one whose files were changed.",
    todo: "Compute the digest of what you released with `sallyport appraise --agent-digest-of DIR` and compare.",
  },
  APPRAISE_ENGINE: {
    kind: "refusal",
    says: "modules are run by the tier {found}, expected {expected}",
    means: "The board runs its modules in another way than the reference values ask for.",
    todo: "Start the agent with the tier that is meant, or correct the reference values.",
  },
  APPRAISE_MODULES: {
    kind: "refusal",
    says: "what runs is not what should: {reason}",
    means: "A module runs that is not expected, with other code than expected, or one that is expected does not run.",
    todo: "Compare with what the director assigned. An update in progress passes; code that nobody assigned does not.",
  },
  APPRAISE_POLICY: {
    kind: "refusal",
    says: "the policy in force is {found}, expected {expected}",
    means: "The board has not taken the owner's policy that is expected, or has taken a newer one.",
    todo: "Make it look with `sallyport refresh`, or correct the reference values.",
  },
  APPRAISE_METADATA: {
    kind: "refusal",
    says: "{repository}/{role} is at version {found}, at least {least} is expected",
    means: "The board has not seen the metadata that it should have seen by now.",
    todo: "Make it look with `sallyport refresh`; if it stays behind, somebody keeps the repositories from it.",
  },
  APPRAISE_QUOTE: {
    kind: "attack",
    says: "the TPM does not vouch for this attestation: {reason}",
    means:
      "A quote by the board's attestation key is missing, does not hold, is over another statement, or shows other measurements.",
    todo: "If the board's firmware or kernel was updated, record its new measurements. If not, look at the board.",
  },
});
