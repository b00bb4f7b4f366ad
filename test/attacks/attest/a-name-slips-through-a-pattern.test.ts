/** A false name: where the owner wrote a pattern, a stranger's name is made to fit it; or the pattern is made to fit too much. */
import { describe, it } from "vitest";
import { IDENTITY, policy, SUBJECT } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, literally, PROVENANCE, parsed, RULE, refuses, requiring } from "./door.ts";

const at = door();
const { issuer } = IDENTITY;
const subjectPattern = SUBJECT.replace("heads/main", "tags/v*");
const byPattern = requiring([{ ...PROVENANCE, identities: [{ issuer, subjectPattern }] }]);
const tagged = (tag: string) => subjectPattern.replace("*", tag);

describe("a pattern for a signer's name", () => {
  it.each<[string, string]>([
    ["nothing where the star is", tagged("")],
    ["a path further down", tagged("1/evil")],
    ["a path that leads back", tagged("1/../../heads/evil")],
    ["dots alone", tagged("..").replace("tags/v..", "tags/..")],
    ["a percent sign", tagged("1%2fevil")],
    ["another file behind an @", tagged("1@refs")],
    ["a query", tagged("1?x")],
    ["a fragment", tagged("1#x")],
    ["another tenant", tagged("1.2.3").replace("/acme/", "/acme-evil/")],
    ["a branch that is called like the tag", tagged("1.2.3").replace("tags/", "heads/tags/")],
    ["the pattern itself", subjectPattern],
  ])("does not fit another name: %s", async (_, subject) => {
    accepts(at.ask(await at.sign({ by: { subject: tagged("1.2.3") } }), { policy: byPattern }));
    const said = new RegExp(`it names ${literally(subjectPattern)} `);
    const verdict = at.ask(await at.sign({ by: { subject } }), { policy: byPattern });
    refuses(verdict, "ATTEST_IDENTITY_MISMATCH", "attack", said);
  });

  it.each([
    "*",
    "https://*",
    "https://*/acme/app/x",
    "https://ci.example/*/app/x",
    "https://ci.example/acme*/app/x",
    "https://ci.example/acme/a*b/x",
    "https://ci.example/acme/app/*x",
    "https://ci.example/acme/app/a**",
    "https://ci.example/acme/app/x",
    "^https://ci.example/acme/app/.*$",
  ])("is refused with the policy when it would leave host or tenant open, or is none: %s", (pattern) => {
    const identities = [{ issuer, subjectPattern: pattern }];
    const document = { ...policy(), evidence: [{ ...RULE, require: [{ ...PROVENANCE, identities }] }] };
    sees(parsed(document), "SHAPE_MISMATCH", "refusal", /subjectPattern must be a URI with \* only at the end/);
  });
});
