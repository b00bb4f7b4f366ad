/** A weaker policy: a policy that asks for nothing, or for something that anybody can satisfy. */
import { describe, it } from "vitest";
import { parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";
import { BUILDER, DEVICE, IDENTITY, policy, rule, SOURCE } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, keylessPolicy, PROVENANCE, parsed, RULE, refuses } from "./door.ts";

const at = door();
const key = newSigner().publicPem;
const ruled = (one: object) => parsed({ ...policy(), evidence: [one] });
const asking = (one: object) => ruled({ ...RULE, require: [one] });
const SHORT = { identities: [IDENTITY], builders: [BUILDER], sources: [SOURCE] };

describe("a policy that asks for nothing", () => {
  it.each(["", "{}", "[]", "null", "true", '"sallyport.policy/1"', '{"schema":"sallyport.policy/1"}'])(
    "is no policy: %s",
    (text) => {
      const code = text === "" ? "SHAPE_NOT_JSON" : "SHAPE_MISMATCH";
      sees(parsePolicy(utf8(text)), code, "refusal", /^the policy: /);
    },
  );

  it("admits nothing: without a rule that speaks of the module nothing is asked, and nothing is answered", () => {
    accepts(at.ask(at.honest, { policy: keylessPolicy() }));
    const said = `the policy has no evidence rule for module acme/thermostat on device ${DEVICE.id} (class gateway, region eu)`;
    const ofOthers = { ...rule(), modules: { team: "other" } };
    for (const evidence of [[], [ofOthers], [{ ...rule(), devices: {} }], [{ ...rule(), devices: { all: false } }]]) {
      const written = parsed({ ...policy(), evidence });
      if (!written.ok) sees(written, "SHAPE_MISMATCH", "refusal", /devices/);
      else refuses(at.ask(at.honest, { policy: written.value }), "ATTEST_NO_RULE", "refusal", said);
    }
    unwrap(parsed({ ...policy(), evidence: [] }));
  });

  it.each<[string, object]>([
    ["a rule without any evidence", RULE],
    ["an empty list of requirements", { ...RULE, require: [] }],
    ["an empty list of identities", { ...RULE, ...SHORT, identities: [] }],
    ["an empty list of builders", { ...RULE, ...SHORT, builders: [] }],
    ["an empty list of sources", { ...RULE, ...SHORT, sources: [] }],
    ["an empty list of recipes", { ...RULE, ...SHORT, buildTypes: [] }],
    ["identities alone", { ...RULE, identities: [IDENTITY] }],
    ["builders and sources without a signer", { ...RULE, builders: [BUILDER], sources: [SOURCE] }],
    ["an empty list of capabilities", { ...RULE, ...SHORT, asks: [] }],
    ["an empty list of regions", { ...RULE, ...SHORT, regions: [] }],
    ["a field that is not known", { ...RULE, ...SHORT, accept: "all" }],
    ["a kind of evidence that is not known", { ...RULE, require: [{ ...PROVENANCE, type: "anything", keys: [key] }] }],
  ])("is refused as it is read: %s", (_, one) => {
    unwrap(ruled({ ...RULE, ...SHORT }));
    sees(ruled(one), "SHAPE_MISMATCH", "refusal", /^the policy: evidence\[0\]/);
  });

  it.each<[string, object]>([
    ["no signer", {}],
    ["an empty list of identities", { identities: [] }],
    ["an empty list of keys", { keys: [] }],
    ["an empty list of parties", { parties: [], threshold: 1 }],
    ["a threshold of none", { parties: ["ci"], threshold: 0 }],
    ["a threshold that is no number", { parties: ["ci"], threshold: "1" }],
    ["a threshold below one", { parties: ["ci"], threshold: 0.5 }],
    ["a party that nobody is", { parties: ["nobody"] }],
    ["a key that is none", { keys: ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] }],
    ["an identity without a subject", { identities: [{ issuer: IDENTITY.issuer }] }],
    ["an identity without an issuer", { identities: [{ subject: IDENTITY.subject }] }],
    ["an identity of no letters", { identities: [{ issuer: "", subject: "" }] }],
    ["a subject that is a pattern and a name", { identities: [{ ...IDENTITY, subjectPattern: "https://a/b/*" }] }],
    ["an age of no days", { keys: [key], maxAgeDays: 0 }],
    ["an empty list of rules on fields", { keys: [key], fields: [] }],
    ["a rule on a field without a comparison", { keys: [key], fields: [{ at: "/predicate/x" }] }],
  ])("is refused as it is read, in a requirement: %s", (_, one) => {
    const parties = [{ name: "ci", keys: [key] }];
    const written = (more: object) =>
      parsed({ ...policy(), parties, evidence: [{ ...RULE, require: [{ ...PROVENANCE, ...more }] }] });
    unwrap(written({ parties: ["ci"], threshold: 1 }));
    sees(written(one), "SHAPE_MISMATCH", "refusal", /^the policy: /);
    sees(asking({ ...PROVENANCE, ...one }), "SHAPE_MISMATCH", "refusal", /^the policy: /);
  });
});
