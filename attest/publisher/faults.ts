/** What can go wrong while a publisher makes evidence. What a board makes of it afterwards is said in ../faults.ts. */
import { declareFaults } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("ATTEST", {
  ATTEST_SIGN_INPUT: {
    kind: "refusal",
    says: "cannot sign: {reason}",
    means:
      "The request to sign names a service that is not an http(s) URL, or something that no board would read as evidence.",
    todo: "Correct the named argument.",
  },
  ATTEST_SIGN_TOKEN: {
    kind: "refusal",
    says: "the identity token cannot be used: {reason}",
    means:
      "Keyless signing needs an OpenID Connect token (a JWT) with a subject, or with an e-mail that its issuer verified.",
    todo: "Get a fresh token from the build service's identity provider, with audience sigstore. The token is never shown.",
  },
  ATTEST_SIGN_CERTIFICATE: {
    kind: "network",
    says: "{url} gave no signing certificate: {reason}",
    means: "Fulcio could not be reached or refused the identity token.",
    todo: "Check the address, then whether the token is still valid and made for this Fulcio.",
  },
  ATTEST_SIGN_LOG: {
    kind: "network",
    says: "{url} did not log the signature: {reason}",
    means: "Rekor could not be reached or refused the entry. Without a log entry no device accepts the bundle.",
    todo: "Check the address and try again; nothing was published.",
  },
  ATTEST_SIGN_TIMESTAMP: {
    kind: "network",
    says: "{url} gave no timestamp: {reason}",
    means: "The timestamp authority could not be reached or refused.",
    todo: "Check the address and try again; nothing was published.",
  },
  ATTEST_SIGN_FAILED: {
    kind: "environment",
    says: "signing failed: {reason}",
    means: "A signing service answered with something that is not what its protocol promises, or this machine failed.",
    todo: "Check that the addresses are those of a Fulcio, a Rekor and a timestamp authority, in this order.",
  },
  ATTEST_MERGE: {
    kind: "refusal",
    says: "{what} cannot go into an evidence file: {reason}",
    means:
      "An evidence file holds up to 16 attestations, each a Sigstore bundle around an in-toto statement or a DSSE envelope signed by a key, none of them twice. What boards would pass over is refused when the file is made.",
    todo: "Look at the file with `sallyport attest show`; leave out what is named or sign it again, and put the rest together with `sallyport attest bundle`.",
  },
});
