/** A false name: a stranger gets a valid certificate for a name that a person, or a careless comparison, takes for the builder's. */
import { describe, it } from "vitest";
import { IDENTITY, SUBJECT } from "../../unit/attest/release.ts";
import { accepts, door, refuses } from "./door.ts";

const at = door();
const HOST = "ci.example";

describe("a signer whose name looks like the builder's", () => {
  it.each<[string, string]>([
    ["it begins with the name", `${SUBJECT}-evil`],
    ["it is the name's beginning", SUBJECT.slice(0, -1)],
    ["it ends with the name", `https://evil.example/?${SUBJECT}`],
    ["it matches the name as a regular expression", SUBJECT.replace("release.yml", "release-yml")],
    ["another tenant whose name begins alike", SUBJECT.replace("/acme/", "/acme-evil/")],
    ["other case in the path", SUBJECT.replace("/acme/", "/Acme/")],
    ["other case in the host", SUBJECT.replace(HOST, "CI.example")],
    ["a dot at the end of the host", SUBJECT.replace(HOST, `${HOST}.`)],
    ["a host below the builder's", SUBJECT.replace(HOST, `evil.${HOST}`)],
    ["a host that begins with the builder's", SUBJECT.replace(HOST, `${HOST}.evil.example`)],
    ["the builder's host as a user name", SUBJECT.replace(HOST, `${HOST}@evil.example`)],
    ["a user name before the builder's host", SUBJECT.replace(HOST, `evil@${HOST}`)],
    ["the builder's host with a port", SUBJECT.replace(HOST, `${HOST}:443`)],
    ["another scheme", SUBJECT.replace("https:", "http:")],
    ["a slash at the end", `${SUBJECT}/`],
    ["a slash twice", SUBJECT.replace("/acme/", "//acme/")],
    ["a path that leads back", SUBJECT.replace("/acme/app/", "/acme/app/../app/")],
    ["percent encoding", SUBJECT.replace("/acme/", "/%61cme/")],
    ["a host written as punycode", SUBJECT.replace(HOST, "xn--c-1ga.example")],
    ["a fragment", `${SUBJECT}#`],
    ["a query", `${SUBJECT}?`],
    ["another branch", SUBJECT.replace("heads/main", "heads/main2")],
    ["a tag of the branch's name", SUBJECT.replace("heads/main", "tags/main")],
  ])("is somebody else: %s", async (_, subject) => {
    accepts(at.ask(at.honest));
    const said = `signed by ${subject} (issuer ${IDENTITY.issuer}), whom the policy does not name here; it names ${SUBJECT} (issuer ${IDENTITY.issuer})`;
    refuses(at.ask(await at.sign({ by: { subject } })), "ATTEST_IDENTITY_MISMATCH", "attack", said);
  });

  it("has no name at all where only dropping the eighth bit of a byte gives the builder's", async () => {
    const subject = SUBJECT.replace("acme", `acm${String.fromCharCode("e".charCodeAt(0) | 0x80)}`);
    const said = /^the signing certificate is not accepted: it does not name exactly one issuer and one subject/;
    refuses(at.ask(await at.sign({ by: { subject } })), "ATTEST_CERTIFICATE", "attack", said);
  });

  it.each<[string, string]>([
    ["a letter of another alphabet", SUBJECT.replace("acme", "\u0430cme")],
    ["a letter and its accent apart", SUBJECT.replace("acme", "acme\u0301")],
    ["letters of full width", SUBJECT.replace("acme", "\uff41cme")],
    ["a letter that is not seen", SUBJECT.replace("acme", "ac\u200bme")],
    ["text that turns its direction", SUBJECT.replace("acme", "\u202eemca")],
    ["a zero after the name", `${SUBJECT}\0.evil.example`],
    ["a line feed after the name", `${SUBJECT}\nevil`],
    ["a space before the name", ` ${SUBJECT}`],
    ["a space after the name", `${SUBJECT} `],
    ["nothing but a name of no letters", "\0"],
  ])("has no name at all that a certificate may give: %s", async (_, name) => {
    // The authority of the tests writes one byte a character.
    const subject = Buffer.from(name).toString("latin1");
    const said = /^the signing certificate is not accepted: it does not name exactly one issuer and one subject/;
    refuses(at.ask(await at.sign({ by: { subject } })), "ATTEST_CERTIFICATE", "attack", said);
  });
});
