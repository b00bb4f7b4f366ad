/** A false name: another issuer of identities, whose name looks like the trusted one's, vouches for the builder's name. */
import { describe, it } from "vitest";
import { IDENTITY, SUBJECT } from "../../unit/attest/release.ts";
import { accepts, door, refuses } from "./door.ts";

const at = door();
const { issuer: ISSUER } = IDENTITY;

describe("an issuer whose name looks like the trusted one's", () => {
  it.each<[string, string]>([
    ["it begins with the name", `${ISSUER}.evil.example`],
    ["it is the name's beginning", ISSUER.slice(0, -1)],
    ["a slash at the end", `${ISSUER}/`],
    ["a path below it", `${ISSUER}/realms/evil`],
    ["other case", ISSUER.toUpperCase()],
    ["another scheme", ISSUER.replace("https:", "http:")],
    ["no scheme", ISSUER.replace("https://", "")],
    ["a port", `${ISSUER}:443`],
    ["a user name", ISSUER.replace("https://", "https://oidc.sallyport.example@")],
    ["a letter of another alphabet", ISSUER.replace("oidc", "\u043eidc")],
    ["a letter that is not seen", `${ISSUER}\u200b`],
    ["a space", `${ISSUER} `],
    ["the subject's name", SUBJECT],
  ])("is another issuer: %s", async (_, issuer) => {
    accepts(at.ask(at.honest));
    const said = /^signed by .+, whom the policy does not name here; it names /s;
    refuses(at.ask(await at.sign({ by: { issuer, subject: SUBJECT } })), "ATTEST_IDENTITY_MISMATCH", "attack", said);
  });
});
