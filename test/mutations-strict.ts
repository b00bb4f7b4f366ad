/** Checks of what nobody signed in an attestation: one spelling, closed forms, and claims that a signed part bears out. */
import { type Checks, mutationsOf } from "./mutations.ts";

const HERE = "test/unit/attest/strict.test.ts";

const CHECKS: Checks = {
  "attest/strict-bundle.ts": [
    ["canonical base64", "(text) => fromBase64(text) !== undefined,", "() => true,", HERE],
    ["canonical integers", "/^(?:0|-?[1-9]\\d*)$/.test(text) &&", "", HERE],
    ["integers that a double holds", "Number.isSafeInteger(Number(text))", "true", HERE],
    ["one kind of key", "only(one.certificate, one.x509CertificateChain, one.publicKey)", "true", HERE],
    ["keyid beside a certificate", 'keyid === "" || keyid === publicKey?.hint', "keyid !== publicKey", HERE],
    ["lines of a checkpoint", "<= CHECKPOINT_LINES_MAX,", "> 0,", HERE],
  ],
  "attest/strict-json.ts": [
    ["escapes in a name that stands twice", 'if (!quoted.includes("\\\\")) return', "return", HERE],
    ["size before anything else", "if (bytes.byteLength > maxBytes) {", "if (false as boolean) {", HERE],
  ],
  "attest/strict-log.ts": [
    ["a time that no log signed", 'if (integratedTime !== "0") return', "if (false as boolean) return", HERE],
    [
      "an index that no log proved",
      "if (logIndex !== inclusionProof?.logIndex) return",
      "if (false as boolean) return",
      HERE,
    ],
    ["size of the proof's tree", "size !== treeSize || ", "", HERE],
    ["root of the proof's tree", " || root !== base64(rootHash)", "", HERE],
    ["the log's name under its checkpoint", "own.every(({ name }) => isOwnName(name))", "own.length > 0", HERE],
    [
      "nothing between a checkpoint's signatures",
      "signatures.length === tail.length ?",
      "signatures.length > 0 ?",
      HERE,
    ],
  ],
  "attest/strict-der.ts": [
    ["algorithm around a certificate", "equalBytes(inner.toDER(), algorithm.toDER())", "true", HERE],
    ["unused bits of a certificate's signature", "signature.value[0] === 0 &&", "", HERE],
    [
      "nothing behind a certificate's signature",
      "if (more.length > 0 || signed === undefined",
      "if (signed === undefined",
      HERE,
    ],
    ["a timestamp is granted", "!isInteger(granted, 0) || ", "", HERE],
    [
      "one element in a timestamp's octets",
      "|| partsOf(info, OCTET_STRING, SEQUENCE).length !== 1) return",
      ") return",
      HERE,
    ],
    ["digest around a timestamp's signer", "|| !equalBytes(own.toDER(), digest.toDER()) ", "", HERE],
    ["algorithm of a timestamp's signer", "return ECDSA.includes(name) ||", "return name !== undefined ||", HERE],
  ],
};

export const ON_STRICTNESS = mutationsOf(CHECKS);
