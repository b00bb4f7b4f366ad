/** What can be wrong with a proof: a file that says why a board admitted a module, read by somebody else. */
import { declareFaults } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("PROOF", {
  PROOF_TOO_LARGE: {
    kind: "refusal",
    says: "a proof of {size} bytes; at most {max} are kept or read",
    means: "The metadata, evidence and policy behind one admission come to more than a proof may hold.",
    todo: "Spread the catalogue over hash bins (`sallyport repo bins`), so that a board loads less of it.",
  },
  PROOF_NOT_CANONICAL: {
    kind: "attack",
    says: "the proof is not in its one valid encoding: {reason}",
    means:
      "A proof is canonical JSON with canonical base64 in it, to the byte. Something else was written, or the file was altered.",
    todo: "Fetch the file again from the board, and copy it as bytes: no editor, no line ends, no reformatting.",
  },
  PROOF_INVALID: {
    kind: "refusal",
    says: "the proof does not have the form of sallyport.proof/1: {reason}",
    means: "A field is missing, unknown, too long or of another type.",
    todo: "Read it with the version of this program that made it, or a later one.",
  },
  PROOF_SIGNATURE: {
    kind: "attack",
    says: "the signature of device {device} over the proof does not hold: {reason}",
    means: "What stands in the file is not what the named key signed.",
    todo: "Fetch the file again. If it is the board's own, somebody altered it.",
  },
  PROOF_DEVICE: {
    kind: "attack",
    says: "the proof is not by the device that it names, {device}: {reason}",
    means:
      "The key that signed is not the one given with --device-key, or its certificate does not lead to --device-ca and this device.",
    todo: "Check key and authority. If they are the right ones, somebody else made this proof.",
  },
  PROOF_CHAIN: {
    kind: "attack",
    says: "the metadata in the proof does not lead from the given roots to this release: {reason}",
    means:
      "Under the roots that you trust, the repositories did not say what this proof needs: other owners, another device, or files that do not belong together.",
    todo: "Give the root.json files that this fleet's boards are made with, or later ones of the same chain that were in force by then: a root leads forward, not back.",
  },
  PROOF_DOCUMENT: {
    kind: "attack",
    says: "{document} in the proof is {found}, the signed metadata names {expected}",
    means: "A document was put into the proof that the repositories do not vouch for.",
    todo: "Do not rely on this proof. Fetch the board's own copy and compare.",
  },
  PROOF_RELEASE: {
    kind: "attack",
    says: "the proof is of {release}, and {reason}",
    means: "Manifest, desired state, release floor and proof do not speak of one release.",
    todo: "Do not rely on this proof. Fetch the board's own copy and compare.",
  },
  PROOF_TIME: {
    kind: "attack",
    says: "the times in the proof do not fit together: {reason}",
    means:
      "The board says when it looked at the metadata and when it judged. It judges after it has looked, and while that metadata is current.",
    todo: "Do not rely on this proof. Fetch the board's own copy, which it makes again when its clock was set in between.",
  },
  PROOF_VERDICT_DIFFERS: {
    kind: "attack",
    says: "agent {agent} recorded {recorded} for this evidence; judged again here: {judged}",
    means:
      "The same evidence under the same policy gives another verdict than the board says it gave. The board's program was not what it says, or judged by other rules.",
    todo: "Judge with the agent's own version of this program. If that differs as well, treat the board as compromised.",
  },
  PROOF_MODULE: {
    kind: "refusal",
    says: "the given module has SHA-256 {found}, the proof speaks of {expected}",
    means: "The file given with --module is not the code that this proof is about.",
    todo: "Give the module.wasm of this very release.",
  },
  PROOF_UNKNOWN: {
    kind: "refusal",
    says: "{directory} keeps no proof of {release}",
    means: "A board keeps proofs of what it runs or has in probation; those of older releases go with them.",
    todo: "See what there is with `sallyport proof list`.",
  },
});
