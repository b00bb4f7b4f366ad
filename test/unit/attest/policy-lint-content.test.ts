/** What `policy check` says of words that do not mean what they look like, and of requirements that ask next to nothing. */
import { describe, expect, it } from "vitest";
import { lintPolicy } from "../../../attest/review/index.ts";
import { byTwo, CI, NOW_MS, parties, policyWith, quorum, short } from "./policies.ts";

const found = (changes: object) =>
  lintPolicy(policyWith(changes), NOW_MS).map(({ severity, rule, at }) => `${severity} ${rule} ${at}`);
const requires = (...require: readonly object[]) => ({ parties, evidence: [{ ...byTwo, require }] });
const identities = (...list: readonly object[]) => ({ evidence: [{ ...short, identities: list }] });
const qa = { parties: ["qa"] };

describe("a requirement", () => {
  it.each<readonly [string, object, string]>([
    [
      "has a star in a source",
      { evidence: [{ ...short, sources: ["git+https://git.example/acme/*"] }] },
      "error literal-star evidence[0].sources[0]",
    ],
    [
      "has a star in a subject",
      identities({ ...CI, subject: "https://git.example/acme/*" }),
      "error literal-star evidence[0].identities[0].subject",
    ],
    [
      "has an issuer with a slash at its end",
      identities({ ...CI, issuer: "https://ci.example/" }),
      "warning issuer-slash evidence[0].identities[0].issuer",
    ],
    [
      "is for a predicate, with no rule on its fields",
      requires(quorum, { type: "predicate", predicateTypes: ["https://x"], ...qa }),
      "warning asks-nothing evidence[0].require[1]",
    ],
    [
      "is for a list of parts, whatever they are",
      requires(quorum, { type: "sbom", formats: ["spdx"], ...qa }),
      "warning asks-nothing evidence[0].require[1]",
    ],
    [
      "is for a release of whatever version",
      requires(quorum, { type: "release", purls: ["pkg:generic/a"], bindVersion: false, ...qa }),
      "warning any-version evidence[0].require[1].bindVersion",
    ],
    ["is for the code alone", requires({ ...quorum, about: "module" }), "error code-alone evidence[0]"],
  ])("%s", (_title, changes, expected) => {
    expect(found(changes)).toContain(expected);
  });

  it("of the code is sound beside a rule for all of the release", () => {
    const ofCode = { ...byTwo, require: [{ ...quorum, about: "module" }] };
    expect(found({ parties, evidence: [short, ofCode] })).toEqual([]);
  });

  it("of a predicate is sound with a rule on its fields, and a pattern where patterns are", () => {
    const approval = {
      type: "predicate",
      predicateTypes: ["https://x"],
      ...qa,
      fields: [{ at: "/predicate/ok", equals: true }],
    };
    const builders = ["https://b.example/acme/build.yml@refs/tags/v*"];
    expect(found(requires({ ...quorum, builders }, approval))).toEqual([]);
  });
});

describe("two parties", () => {
  const asked = (one: object, other: object) => ({
    parties: [
      { name: "ci", identities: [one] },
      { name: "qa", identities: [other] },
    ],
    evidence: [byTwo],
  });
  const by = (subjectPattern: string, more: object = {}) => ({ issuer: CI.issuer, subjectPattern, ...more });

  it("may be one signer by patterns that overlap, unless their certificates cannot", () => {
    const [wide, deep] = ["https://git.example/acme/app*/build.yml", "https://git.example/acme/other/build*"];
    expect(found(asked(by(wide), by("https://git.example/acme/app-one*/build.yml")))).toContain(
      "error party-overlap parties[1]",
    );
    expect(found(asked(by(wide), by(deep))).filter((one) => one.includes("party-overlap"))).toEqual([]);
    const from = (sourceRepositoryUri: string) => ({ certificate: { sourceRepositoryUri } });
    const apart = asked(by(wide, from("https://git.example/acme/a")), by(wide, from("https://git.example/acme/b")));
    expect(found(apart).filter((one) => one.includes("party-overlap"))).toEqual([]);
  });
});
