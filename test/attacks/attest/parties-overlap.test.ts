/** One for two: a name fits two parties of the policy, by an exact name and a pattern or by two patterns. */
import { describe, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { lines } from "../../unit/attest/own-keys.ts";
import { IDENTITY, policy, SUBJECT } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, PROVENANCE, parsed, RULE, refuses, requiring } from "./door.ts";

const at = door();
const { issuer } = IDENTITY;
const tagged = (tag: string) => SUBJECT.replace("heads/main", `tags/${tag}`);
const any = { issuer, subjectPattern: tagged("v*") };
const first = { issuer, subjectPattern: tagged("v1*") };
const exact = { issuer, subject: tagged("v1.0") };
const require = [{ ...PROVENANCE, parties: ["builder", "tester"], threshold: 2 }];

describe("a name that two parties share", () => {
  it.each([
    ["two patterns", any, first],
    ["two patterns, the narrower first", first, any],
    ["a name and a pattern", exact, any],
    ["a pattern and a name", any, exact],
    [
      "a pattern and the same with more asked of the certificate",
      any,
      { ...any, certificate: { buildTrigger: "push" } },
    ],
  ])("counts for one of them, however often it signs: %s", async (_, builder, tester) => {
    const parties = [
      { name: "builder", identities: [builder] },
      { name: "tester", identities: [tester] },
    ];
    const asked = requiring(require, { parties });
    const by = (tag: string) => at.sign({ by: { subject: tagged(tag) } });
    const evidence = lines(await by("v1.0"), await by("v1.0"));
    const said = /^1 of 2 parties have signed what is asked for; missing: (?:builder|tester)$/;
    refuses(at.ask(evidence, { policy: asked }), "ATTEST_THRESHOLD", "refusal", said);
  });

  it("is refused with the policy where a fact of the certificate would make one signer now this party, now that", () => {
    const told = { ...any, certificate: { buildTrigger: "push" } };
    const document = (builder: object, tester: object) => ({
      ...{ ...policy(), evidence: [{ ...RULE, require }] },
      parties: [
        { name: "builder", identities: [builder] },
        { name: "tester", identities: [tester] },
      ],
    });
    const said = /must be a policy in which each party has a name, identities and keys of its own/;
    for (const other of [any, first, exact]) sees(parsed(document(told, other)), "SHAPE_MISMATCH", "refusal", said);
    unwrap(parsed(document(told, { ...any, certificate: { buildTrigger: "schedule" } })));
  });

  it("leaves two who are two what they are", async () => {
    const parties = [
      { name: "builder", identities: [exact] },
      { name: "tester", identities: [IDENTITY] },
    ];
    accepts(at.ask(lines(at.honest, await at.sign({ by: exact })), { policy: requiring(require, { parties }) }));
  });
});
