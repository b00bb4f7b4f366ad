/** The published JSON Schemas and the parsers are one: what one takes the other takes, but for tests that only code can make. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PUBLISHED, schemaText } from "../../../agent/cli/schemas.ts";
import { parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { describeFields, schemaDocument } from "../../../runtime/kernel/json-schema.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import {
  anything,
  array,
  boolean,
  hidden,
  integer,
  number,
  object,
  oneOf,
  optional,
  parseShape,
  record,
  refined,
  schemaOf,
  string,
  variants,
} from "../../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";
import { violations } from "../../schema-checker.ts";
import { ROOT } from "../../tree.ts";

describe("a field of a schema", () => {
  it("is described where it stands, also when its value is a definition that others share", () => {
    const place = object({ street: string({ min: 1, max: 100 }), town: string({ min: 1, max: 100 }), no: boolean });
    const shape = object({ homes: array(place, { max: 2 }), work: place });
    const sentences = new Map([
      ["homes", "Where they live."],
      ["homes[].town", "Its name."],
      ["work", "Where they work."],
    ]);
    const document = describeFields(schemaDocument(schemaOf(shape), "test"), sentences);
    expect(document.properties).toMatchObject({
      homes: { description: "Where they live.", items: { $ref: "#/$defs/home" } },
      work: { description: "Where they work.", $ref: "#/$defs/home" },
    });
    expect(document.$defs["home"]).toMatchObject({ properties: { town: { description: "Its name." } } });
    expect(violations(document, { homes: [], work: { street: "a", town: "b", no: true } })).toEqual([]);
  });
});

describe.each(Object.keys(PUBLISHED))("docs/schema/%s.schema.json", (name) => {
  it("is what the parser says of itself (npm run generate writes it)", () => {
    const { page } = PUBLISHED[name] ?? {};
    const described = page === undefined ? "" : readFileSync(join(ROOT, page), "utf8");
    const file = readFileSync(join(ROOT, "docs", "schema", `${name}.schema.json`), "utf8");
    expect(file).toBe(schemaText(name, described));
  });
});

describe("a shape's schema", () => {
  const point = object({ x: integer({ min: 0, max: 9 }), y: optional(number({ min: -1, max: 1 })) });
  const everything = object({
    text: string({ min: 1, max: 3 }),
    list: array(point, { min: 1, max: 2 }),
    map: record(refined(string({ max: 2 }), /^[a-z]+$/, "small letters"), boolean, { max: 2 }),
    tagged: variants("kind", {
      a: object({ kind: oneOf("a"), n: integer({ min: 1, max: 2 }) }),
      b: object({ kind: oneOf("b"), any: anything }),
    }),
    secret: optional(hidden(oneOf("p", "q"))),
  });
  const good = {
    text: "abc",
    list: [{ x: 1 }, { x: 9, y: 0.5 }],
    map: { ab: true },
    tagged: { kind: "b", any: { deep: [null] } },
    secret: "q",
  };
  const cases: readonly (readonly [string, unknown])[] = [
    ["another type", 3],
    ["null", null],
    ["an array", []],
    ["a field too many", { ...good, more: 1 }],
    ["a field too few", { ...good, text: undefined }],
    ["a text that is too short", { ...good, text: "" }],
    ["a text that is too long", { ...good, text: "abcd" }],
    ["an empty list", { ...good, list: [] }],
    ["a list that is too long", { ...good, list: [{ x: 1 }, { x: 2 }, { x: 3 }] }],
    ["a fraction", { ...good, list: [{ x: 1.5 }] }],
    ["a number out of bounds", { ...good, list: [{ x: 10 }] }],
    ["a text for a number", { ...good, list: [{ x: "1" }] }],
    ["null for an absent field", { ...good, list: [{ x: 1, y: null }] }],
    ["a number below", { ...good, list: [{ x: 1, y: -1.01 }] }],
    ["a key that does not match", { ...good, map: { A: true } }],
    ["a key that is too long", { ...good, map: { abc: true } }],
    ["too many entries", { ...good, map: { a: true, b: true, c: false } }],
    ["a value of another type", { ...good, map: { a: 1 } }],
    ["an unknown tag", { ...good, tagged: { kind: "c" } }],
    ["no tag", { ...good, tagged: {} }],
    ["fields of another tag", { ...good, tagged: { kind: "a", any: 1 } }],
    ["a word that is not in the list", { ...good, secret: "r" }],
  ];

  it("takes what the parser takes", () => {
    expect(parseShape(everything, good, "the test").ok).toBe(true);
    expect(violations(schemaDocument(schemaOf(everything), "test"), good)).toEqual([]);
  });

  it.each(cases)("refuses %s, as the parser does", (_title, value) => {
    const document: unknown = value === null ? null : JSON.parse(JSON.stringify(value));
    expect(parseShape(everything, document, "the test").ok).toBe(false);
    expect(violations(schemaDocument(schemaOf(everything), "test"), document)).not.toEqual([]);
  });

  it("says in words what only code can test", () => {
    const even = refined(integer({ min: 0, max: 8 }), (one) => one % 2 === 0, "an even number");
    expect(schemaOf(even)).toEqual({ type: "integer", minimum: 0, maximum: 8, description: "Must be an even number." });
  });

  it("names a part that stands in several places once", () => {
    const place = object({ street: string({ min: 1, max: 100 }), town: string({ min: 1, max: 100 }), note: point });
    const document = schemaDocument(schemaOf(object({ homes: array(place, { max: 2 }), work: place })), "test");
    expect(Object.keys(document.$defs)).toEqual(["home"]);
    expect(violations(document, { homes: [], work: { street: "a", town: "b", note: { x: 1 } } })).toEqual([]);
    expect(violations(document, { homes: [], work: { street: "a", town: "b", note: { x: "1" } } })).toEqual([
      "$.work.note.x",
    ]);
  });
});

const KEYS = [0, 1].map(() => unwrap(parseSigner(generateKeyPem(), undefined, "a test key")).publicPem);

const device = { class: "gateway" };
const modules = { team: "acme", name: "thermostat" };
const identity = { issuer: "https://ci.example", subject: "https://git.example/acme/app/release.yml" };
const short = { devices: device, modules, identities: [identity], builders: ["https://b"], sources: ["git+https://s"] };
const base = { schema: "sallyport.policy/1", version: 1, evidence: [short], ceilings: [], operators: [] };
const parties = [
  { name: "ci", identities: [identity] },
  { name: "qa", keys: [KEYS[0]] },
];
const need = { type: "provenance", builders: ["https://b"], sources: ["git+https://s"] };
const evidence = (changes: object) => ({ ...base, evidence: [{ ...short, ...changes }] });
const requires = (...require: readonly object[]) => ({
  ...base,
  parties,
  evidence: [{ devices: { all: true }, modules, require }],
});
const ceiling = (...capabilities: readonly object[]) => ({
  ...base,
  ceilings: [{ devices: device, modules, capabilities }],
});
const without = (name: string) => Object.fromEntries(Object.entries(base).filter(([key]) => key !== name));
const revoked = (entry: object) => ({ ...base, revoked: [{ reason: "stolen", running: "stop", ...entry }] });

const VALID: Readonly<Record<string, unknown>> = {
  "the short form": base,
  "no rule at all": { ...base, evidence: [] },
  "a pattern for a subject": evidence({
    identities: [{ issuer: "https://ci.example", subjectPattern: "https://git.example/acme/app@refs/tags/v*" }],
  }),
  "facts of the certificate": evidence({
    identities: [{ ...identity, certificate: { sourceRepositoryUri: "https://git.example/acme/app" } }],
  }),
  regions: evidence({ regions: ["eu", "us"] }),
  "build types": evidence({ buildTypes: ["https://t"] }),
  "a rule for those that ask for an output": evidence({ asks: [{ cap: "gpio", dir: "out" }] }),
  "a requirement of two parties": requires({ ...need, parties: ["ci", "qa"], threshold: 2 }),
  "signers named in place": requires({ ...need, identities: [identity] }),
  "keys named in place": requires({ ...need, keys: KEYS }),
  "an age": requires({ ...need, parties: ["ci"], maxAgeDays: 30, about: "module" }),
  "a summary": requires({ type: "vsa", parties: ["qa"], verifiers: ["https://v"], levels: ["SLSA_BUILD_LEVEL_2"] }),
  "a list of parts": requires({
    type: "sbom",
    parties: ["qa"],
    formats: ["spdx"],
    forbid: [{ purl: "pkg:npm/a", versions: ["<1.2.3"] }],
    licences: { allow: ["MIT"], unknown: "allow" },
  }),
  "a scan": requires({
    type: "vulns",
    parties: ["qa"],
    maxSeverity: "low",
    except: [{ id: "CVE-1", reason: "r", untilMs: 1 }],
    scannedWithinDays: 7,
  }),
  "a test result": requires({ type: "test-result", parties: ["qa"], tests: ["heats"], warnings: true }),
  "an attribute": requires({ type: "scai", parties: ["qa"], attributes: [{ attribute: "WITH_STACK_PROTECTION" }] }),
  "a package": requires({ type: "release", parties: ["qa"], purls: ["pkg:generic/acme/thermostat"] }),
  "any predicate": requires({
    type: "predicate",
    parties: ["qa"],
    predicateTypes: ["https://x"],
    fields: [{ at: "/predicate/n", atMost: 3 }],
  }),
  "a layout": {
    ...requires({ type: "layout", layout: "l" }),
    layouts: [{ name: "l", steps: [{ name: "s", parties: ["ci"], products: [["CREATE", "*"]] }] }],
  },
  "a builder's level": { ...base, builders: [{ id: "https://b", level: 3 }] },
  "a revoked digest": revoked({ digest: "a".repeat(64) }),
  "a revoked identity since a time": revoked({ identity, sinceMs: 1_800_000_000_000 }),
  "a ceiling": ceiling({ cap: "gpio", line: "relay-1", dir: "out", maxHz: 0.5 }, { cap: "random" }),
  "an engine": { ...base, engines: [{ devices: { all: true }, tier: "metered", features: ["mvp", "simd"] }] },
  "an operator": {
    ...base,
    operators: [{ name: "anna", publicKey: "PEM", devices: { all: true }, verbs: ["revoke", "restart"] }],
  },
  "a clock": { ...base, clock: { aheadDaysMax: 30 } },
};

const INVALID: Readonly<Record<string, unknown>> = {
  "no object": [base],
  "another schema": { ...base, schema: "sallyport.policy/2" },
  "version 0": { ...base, version: 0 },
  "a fraction as version": { ...base, version: 1.5 },
  "no version": without("version"),
  "no evidence": without("evidence"),
  "no ceilings": without("ceilings"),
  "an unknown field": { ...base, evidenze: [] },
  "an unknown field in a rule": evidence({ identity: [identity] }),
  "too many rules": { ...base, evidence: Array.from({ length: 129 }, () => short) },
  "no identities in the list": evidence({ identities: [] }),
  "an identity without issuer": evidence({ identities: [{ subject: identity.subject }] }),
  "a certificate fact that does not exist": evidence({ identities: [{ ...identity, certificate: { repo: "x" } }] }),
  "a module without team": evidence({ modules: { name: "thermostat" } }),
  "a team with a capital": evidence({ modules: { team: "Acme" } }),
  "a module's name with a dash at its end": evidence({ modules: { team: "acme", name: "app-" } }),
  "a name longer than 63": evidence({ modules: { team: "a".repeat(64) } }),
  "null for a list": evidence({ buildTypes: null }),
  "a summary without verifiers": requires({ type: "vsa", parties: ["qa"] }),
  "a format that does not exist": requires({ type: "sbom", parties: ["qa"], formats: ["list"] }),
  "a severity that does not exist": requires({ type: "vulns", parties: ["qa"], maxSeverity: "awful" }),
  "an exception without reason": requires({
    type: "vulns",
    parties: ["qa"],
    maxSeverity: "low",
    except: [{ id: "CVE-1" }],
  }),
  "a field of another kind": requires({ type: "test-result", parties: ["qa"], maxSeverity: "low" }),
  "a layout with parties": {
    ...requires({ type: "layout", layout: "l", parties: ["ci"] }),
    layouts: [{ name: "l", steps: [{ name: "s", parties: ["ci"] }] }],
  },
  "a layout without steps": { ...base, layouts: [{ name: "l", steps: [] }] },
  "a requirement of an unknown kind": requires({ type: "vibes", parties: ["ci"] }),
  "a requirement without kind": requires({ parties: ["ci"] }),
  "a threshold of 0": requires({ ...need, parties: ["ci"], threshold: 0 }),
  "a party's name with a blank": { ...base, parties: [{ name: "c i", identities: [identity] }] },
  "level 4": { ...base, builders: [{ id: "https://b", level: 4 }] },
  "a digest that is too short": revoked({ digest: "abc" }),
  "a revocation that neither stops nor flags": revoked({ digest: "a".repeat(64), running: "maybe" }),
  "a capability that does not exist": ceiling({ cap: "spi" }),
  "a line with two dots": ceiling({ cap: "gpio", line: "a..b", dir: "in" }),
  "an output without line": ceiling({ cap: "gpio", dir: "out" }),
  "a field of another capability": ceiling({ cap: "random", maxHz: 3 }),
  "a verb that operators do not have": {
    ...base,
    operators: [{ name: "anna", publicKey: "PEM", devices: { all: true }, verbs: ["fly"] }],
  },
  "a tier that does not exist": { ...base, engines: [{ devices: { all: true }, tier: "v8" }] },
  "no days at all": { ...base, clock: { aheadDaysMax: 0 } },
};

/** Valid by the schema; the parser says more. */
const REFINED: Readonly<Record<string, unknown>> = {
  "an identity with subject and pattern": evidence({
    identities: [{ ...identity, subjectPattern: "https://git.example/acme/app@refs/tags/v*" }],
  }),
  "an identity with neither": evidence({ identities: [{ issuer: "https://ci.example" }] }),
  "a pattern with its star in the tenant's name": evidence({
    identities: [{ issuer: "https://ci.example", subjectPattern: "https://git.example/acme*/app" }],
  }),
  "a short form without sources": { ...base, evidence: [{ devices: device, modules, identities: [identity] }] },
  "a rule that asks for nothing": { ...base, evidence: [{ devices: device, modules }] },
  "a party of nobody": { ...base, parties: [{ name: "ci" }] },
  "two parties of one name": { ...base, parties: [parties[0], { name: "ci", keys: [KEYS[0]] }] },
  "one key in two parties": { ...base, parties: [parties[1], { name: "lab", keys: [KEYS[0]] }] },
  "a requirement of an unknown party": requires({ ...need, parties: ["lab"] }),
  "a threshold above the parties": requires({ ...need, parties: ["ci", "qa"], threshold: 3 }),
  "two comparisons in one rule on a field": requires({
    type: "predicate",
    parties: ["qa"],
    predicateTypes: ["https://x"],
    fields: [{ at: "/predicate/n", atMost: 3, atLeast: 1 }],
  }),
  "a layout that is not there": requires({ type: "layout", layout: "l" }),
  "a rule for artifacts that in-toto does not have": {
    ...requires({ type: "layout", layout: "l" }),
    layouts: [{ name: "l", steps: [{ name: "s", parties: ["ci"], products: [["BLESS", "*"]] }] }],
  },
  "a key that is none": requires({ ...need, keys: ["PEM"] }),
  "a revocation of two things": revoked({ digest: "a".repeat(64), builder: "https://b" }),
  "one line with two ceilings": ceiling({ cap: "gpio", line: "a", dir: "in" }, { cap: "gpio", line: "a", dir: "out" }),
};

describe("the policy's schema and its parser", () => {
  const schema = schemaDocument(schemaOf(PUBLISHED["policy"]?.shape ?? anything), "policy");
  const takes = (document: unknown) => parsePolicy(utf8(JSON.stringify(document))).ok;

  it.each(Object.entries(VALID))("both take %s", (_title, document) => {
    expect(violations(schema, document)).toEqual([]);
    expect(takes(document)).toBe(true);
  });

  it.each(Object.entries(INVALID))("both refuse %s", (_title, document) => {
    expect(violations(schema, document)).not.toEqual([]);
    expect(takes(document)).toBe(false);
  });

  it.each(Object.entries(REFINED))("the parser alone refuses %s", (_title, document) => {
    expect(violations(schema, document)).toEqual([]);
    expect(takes(document)).toBe(false);
  });
});
