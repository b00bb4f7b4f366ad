/** Openings that a comparison field by field does not see: `policy diff` must call each of them a widening. */
import { describe, expect, it } from "vitest";
import { diffPolicies } from "../../../attest/review/index.ts";
import { BUILDER, CI, GATEWAYS, key, parties, policyWith, provenance, QA_KEY, short, THERMOSTAT } from "./policies.ts";

const opens = (old: object, now: object) =>
  diffPolicies(policyWith(old), policyWith({ version: 2, ...now })).some(
    ({ effect }) => effect === "wider" || effect === "both",
  );
const named = (path: string) => ({ issuer: CI.issuer, subject: `https://git.example/acme/${path}` });
const OF_ACME = { issuer: CI.issuer, subjectPattern: "https://git.example/acme/*" };
const needs = (require: object, people: readonly object[], more: object = {}) => ({
  parties: people,
  evidence: [{ devices: GATEWAYS, modules: THERMOSTAT, require: [require] }],
  ...more,
});
const twoOf = (...names: readonly string[]) => ({ ...provenance, parties: names, threshold: 2 });
const where = { devices: { all: true }, modules: THERMOSTAT };
const [X, Y] = [key(), key()];

describe("an opening", () => {
  it.each<readonly [string, object, object]>([
    [
      "is a builder that is listed again and believed further: the highest level counts",
      { builders: [{ id: BUILDER, level: 1 }] },
      {
        builders: [
          { id: BUILDER, level: 1 },
          { id: BUILDER, level: 3 },
        ],
      },
    ],
    [
      "is a rule with regions that goes, for modules that ask for what it spoke of and for what another rule speaks of",
      {
        evidence: [
          { ...short, asks: [{ cap: "gpio", dir: "out" }], regions: ["eu"] },
          { ...short, asks: [{ cap: "kv" }] },
          { ...short, asks: [{ cap: "random" }], regions: ["eu"] },
        ],
      },
      {
        evidence: [
          { ...short, asks: [{ cap: "kv" }] },
          { ...short, asks: [{ cap: "random" }], regions: ["eu"] },
        ],
      },
    ],
    [
      "are two parties in the place of two of which the first stood for both",
      needs(twoOf("all", "one"), [
        { name: "all", identities: [OF_ACME] },
        { name: "one", identities: [named("x")] },
      ]),
      needs(twoOf("two", "one"), [
        { name: "one", identities: [named("x")] },
        { name: "two", identities: [named("y")] },
      ]),
    ],
    [
      "are two halves of one party that was named twice, in the place of that party and another",
      needs(twoOf("a", "a", "b"), [
        { name: "a", keys: [X, Y] },
        { name: "b", keys: [QA_KEY] },
      ]),
      needs(twoOf("x", "y"), [
        { name: "x", keys: [X] },
        { name: "y", keys: [Y] },
      ]),
    ],
    [
      "is a party of no step that goes, where it stood for signers of one",
      needs(
        { type: "layout", layout: "l" },
        [
          { name: "all", identities: [OF_ACME] },
          { name: "one", identities: [named("x")] },
        ],
        {
          layouts: [{ name: "l", steps: [{ name: "build", parties: ["one"] }] }],
        },
      ),
      needs({ type: "layout", layout: "l" }, [{ name: "one", identities: [named("x")] }], {
        layouts: [{ name: "l", steps: [{ name: "build", parties: ["one"] }] }],
      }),
    ],
    [
      "is a ceiling that goes, where two of them left nothing in common",
      {
        ceilings: [
          { ...where, capabilities: [{ cap: "identity", what: ["module"] }] },
          { ...where, capabilities: [{ cap: "identity", what: ["device-id"] }] },
        ],
      },
      { ceilings: [{ ...where, capabilities: [{ cap: "identity", what: ["module"] }] }] },
    ],
    [
      "is a feature that only deterministic modules may use",
      { engines: [{ ...where, features: ["simd"] }] },
      { engines: [{ ...where, features: ["simd", "relaxed-simd"] }] },
    ],
  ])("%s", (_title, old, now) => {
    expect(opens(old, now)).toBe(true);
    expect(opens(old, old)).toBe(false);
    expect(opens(now, now)).toBe(false);
  });

  it("is not a party that goes and stood for nobody else", () => {
    const layouts = { layouts: [{ name: "l", steps: [{ name: "build", parties: ["ci"] }] }] };
    const asked = { type: "layout", layout: "l" };
    expect(opens(needs(asked, parties, layouts), needs(asked, parties.slice(0, 1), layouts))).toBe(false);
  });
});
