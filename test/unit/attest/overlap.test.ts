/** Whether two names of a policy may be one signer's: "no" must be true, and nobody is two parties. */
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../../attest/index.ts";
import { mayBeBoth } from "../../../attest/overlap.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { byTwo, provenance, written } from "./policies.ts";

const issuer = "https://ci.example";
const named = (path: string, certificate?: Record<string, string>) => {
  const text = `https://git.example/acme/${path}`;
  const name = path.includes("*") ? { subjectPattern: text } : { subject: text };
  return { issuer, ...name, ...(certificate === undefined ? {} : { certificate }) };
};
const push = { buildTrigger: "push" };
const byHand = { buildTrigger: "workflow_dispatch" };

describe("two names", () => {
  it.each([
    ["x", "x"],
    ["x", "*"],
    ["app@refs/tags/v1", "app@refs/tags/v*"],
    ["app@refs/tags/v*", "app@refs/tags/v1*"],
    ["a*/b", "ab*/b*"],
  ])("may be one signer's: %s and %s", (one, other) => {
    expect(mayBeBoth(named(one), named(other))).toBe(true);
    expect(mayBeBoth(named(other, push), named(one))).toBe(true);
    expect(mayBeBoth(named(other, push), named(one, byHand))).toBe(false);
    expect(mayBeBoth(named(other), { ...named(one), issuer: "https://other.example" })).toBe(false);
  });

  it.each([
    ["x", "y"],
    ["x", "x/y"],
    ["x*", "x"],
    ["x*", "y*"],
    ["x*/a", "x*/b"],
  ])("are never one signer's: %s and %s", (one, other) => {
    expect(mayBeBoth(named(one), named(other))).toBe(false);
    expect(mayBeBoth(named(other), named(one))).toBe(false);
  });
});

describe("a policy", () => {
  const isPolicy = (first: object, second: object) => {
    const parties = [
      { name: "first", identities: [first] },
      { name: "second", identities: [second] },
    ];
    const evidence = [{ ...byTwo, require: [{ ...provenance, parties: ["first", "second"], threshold: 2 }] }];
    return parsePolicy(utf8(JSON.stringify(written({ parties, evidence })))).ok;
  };

  it.each([
    ["the same name", named("x", push), named("x")],
    ["a pattern of it", named("x", push), named("*")],
    ["another fact of it", named("x", push), named("x", { sourceRepositoryRef: "refs/heads/main" })],
    ["a name within a pattern", named("*", push), named("x")],
  ])(
    "is none in which a signer is one party by a fact of the certificate and without it another: %s",
    (_, one, other) => {
      expect(isPolicy(one, other)).toBe(false);
    },
  );

  it("tells parties apart by different values of one fact, and by which of them comes first", () => {
    expect(isPolicy(named("x", push), named("x", byHand))).toBe(true);
    expect(isPolicy(named("*"), named("x", push))).toBe(true);
    expect(isPolicy(named("x", push), named("y"))).toBe(true);
  });
});
