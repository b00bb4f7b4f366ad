/** What `policy check` finds in policies that boards would take, each with its place and the finding's name. */
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../../attest/index.ts";
import { findContradictions, lintPolicy } from "../../../attest/review/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parsePublicKey } from "../../../runtime/kernel/signer.ts";
import {
  BUILDER,
  byTwo,
  CI,
  ceiling,
  NOW_MS,
  OPERATOR_KEY,
  parties,
  policyWith,
  provenance,
  QA_KEY,
  quorum,
  short,
  TAGGED,
  written,
} from "./policies.ts";

const found = (changes: object) =>
  lintPolicy(policyWith(changes), NOW_MS).map(({ severity, rule, at }) => `${severity} ${rule} ${at}`);
const requires = (...require: readonly object[]) => ({ parties, evidence: [{ ...byTwo, require }] });
const identities = (...list: readonly object[]) => ({ evidence: [{ ...short, identities: list }] });
const operator = { name: "anna", publicKey: OPERATOR_KEY, devices: { all: true }, verbs: ["revoke"] };
const gone = { reason: "stolen", running: "stop" };

describe("a sound policy", () => {
  it.each([
    ["in the short form", {}],
    ["of two parties", { parties, evidence: [byTwo] }],
    ["with an operator and a level", { operators: [operator], builders: [{ id: BUILDER, level: 2 }] }],
    ["with tags by a pattern", identities(TAGGED)],
    [
      "of the code, beside a rule for all of the release",
      { parties, evidence: [short, { ...byTwo, require: [{ ...quorum, about: "module" }] }] },
    ],
    [
      "with a level of builders by a pattern",
      {
        ...requires({ ...quorum, builders: ["https://b.example/acme/build.yml@refs/tags/v*"], level: 2 }),
        builders: [{ id: "https://b.example/acme/build.yml@refs/tags/v1", level: 2 }],
      },
    ],
    [
      "of a layout",
      {
        parties,
        layouts: [{ name: "l", steps: [{ name: "s", parties: ["ci", "qa"] }] }],
        evidence: [{ ...byTwo, require: [{ type: "layout", layout: "l" }] }],
      },
    ],
    [
      "with a rule for those that ask for more",
      { parties, evidence: [short, { ...byTwo, asks: [{ cap: "gpio", dir: "out" }] }] },
    ],
    [
      "with a revoked key beside one that is believed",
      {
        ...requires({ ...provenance, keys: [QA_KEY, OPERATOR_KEY] }),
        parties: [],
        revoked: [{ key: unwrap(parsePublicKey(QA_KEY, "a key")).keyId, ...gone }],
      },
    ],
  ])("%s has no findings", (_title, changes) => {
    expect(found(changes)).toEqual([]);
  });
});

describe("a rule that can never match or be met", () => {
  it.each<readonly [string, object, string]>([
    ["no device", { evidence: [{ ...short, devices: {} }, short] }, "error never-matches evidence[0].devices"],
    [
      "a ceiling of no device",
      { ceilings: [{ ...ceiling, devices: { all: false } }, ceiling] },
      "error never-matches ceilings[0].devices",
    ],
    [
      "an operator of no device",
      { operators: [{ ...operator, devices: {} }] },
      "error never-matches operators[0].devices",
    ],
    [
      "a region that it does not admit",
      { evidence: [{ ...short, devices: { region: "us" }, regions: ["eu"] }] },
      "error region-never evidence[0].regions",
    ],
    [
      "a direction of a store",
      { evidence: [short, { ...short, asks: [{ cap: "kv", dir: "out" }] }] },
      "error asks-never evidence[1].asks[0]",
    ],
    ["only revoked identities", { revoked: [{ identity: CI, ...gone }] }, "error all-revoked evidence[0]"],
    [
      "only identities that a revoked pattern covers",
      {
        ...identities({ ...CI, subject: CI.subject.replace("heads/main", "tags/v1") }),
        revoked: [{ identity: TAGGED, ...gone }],
      },
      "error all-revoked evidence[0]",
    ],
    [
      "a threshold that revocation put out of reach",
      { parties, evidence: [byTwo], revoked: [{ identity: CI, ...gone }] },
      "error all-revoked evidence[0].require[0]",
    ],
    [
      "a level that no builder has",
      requires({ ...quorum, level: 2 }),
      "error level evidence[0].require[0].builders[0]",
    ],
    [
      "a level that no builder has",
      requires({ ...quorum, level: 2 }),
      "error level evidence[0].require[0].builders[0]",
    ],
    ["only revoked builders", { revoked: [{ builder: BUILDER, ...gone }] }, "error all-revoked evidence[0].builders"],
  ])("is an error: %s", (_title, changes, expected) => {
    expect(found(changes)).toContain(expected);
  });

  it("is none where signatures from before the theft still count", () => {
    expect(found({ revoked: [{ identity: CI, sinceMs: NOW_MS, ...gone }] })).toEqual([]);
  });
});

