/** Checks of the publisher's side of door two, and of its verbs. */
import { type Checks, mutationsOf } from "./mutations.ts";

const KEY_TESTS = "test/unit/attest/publisher-key.test.ts";
const EVIDENCE_TESTS = "test/unit/attest/publisher-evidence.test.ts";

const CHECKS: Checks = {
  "attest/publisher/evidence.ts": [
    ["an attestation once in a file", "if (before !== undefined)", "if (false as boolean)", EVIDENCE_TESTS],
    ["no envelope without a time", "if (hasCertificate(json)) {", "if (false as boolean) {", EVIDENCE_TESTS],
    [
      "at most what boards read, in a file",
      "if (file.byteLength <= EVIDENCE_BYTES_MAX)",
      "if (true as boolean)",
      EVIDENCE_TESTS,
    ],
    [
      "npm's answer is not published",
      "if (npmAnswer(source.bytes) !== undefined)",
      "if (false as boolean)",
      EVIDENCE_TESTS,
    ],
  ],
  "attest/publisher/statement.ts": [
    ["at most what boards read, signed", "if (size > BUNDLE_BYTES_MAX) {", "if (false as boolean) {", KEY_TESTS],
  ],
  "attest/publisher/builder.ts": [
    ["a bundle is read before it is given", "if (!read.ok) throw", "if (false as boolean) throw", KEY_TESTS],
  ],
  "attest/publisher/managed.ts": [
    [
      "keys that boards verify with",
      'unwrap(parsePublicKey(publicPem, "the signing key"));',
      "void publicPem;",
      KEY_TESTS,
    ],
  ],
  "attest/publisher/answer.ts": [
    ["a service's answer is bounded", "if (size > maxBytes) throw", "if (false as boolean) throw", KEY_TESTS],
  ],
  "attest/publisher/sign.ts": [
    [
      "a version 2 log needs a timestamp",
      "if (options.rekorVersion === 2 && options.tsaUrl === undefined) {",
      "if (false as boolean) {",
      "test/unit/attest/publisher.test.ts",
    ],
  ],
  "attest/publisher/github-token.ts": [
    ["a token's request is not redirected", 'redirect: "error", ', "", "test/unit/attest/publisher.test.ts"],
  ],
  "agent/cli/ci-environment.ts": [
    [
      "a build's variables have their form",
      "form.test(value)",
      "value !== undefined",
      "test/unit/attest/attest-environment.test.ts",
    ],
  ],
  "agent/cli/attest-vsa.ts": [
    [
      "no summary of what does not pass",
      "if (!verdict.accepted) return sayWhyNot(verdict, io);",
      "",
      "test/unit/attest/attest-statements.test.ts",
    ],
  ],
  "agent/cli/attest-show.ts": [
    ["a terminal is not steered", "cleanLine(text)", "text", "test/unit/attest/attest-statements.test.ts"],
  ],
};

export const ON_PUBLISHER = mutationsOf(CHECKS);
