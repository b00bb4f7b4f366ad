/** Checks of door two on what is presented: form, signatures, names, witnesses and subjects. */
import { type Checks, mutationsOf } from "./mutations.ts";

const CHECKS: Checks = {
  "attest/parties.ts": [
    [
      "identity of a certificate",
      ": isNamed(signer.identity, party.identities, signer.certificate),",
      ": isNamed(signer.identity, party.identities, signer.certificate) || true,",
      "a-signer-has-a-name-that-looks-alike",
    ],
    [
      "which of the policy's keys",
      "? party.keyIds.includes(signer.keyId)",
      "? party.keyIds.includes(signer.keyId) || true",
      "a-bare-key-borrows-a-hint",
    ],
  ],
  "attest/identity.ts": [
    [
      "an e-mail address is no URI",
      "if (name.tag === RFC822_NAME && name.content.includes(COLON)) return undefined;",
      "",
      "test/unit/attest/identity.test.ts",
    ],
    ["issuer", "if (issuer !== signer.issuer) return false;", "", "an-issuer-has-a-name-that-looks-alike"],
    [
      "bytes of a subject",
      "name.content.some((byte) => byte < 0x21 || byte > 0x7e)",
      "false",
      "test/unit/attest/identity.test.ts",
    ],
  ],
  "attest/pattern.ts": [
    [
      "what a star may stand for",
      "return FILLER.test(said.slice(stem.length));",
      "return true;",
      "a-name-slips-through-a-pattern",
    ],
    [
      "host and tenant are literal",
      'if (!LITERAL_URI.test(scheme) || empty !== "" || !literal) return false;',
      "",
      "a-name-slips-through-a-pattern",
    ],
  ],
  "attest/statement.ts": [
    [
      "subject digest",
      "if (missing.length === 0) return ok(undefined);",
      "if (missing.length >= 0) return ok(undefined);",
      "the-subject-is-swapped",
    ],
    [
      "subjects that contradict each other",
      "naming.length > 0 && naming.every((pairs) => !pairs.includes(false))",
      "naming.length > 0",
      "subjects-contradict-each-other",
    ],
    [
      "statement type",
      "if (found === STATEMENT_TYPE || found === STATEMENT_TYPE_V01) return ok(undefined);",
      "if (found !== undefined) return ok(undefined);",
      "the-statement-type-is-confused",
    ],
  ],
  "attest/bundle.ts": [
    [
      "payload type of a bundle",
      "return type === STATEMENT_PAYLOAD_TYPE ? undefined",
      "return type !== undefined ? undefined",
      "the-payload-type-is-confused",
    ],
  ],
  "attest/evidence.ts": [
    [
      "payload type of an envelope",
      "payloadType: STATEMENT_PAYLOAD_TYPE,",
      "payloadType: envelope.value.payloadType,",
      "the-payload-type-is-confused",
    ],
    [
      "number of signatures",
      "if (envelope.value.signatures.length > SIGNATURES_MAX) {",
      "if (false as boolean) {",
      "an-envelope-has-ten-thousand-signatures",
    ],
  ],
  "attest/container.ts": [
    [
      "number of parts",
      "if (lines.length > ITEMS_MAX) return",
      "if (false as boolean) return",
      "an-evidence-file-is-a-bomb",
    ],
    [
      "size of the evidence",
      "if (bytes.byteLength > EVIDENCE_BYTES_MAX) {",
      "if (false as boolean) {",
      "an-evidence-file-is-a-bomb",
    ],
  ],
  "attest/strict-json.ts": [
    [
      "a name twice in one object",
      "if (names.has(name)) return",
      "if (false as boolean) return",
      "a-policy-says-two-things",
    ],
    [
      "how deep JSON nests",
      "if (open.length === JSON_DEPTH_MAX) return",
      "if (false as boolean) return",
      "a-document-nests-without-end",
    ],
  ],
  "attest/verify.ts": [
    [
      "what nobody signed in a bundle",
      "if (unsigned !== undefined) {",
      "if (false as boolean) {",
      "test/unit/attest/strict.test.ts",
    ],
    [
      "a signature without any time",
      "if (tlogEntries.length === 0 && (timestampVerificationData?.rfc3161Timestamps.length ?? 0) === 0) {",
      "if (false as boolean) {",
      "a-certificate-has-expired",
    ],
    [
      "the key of a bundle without certificate",
      "signatures.some(({ sig }) => one.verify(message, sig))",
      "signatures.length > 0",
      "a-bare-key-borrows-a-hint",
    ],
  ],
  "attest/trust.ts": [
    [
      "a beginning of validity",
      "object({ start: date, end: maybe(date) }),",
      "object({ start: maybe(date), end: maybe(date) }) as never,",
      "a-trusted-root-has-no-validity",
    ],
  ],
  "runtime/kernel/signer.ts": [
    [
      "one spelling of a key",
      "unsupportedType(key) ?? otherSpelling(key);",
      "unsupportedType(key);",
      "one-party-signs-for-two",
    ],
  ],
};

export const ON_EVIDENCE = mutationsOf(CHECKS);