describe("a door that stands wider open than it looks", () => {
  const subject = (subjectPattern: string) => identities({ issuer: "https://ci.example", subjectPattern });
  it.each<readonly [string, object, string]>([
    [
      "any branch",
      subject("https://git.example/acme/app/release.yml@refs/heads/release-*"),
      "warning any-branch evidence[0].identities[0].subjectPattern",
    ],
    [
      "any workflow",
      subject("https://git.example/acme/app/ci-*/release.yml@refs/tags/v1"),
      "warning any-file evidence[0].identities[0].subjectPattern",
    ],
    [
      "two stars",
      subject("https://git.example/acme/app*/release.yml@refs/tags/v*"),
      "warning many-stars evidence[0].identities[0].subjectPattern",
    ],
    [
      "one of several parties",
      requires({ ...provenance, parties: ["ci", "qa"] }),
      "warning any-party evidence[0].require[0].parties",
    ],
    ["an issuer without https", identities({ ...CI, issuer: "ci" }), "warning issuer evidence[0].identities[0].issuer"],
    [
      "all beside a class",
      { evidence: [{ ...short, devices: { all: true, class: "gateway" } }] },
      "warning all-ignored evidence[0].devices",
    ],
    [
      "one signer in two parties",
      {
        parties: [
          { name: "ci", identities: [TAGGED] },
          { name: "qa", identities: [{ ...CI, subject: CI.subject.replace("heads/main", "tags/v1.0") }] },
        ],
        evidence: [{ ...byTwo, require: [quorum] }],
      },
      "error party-overlap parties[1]",
    ],
    ["a clock set ahead", { clock: { floorMs: NOW_MS + 1 } }, "error floor-ahead clock.floorMs"],
  ])("is pointed out: %s", (_title, changes, expected) => {
    expect(found(changes)).toContain(expected);
  });
});

