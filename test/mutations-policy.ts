/** Checks of door two on what the owner asks: parties, thresholds, ages, revocations, what each kind of statement says. */
import { type Checks, mutationsOf } from "./mutations.ts";

const CHECKS: Checks = {
  "attest/policy.ts": [
    [
      "parties are distinct",
      "[names, keys, identities].every((list) => new Set(list).size === list.length)",
      "new Set(names).size === names.length && keys.length + identities.length >= 0",
      "one-party-signs-for-two",
    ],
    ["a party by a fact is no second party without it", " && !parties.some(isAlsoLater);", ";", "parties-overlap"],
    [
      "a rule asks for something",
      "return short === 3 || (short === 0 && buildTypes === undefined && require !== undefined);",
      "return short >= 0 || (buildTypes === undefined && require !== undefined);",
      "a-policy-is-empty",
    ],
  ],
  "attest/requirement.ts": [
    ["predicate type", "if (!types.includes(found)) {", "if (false as boolean) {", "another-predicate-is-given"],
    ["threshold", "if (have.size >= threshold) return", "if (have.size >= 1) return", "one-party-signs-for-two"],
    [
      "only what holds counts for a threshold",
      "looked.filter((one) => one.holds).flatMap((one) => one.parties)",
      "looked.flatMap((one) => one.parties)",
      "one-party-signs-for-two",
    ],
    [
      "age",
      "if (circumstances.nowMs < untilMs) {",
      "if (true as boolean) {",
      "the-clock-is-set-back-to-make-evidence-young",
    ],
    [
      "what a key signed has no age",
      'const isByKey = signers.some((one) => "keyId" in one);',
      'const isByKey = signers.some((one) => "keyId" in one) && signers.length === 0;',
      "timestamps-are-of-the-future",
    ],
    [
      "rules on fields",
      "...(asked.fields === undefined ? [] :",
      "...(asked.fields === undefined || asked.fields.length > 0 ? [] :",
      "names-of-fields-are-names-of-the-language",
    ],
    [
      "the code alone does not cover the manifest",
      'coversAll: isMet && (asked.about ?? "release") === "release",',
      "coversAll: isMet,",
      "an-attestation-speaks-of-the-code-alone",
    ],
  ],
  "attest/decide.ts": [
    [
      "a stranger beside what counts",
      "const telling = accepted ? used :",
      "const telling = used.length < 0 ? used :",
      "a-stranger-claims-the-release",
    ],
    [
      "who writes reads as well",
      '(wish.mode === mode || mode === "ro")',
      "wish.mode === mode",
      "a-module-asks-in-other-words",
    ],
    [
      "default deny",
      'if (rules.length === 0) return refused("rule"',
      'if (rules.length < 0) return refused("rule"',
      "a-policy-is-empty",
    ],
    [
      "region",
      "named.find((one) => !one.includes(device.region))",
      "named.find((one) => one.length === 0)",
      "test/unit/attest/parties.test.ts",
    ],
    [
      "manifest coverage",
      "if (met.some((one) => one.coversAll)) return",
      "if (met.length > 0) return",
      "an-attestation-speaks-of-the-code-alone",
    ],
  ],
  "attest/revocation.ts": [
    [
      "a revoked key",
      'if ("keyId" in signer) return entry.key === signer.keyId;',
      'if ("keyId" in signer) return false;',
      "a-revoked-signer-signs-again",
    ],
    [
      "a revoked identity",
      "return entry.identity !== undefined && isNamed(",
      "return entry.reason.length > 300 && entry.identity !== undefined && isNamed(",
      "a-revoked-signer-signs-again",
    ],
    [
      "a revoked builder",
      'const naming = entries.filter((one) => isBuilder(builderId, one.builder ?? ""));',
      'const naming = entries.filter((one) => isBuilder("", one.builder ?? ""));',
      "a-revoked-signer-signs-again",
    ],
    [
      "a revoked builder behind unreadable provenance",
      'if (!provenance.ok) return { fault: provenance.error, running: "stop" };',
      "if (!provenance.ok) return undefined;",
      "a-revoked-signer-signs-again",
    ],
    [
      "a revoked file",
      "revoked.filter((one) => one.digest === sha256)",
      "revoked.filter((one) => one.digest === name)",
      "a-revoked-signer-signs-again",
    ],
    [
      "the strictest revocation",
      'const entry = entries.find((one) => one.running === "stop") ?? entries[0];',
      "const entry = entries[0];",
      "a-revoked-signer-signs-again",
    ],
    [
      "the day of a compromise",
      "earliest !== undefined && earliest < entry.sinceMs) return false;",
      "earliest !== undefined) return false;",
      "a-revoked-signer-dates-back",
    ],
    [
      "flags are for what runs",
      'one === undefined || (running && one.running === "flag")',
      'one === undefined || one.running === "flag"',
      "a-revoked-signer-signs-again",
    ],
  ],
  "attest/cache.ts": [
    [
      "a remembered refusal grows old",
      "(!accepted && nowMs >= judgedMs + REFUSAL_MS)",
      "false",
      "the-clock-is-set-back-to-make-evidence-young",
    ],
    ["a clock that was set back", "if (nowMs < judgedMs || ", "if (", "the-clock-is-set-back-to-make-evidence-young"],
    [
      "a remembered verdict grows old",
      "return untilMs === undefined || nowMs < untilMs;",
      "return true;",
      "the-clock-is-set-back-to-make-evidence-young",
    ],
  ],
  "attest/predicate/provenance.ts": [
    [
      "certificate and provenance agree",
      'if (found.length > 0) return refused("certificate-source"',
      'if (found.length < 0) return refused("certificate-source"',
      "the-certificate-tells-of-another-source",
    ],
  ],
  "attest/predicate/vsa.ts": [
    [
      "the result of a verification",
      'if (said !== PASSED) return refused("result"',
      'if (said === "") return refused("result"',
      "a-verification-summary-is-misused",
    ],
    [
      "what a verification is about",
      "if (found === expected) return passed",
      "if (found !== undefined) return passed",
      "a-verification-summary-is-misused",
    ],
  ],
  "agent/flow/judge-metadata.ts": [
    [
      "rollback of the policy",
      "if (seenBefore !== undefined && isOlder(seen, seenBefore)) {",
      "if (false as boolean) {",
      "an-older-policy-or-one-of-a-stranger-is-served",
    ],
  ],
};

export const ON_POLICY = mutationsOf(CHECKS);
