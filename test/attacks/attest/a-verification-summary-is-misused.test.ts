/** Old evidence: somebody else's judgement of a release is out of date, was given for another module, or was none in its favour. */
import { describe, it } from "vitest";
import { type VsaInput, vsaStatement } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { envelope, lines, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, type Json, OTHER_BYTES } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, refuses, requiring } from "./door.ts";

const at = door();
const NOW = Date.UTC(2026, 10, 21);
const VERIFIER = "https://verifier.example";
const key = newSigner();
const RESOURCE = "sallyport:modules/acme/thermostat/1.2.3";
const asked = {
  ...{ type: "vsa", keys: [key.publicPem], verifiers: [VERIFIER] },
  ...{ levels: ["SLSA_BUILD_LEVEL_2"], maxVerifiedAgeDays: 7 },
};
const policy = requiring([asked]);

const said = (changes: Partial<VsaInput> = {}) =>
  vsaStatement({
    ...{ artifacts: ARTIFACTS, verifier: { id: VERIFIER }, verifiedMs: NOW - DAY_MS, resourceUri: RESOURCE },
    ...{ policy: { uri: "https://verifier.example/policy" }, result: "PASSED", levels: ["SLSA_BUILD_LEVEL_3"] },
    ...changes,
  });
const shown = async (statement: Uint8Array, by = key) => at.ask(await envelope(statement, by), { policy, nowMs: NOW });
const withPredicate = (change: (predicate: Json) => void) => {
  const statement: Json = JSON.parse(Buffer.from(said()).toString());
  change(statement.predicate);
  return utf8(JSON.stringify(statement));
};

describe("a verification summary", () => {
  it("that was true once is too old, and one without a date or of the future has no age", async () => {
    accepts(await shown(said()));
    const old = await shown(said({ verifiedMs: NOW - 8 * DAY_MS }));
    refuses(old, "ATTEST_STALE", "stale", "it was verified 8 days ago; at most 7 days are accepted");
    const undated = await shown(withPredicate((one) => delete one.timeVerified));
    refuses(undated, "ATTEST_NO_TIME", "refusal", /it does not say when it was$/);
    const ahead = await shown(said({ verifiedMs: NOW + 30 * DAY_MS }));
    refuses(ahead, "ATTEST_NO_TIME", "refusal", /which is yet to come$/);
  });

  it("of the right bytes under another name was given for another purpose", async () => {
    accepts(await shown(said()));
    for (const resourceUri of [
      RESOURCE.replace("acme", "other"),
      RESOURCE.replace("thermostat", "thermostat2"),
      RESOURCE.replace("1.2.3", "1.2.4"),
      `${RESOURCE}/`,
      RESOURCE.toUpperCase(),
      "sallyport:modules/{team}/{name}/{version}",
    ]) {
      const text = `the verification summary is about ${resourceUri}, expected ${RESOURCE}`;
      refuses(await shown(said({ resourceUri })), "ATTEST_VSA_RESOURCE", "attack", text);
    }
    const [code, manifest] = ARTIFACTS;
    const others = await shown(said({ artifacts: [{ ...code, sha256: OTHER_BYTES }, manifest] }));
    refuses(others, "ATTEST_SUBJECT_MISMATCH", "attack", /^the statement does not speak of module\.wasm/);
  });

  it("that did not let it pass does not pass, however it is written", async () => {
    accepts(await shown(said()));
    const text = /^the verification's result is .+, expected PASSED$/;
    refuses(await shown(said({ result: "FAILED" })), "ATTEST_VSA_RESULT", "refusal", text);
    for (const result of ["passed", "PASSED ", "SUCCESS", "true"]) {
      const verdict = await shown(withPredicate((one) => Object.assign(one, { verificationResult: result })));
      refuses(verdict, "ATTEST_VSA_RESULT", "refusal", text);
    }
    const both = await shown(said({ levels: ["SLSA_BUILD_LEVEL_3", "FAILED"] }));
    refuses(both, "ATTEST_VSA_RESULT", "refusal", text);
    const low = await shown(said({ levels: ["SLSA_BUILD_LEVEL_1", "SLSA_SOURCE_LEVEL_3", "SLSA_BUILD_LEVEL_2x"] }));
    refuses(low, "ATTEST_LEVEL", "refusal", /^the verification reaches .+; the policy asks for SLSA_BUILD_LEVEL_2$/);
  });

  it("by a stranger is nobody's, also under the verifier's name; by the right key for another verifier it is another's", async () => {
    accepts(await shown(said()));
    const text = "the signing key is not accepted: no key that the policy names signed it, or it was altered";
    refuses(await shown(said(), newSigner()), "ATTEST_KEY", "refusal", text);
    const other = await shown(said({ verifier: { id: `${VERIFIER}.evil.example` } }));
    const named = `verified by ${VERIFIER}.evil.example, which the policy does not name here; it names ${VERIFIER}`;
    refuses(other, "ATTEST_VSA_VERIFIER", "refusal", named);
  });

  it("does not stand in for provenance, nor does a bad one spoil a good one beside it", async () => {
    const bad = await envelope(said({ result: "FAILED" }), key);
    const good = await envelope(said(), key);
    accepts(at.ask(lines(bad, good), { policy, nowMs: NOW }));
    const expected = /carries https:\/\/slsa\.dev\/verification_summary\/v1, expected https:\/\/slsa\.dev\/provenance/;
    const provenance = { type: "provenance", keys: [key.publicPem], builders: ["b"], sources: ["s"] };
    const verdict = at.ask(good, { policy: requiring([provenance]), nowMs: NOW });
    refuses(verdict, "ATTEST_PREDICATE_TYPE", "refusal", expected);
  });
});