describe("what nobody needs", () => {
  it.each<readonly [string, object, string]>([
    ["a party", { parties }, "warning party-unused parties[0]"],
    ["a builder's level", { builders: [{ id: "https://other", level: 3 }] }, "warning builder-unused builders[0]"],
    [
      "a builder's second level",
      {
        builders: [
          { id: BUILDER, level: 1 },
          { id: BUILDER, level: 3 },
        ],
      },
      "warning builder-twice builders[1]",
    ],
    [
      "a rule within a wider one",
      { evidence: [{ ...short, devices: { all: true } }, short] },
      "warning shadowed evidence[1]",
    ],
    ["a rule that is there twice", { evidence: [short, short] }, "warning shadowed evidence[1]"],
    [
      "an identity within a pattern",
      identities(TAGGED, { ...CI, subject: CI.subject.replace("heads/main", "tags/v1") }),
      "warning repeated evidence[0].identities[1]",
    ],
    [
      "a source twice",
      { evidence: [{ ...short, sources: [short.sources[0], short.sources[0]] }] },
      "warning repeated evidence[0].sources[1]",
    ],
    [
      "a layout",
      { parties, layouts: [{ name: "l", steps: [{ name: "s", parties: ["qa"] }] }] },
      "warning layout-unused layouts[0]",
    ],
    [
      "an exception that has ended",
      requires({
        type: "vulns",
        parties: ["qa"],
        maxSeverity: "none",
        except: [{ id: "CVE-1", reason: "r", untilMs: NOW_MS }],
      }),
      "warning exception-ended evidence[0].require[0].except[0]",
    ],
    [
      "an exception without end",
      requires({ type: "vulns", parties: ["qa"], maxSeverity: "none", except: [{ id: "CVE-1", reason: "r" }] }),
      "warning exception-open evidence[0].require[0].except[0]",
    ],
    [
      "a ceiling of a module that cannot run",
      { ceilings: [ceiling, { ...ceiling, modules: { team: "other" } }] },
      "warning ceiling-idle ceilings[1]",
    ],
    ["a module without ceiling", { ceilings: [] }, "warning no-ceiling evidence[0]"],
    [
      "a rule for those that ask, alone",
      { parties, evidence: [{ ...byTwo, asks: [{ cap: "kv" }] }] },
      "warning asks-alone evidence[0].asks",
    ],
    [
      "an operator's key that is none",
      { operators: [{ ...operator, publicKey: "PEM" }] },
      "error operator-key operators[0].publicKey",
    ],
    [
      "an operator who may do nothing",
      { operators: [{ ...operator, verbs: [] }] },
      "warning operator-idle operators[0].verbs",
    ],
    [
      "one key for two operators",
      { operators: [operator, { ...operator, name: "bob" }] },
      "warning operator-twice operators[1].publicKey",
    ],
    ["no rule at all", { evidence: [] }, "warning empty evidence"],
    [
      "an age of plain envelopes",
      requires({ ...provenance, parties: ["qa"], maxAgeDays: 3 }),
      "warning age-of-keys evidence[0].require[0].maxAgeDays",
    ],
  ])("is named: %s", (_title, changes, expected) => {
    expect(found(changes)).toContain(expected);
  });
});

describe("a policy that contradicts itself", () => {
  const places = (changes: object) => {
    const document = written(changes);
    expect(parsePolicy(utf8(JSON.stringify(document))).ok).toBe(false);
    return findContradictions(document).map(({ rule, at }) => `${rule} ${at}`);
  };

  it.each<readonly [string, object, string]>([
    [
      "two parties of one name",
      { parties: [parties[0], { ...parties[1], name: "ci" }] },
      "party-overlap parties[1].name",
    ],
    [
      "one identity in two parties",
      { parties: [parties[0], { name: "qa", identities: [CI] }] },
      "party-overlap parties[1].identities[0]",
    ],
    [
      "one key in two parties",
      { parties: [parties[1], { name: "lab", keys: [QA_KEY] }] },
      "party-overlap parties[1].keys[0]",
    ],
    [
      "a party that is not there",
      requires({ ...provenance, parties: ["ci", "lab"] }),
      "party-unknown evidence[0].require[0].parties[1]",
    ],
    ["a threshold out of reach", requires({ ...quorum, threshold: 3 }), "threshold evidence[0].require[0].threshold"],
    [
      "a party that is named twice to reach it",
      requires({ ...quorum, parties: ["ci", "ci"] }),
      "threshold evidence[0].require[0].threshold",
    ],
    ["parties and signers in place", requires({ ...quorum, keys: [QA_KEY] }), "signers-twice evidence[0].require[0]"],
    [
      "a layout that is not there",
      requires({ type: "layout", layout: "other" }),
      "layout-unknown evidence[0].require[0].layout",
    ],
    [
      "a step of a party that is not there",
      { layouts: [{ name: "l", steps: [{ name: "s", parties: ["lab"] }] }] },
      "party-unknown layouts[0].steps[0].parties[0]",
    ],
    ["nobody who must have signed", requires(provenance), "no-signers evidence[0].require[0]"],
  ])("is refused by the parser, and the place is named: %s", (_title, changes, expected) => {
    expect(places(changes)).toContain(expected);
  });

  it("does not stumble over a document of any form", () => {
    for (const document of [
      null,
      [],
      3,
      { parties: 3, evidence: {} },
      { parties: [null, 3, {}], evidence: [{ require: [null] }] },
    ]) {
      expect(Array.isArray(findContradictions(document))).toBe(true);
    }
  });
});
