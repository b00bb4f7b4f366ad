/** The owner's patterns for signers' names: what they may hold, and the look-alikes that they must not admit. */
import { describe, expect, it } from "vitest";
import { isNamed } from "../../../attest/identity.ts";
import { parsePolicy } from "../../../attest/index.ts";
import { isSubjectPattern, matchesPattern } from "../../../attest/pattern.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { policy, rule } from "./release.ts";

const ISSUER = "https://issuer.example";
const TAGS = "https://forge.example/acme/app/.ci/release.yml@refs/tags/v*";
const ANY_APP = "https://forge.example/acme/*/.ci/release.yml@refs/heads/main";

describe("a pattern", () => {
  it("matches names of its own form", () => {
    expect(matchesPattern("https://forge.example/acme/app/.ci/release.yml@refs/tags/v1.2.3-rc.1+7", TAGS)).toBe(true);
    expect(matchesPattern("https://forge.example/acme/relay/.ci/release.yml@refs/heads/main", ANY_APP)).toBe(true);
    expect(matchesPattern("https://f.example/a/b-1/c-2", "https://f.example/a/b-*/c-*")).toBe(true);
  });

  it.each([
    ["a name that goes on", `${TAGS.slice(0, -1)}1/../../heads/evil`],
    ["a name with something before it", `https://evil.example/?${TAGS.slice(0, -1)}1`],
    ["nothing in the star's place", TAGS.slice(0, -1)],
    ["another host", "https://forge.example.evil/acme/app/.ci/release.yml@refs/tags/v1"],
    ["another tenant", "https://forge.example/acme-evil/app/.ci/release.yml@refs/tags/v1"],
    ["another repository", "https://forge.example/acme/app-evil/.ci/release.yml@refs/tags/v1"],
    ["another case", "https://forge.example/acme/App/.ci/release.yml@refs/tags/v1"],
    ["any character where a dot stands", "https://forge.example/acme/app/.ci/release-yml@refs/tags/v1"],
    ["a branch after the tag", "https://forge.example/acme/app/.ci/release.yml@refs/tags/v1@refs"],
    ["an escaped slash", "https://forge.example/acme/app/.ci/release.yml@refs/tags/v1%2f"],
    ["a query", "https://forge.example/acme/app/.ci/release.yml@refs/tags/v1?"],
    ["a letter of another script", "https://forge.example/acme/app/.ci/release.yml@refs/tags/v\u0430"],
    ["the pattern's own text", TAGS],
    ["nothing", ""],
  ])("does not match %s", (_, subject) => {
    expect(matchesPattern(subject, TAGS)).toBe(false);
  });

  it("for any repository matches no path through dots and no deeper path", () => {
    const named = (repository: string) => `https://forge.example/acme/${repository}/.ci/release.yml@refs/heads/main`;
    for (const one of [".", "..", "", "a/b", "*"]) expect(matchesPattern(named(one), ANY_APP), one).toBe(false);
  });

  it.each([
    ["no star", "https://forge.example/acme/app"],
    ["a star in the scheme", "http*://forge.example/acme/app"],
    ["a star in the host", "https://*/acme/app"],
    ["a star at the end of the host", "https://forge.example*/acme/app"],
    ["a star for the tenant", "https://forge.example/*/app"],
    ["a star at the end of the tenant", "https://forge.example/acme*/app"],
    ["a star at the end of all", "https://forge.example/*"],
    ["a star at the head of a component", "https://forge.example/acme/*app"],
    ["a star in the middle of a component", "https://forge.example/acme/a*p"],
    ["two stars in a component", "https://forge.example/acme/**"],
    ["more than four stars", "https://forge.example/acme/*/*/*/*/*"],
    ["no scheme", "forge.example/acme/*"],
    ["an e-mail address", "*@acme.example"],
    ["white space", "https://forge.example/acme/a *"],
    ["a regular expression", "^https://forge\\.example/acme/.*$"],
    ["only a star", "*"],
    ["nothing", ""],
  ])("may not have %s, and such a one matches nothing", (_, pattern) => {
    expect(isSubjectPattern(pattern)).toBe(false);
    expect(matchesPattern(pattern, pattern)).toBe(false);
  });
});

describe("an identity in a policy", () => {
  const parsed = (identity: object) =>
    parsePolicy(utf8(JSON.stringify(policy(rule({ identities: [identity as { issuer: string }] })))));

  it("has a subject or a pattern for one, and not both", () => {
    expect(parsed({ issuer: ISSUER, subject: "https://a.example/b" }).ok).toBe(true);
    expect(parsed({ issuer: ISSUER, subjectPattern: TAGS }).ok).toBe(true);
    expect(parsed({ issuer: ISSUER }).ok).toBe(false);
    expect(parsed({ issuer: ISSUER, subject: "https://a.example/b", subjectPattern: TAGS }).ok).toBe(false);
  });

  it("is refused with a pattern that would be too wide", () => {
    for (const one of ["*", ".*", "https://forge.example/*", "https://forge.example/acme*/app"]) {
      expect(parsed({ issuer: ISSUER, subjectPattern: one }).ok, one).toBe(false);
    }
  });

  it("takes a star in a plain subject for a star", () => {
    const subject = TAGS.replace("v*", "v1");
    expect(isNamed({ issuer: ISSUER, subject }, [{ issuer: ISSUER, subject: TAGS }])).toBe(false);
    expect(isNamed({ issuer: ISSUER, subject }, [{ issuer: ISSUER, subjectPattern: TAGS }])).toBe(true);
  });

  it("holds for its own issuer only, and an entry that names no subject names nobody", () => {
    const subject = TAGS.replace("v*", "v1");
    expect(isNamed({ issuer: `${ISSUER}.evil`, subject }, [{ issuer: ISSUER, subjectPattern: TAGS }])).toBe(false);
    expect(isNamed({ issuer: ISSUER, subject }, [{ issuer: ISSUER }])).toBe(false);
    expect(isNamed({ issuer: ISSUER, subject }, [{ issuer: ISSUER, subject, subjectPattern: TAGS }])).toBe(false);
  });
});
