/** What `policy diff` says of a changed policy: which way each change goes, and that no widening goes unnoticed. */
import { describe, expect, it } from "vitest";
import { diffPolicies } from "../../../attest/review/index.ts";
import {
  BUILDER,
  byTwo,
  CI,
  ceiling,
  OPERATOR_KEY,
  parties,
  policyWith,
  provenance,
  QA_KEY,
  quorum,
  short,
  TAGGED,
} from "./policies.ts";

const changes = (old: object, now: object) => diffPolicies(policyWith(old), policyWith({ version: 2, ...now }));
const said = (old: object, now: object) =>
  changes(old, now).map(({ effect, part, says }) => `${effect} ${part} ${says}`);
const effects = (old: object, now: object) => [...new Set(changes(old, now).map((one) => one.effect))].sort();
const rule = (fields: object) => ({ evidence: [{ ...short, ...fields }] });
const requires = (...require: readonly object[]) => ({ parties, evidence: [{ ...byTwo, require }] });
const OTHER = { ...CI, subject: "https://git.example/acme/app/other.yml@refs/heads/main" };
const operator = { name: "anna", publicKey: OPERATOR_KEY, devices: { all: true }, verbs: ["revoke"] };
const where = "acme/thermostat on devices of class gateway";
const gone = { reason: "stolen", running: "flag", digest: "a".repeat(64) };

describe("two policies that admit the same", () => {
  it.each<readonly [string, object, object]>([
    ["are alike but for the version", {}, {}],
    [
      "spell the short form as a requirement",
      {},
      {
        evidence: [{ devices: short.devices, modules: short.modules, require: [{ ...provenance, identities: [CI] }] }],
      },
    ],
    ["say a default", requires(quorum), requires({ ...quorum, about: "release" })],
    ["have a rule twice", {}, { evidence: [short, short] }],
    [
      "have rules in another order",
      { evidence: [short, { ...short, devices: { all: true } }] },
      { evidence: [{ ...short, devices: { all: true } }, short] },
    ],
    [
      "name a party otherwise",
      requires({ ...provenance, parties: ["qa"] }),
      {
        parties: [{ name: "laboratory", keys: [QA_KEY] }],
        evidence: [{ ...byTwo, require: [{ ...provenance, parties: ["laboratory"] }] }],
      },
    ],
    ["have a rule of no device", {}, { evidence: [short, { ...short, devices: {} }] }],
  ])("%s", (_title, old, now) => {
    expect(said(old, now).filter((one) => !one.startsWith("neutral"))).toEqual([]);
  });
});

describe("a door that opens", () => {
  it.each<readonly [string, object, object, string]>([
    [
      "a module that could not run",
      {},
      { evidence: [short, { ...short, modules: { team: "acme", name: "fan" } }] },
      "wider evidence acme/fan on devices of class gateway: could not run, and can now with the evidence that is asked",
    ],
    [
      "more devices",
      {},
      rule({ devices: { all: true } }),
      "wider evidence acme/thermostat on every device: could not run, and can now with the evidence that is asked",
    ],
    [
      "one more signer",
      {},
      rule({ identities: [CI, OTHER] }),
      `wider evidence ${where}: SLSA provenance: signer + ${OTHER.subject} (by https://ci.example)`,
    ],
    [
      "a pattern for a name",
      rule({ identities: [{ ...CI, subject: "https://git.example/acme/app/release.yml@refs/tags/v1" }] }),
      rule({ identities: [TAGGED] }),
      "wider evidence",
    ],
    [
      "one more builder",
      {},
      rule({ builders: [BUILDER, "https://b2"] }),
      `wider evidence ${where}: SLSA provenance: builders + https://b2`,
    ],
    [
      "any build type",
      rule({ buildTypes: ["https://t"] }),
      {},
      `wider evidence ${where}: SLSA provenance: buildTypes https://t → anything`.replace(
        "https://t →",
        "[https://t] →",
      ),
    ],
    [
      "a lower threshold",
      requires(quorum),
      requires({ ...quorum, threshold: 1 }),
      `wider evidence ${where}: SLSA provenance: 2 of 2 → 1 of 2 must sign`,
    ],
    [
      "a requirement that went",
      requires(quorum, { type: "predicate", predicateTypes: ["https://x"], parties: ["qa"] }),
      requires(quorum),
      `wider evidence ${where}: no longer needs an attestation by 1 of qa, of the type https://x`,
    ],
    [
      "a higher age",
      requires({ ...quorum, maxAgeDays: 3 }),
      requires({ ...quorum, maxAgeDays: 4 }),
      `wider evidence ${where}: SLSA provenance: maxAgeDays 3 → 4`,
    ],
    [
      "the code alone",
      requires(quorum, { type: "predicate", predicateTypes: ["https://x"], parties: ["qa"] }),
      requires({ ...quorum, about: "module" }, { type: "predicate", predicateTypes: ["https://x"], parties: ["qa"] }),
      `wider evidence ${where}: SLSA provenance: about release → module`,
    ],
    [
      "one more region",
      rule({ regions: ["eu"] }),
      rule({ regions: ["eu", "us"] }),
      "wider evidence acme/thermostat on devices of class gateway in region us: could not run, and can now with the evidence that is asked",
    ],
    [
      "the rule for outputs",
      { parties, evidence: [short, { ...byTwo, asks: [{ cap: "gpio", dir: "out" }] }] },
      {},
      "wider evidence",
    ],
    [
      "one more vulnerability",
      requires({ type: "vulns", parties: ["qa"], maxSeverity: "low" }),
      requires({ type: "vulns", parties: ["qa"], maxSeverity: "high" }),
      `wider evidence ${where}: a vulnerability scan: maxSeverity low → high`,
    ],
    [
      "one more licence",
      requires({ type: "sbom", parties: ["qa"], licences: { allow: ["MIT"] } }),
      requires({ type: "sbom", parties: ["qa"], licences: { allow: ["MIT", "ISC"] } }),
      `wider evidence ${where}: a bill of materials (SBOM): licences allow [MIT] → allow [MIT, ISC]`,
    ],
    [
      "a component that is no longer forbidden",
      requires({ type: "sbom", parties: ["qa"], forbid: [{ name: "a" }, { name: "b" }] }),
      requires({ type: "sbom", parties: ["qa"], forbid: [{ name: "a" }] }),
      `wider evidence ${where}: a bill of materials (SBOM): forbid - name b`,
    ],
    [
      "an exception",
      requires({ type: "vulns", parties: ["qa"], maxSeverity: "low" }),
      requires({ type: "vulns", parties: ["qa"], maxSeverity: "low", except: [{ id: "CVE-1", reason: "r" }] }),
      `wider evidence ${where}: a vulnerability scan: except + id CVE-1, reason r`,
    ],
    [
      "a builder's level",
      { builders: [{ id: BUILDER, level: 1 }] },
      { builders: [{ id: BUILDER, level: 3 }] },
      `wider builders ${BUILDER}: level 1 → 3`,
    ],
    [
      "a revocation that went",
      { revoked: [gone] },
      {},
      `wider revoked - the file with sha256 ${gone.digest} is believed again`,
    ],
    [
      "a revocation that no longer stops",
      { revoked: [{ ...gone, running: "stop" }] },
      { revoked: [gone] },
      "wider revoked",
    ],
    [
      "a capability",
      {},
      { ceilings: [{ ...ceiling, capabilities: [...ceiling.capabilities, { cap: "random" }] }] },
      `wider ceilings ${where}: may be granted random`,
    ],
    [
      "a higher quota",
      {},
      { ceilings: [{ ...ceiling, capabilities: [{ cap: "kv", bytes: 2000 }] }] },
      `wider ceilings ${where}: kv bytes 1000 → 2000`,
    ],
    [
      "a quota that went",
      {},
      { ceilings: [{ ...ceiling, capabilities: [{ cap: "kv" }] }] },
      `wider ceilings ${where}: kv bytes 1000 → anything`,
    ],
    [
      "an engine's rule that went",
      { engines: [{ devices: { all: true }, tier: "metered" }] },
      {},
      "wider engines every module on every device: tier metered → any",
    ],
    ["an operator", {}, { operators: [operator] }, "wider operators + anna may revoke on every device"],
    [
      "a clock further ahead",
      { clock: { aheadDaysMax: 1 } },
      {},
      "wider clock ahead of the last signed time by 1 days → anything",
    ],
  ])("is told: %s", (_title, old, now, expected) => {
    expect(said(old, now).some((one) => one.startsWith(expected))).toBe(true);
    expect(effects(old, now)).toContain("wider");
  });

  it("is none where the code alone is vouched for: that admits nothing", () => {
    expect(said(requires(quorum), requires({ ...quorum, about: "module" }))).toEqual([
      `narrower evidence ${where}: can no longer run`,
    ]);
  });

  it("is not told by the way back, which narrows", () => {
    expect(effects(rule({ builders: [BUILDER, "https://b2"] }), {})).toEqual(["narrower"]);
    expect(effects(requires({ ...quorum, threshold: 1 }), requires(quorum))).toEqual(["narrower"]);
    expect(effects({ evidence: [short, { ...short, modules: { team: "acme", name: "fan" } }] }, {})).toEqual([
      "narrower",
    ]);
  });

  it("is told also where something else closes", () => {
    expect(effects({}, rule({ identities: [OTHER] }))).toEqual(["narrower", "wider"]);
    expect(effects({ operators: [operator] }, { operators: [{ ...operator, verbs: ["restart"] }] })).toEqual(["both"]);
  });

  it("may be a layout of the same name, or one of its parties", () => {
    const layout = (step: object, who: readonly object[] = parties) => ({
      parties: who,
      layouts: [{ name: "l", steps: [{ name: "s", ...step }] }],
      evidence: [{ ...byTwo, require: [{ type: "layout", layout: "l" }] }],
    });
    const all = { parties: ["ci", "qa"], threshold: 2 };
    expect(effects(layout(all), layout(all))).toEqual([]);
    expect(said(layout(all), layout({ parties: ["ci", "qa"] }))).toEqual([
      `both evidence ${where}: the steps of a layout: l is another`,
    ]);
    expect(effects(layout(all), layout(all, [parties[0] ?? {}, { name: "qa", keys: [OPERATOR_KEY] }]))).toEqual([
      "both",
    ]);
  });

  it("is a field that changed in a way that is not known here", () => {
    const asked = (resource: string) => requires({ type: "vsa", parties: ["qa"], verifiers: ["https://v"], resource });
    expect(effects(asked("a:b"), asked("c:d"))).toEqual(["both"]);
  });
});

describe("rules that hold together", () => {
  it("narrow when one is added where there was one", () => {
    const predicate = { type: "predicate", predicateTypes: ["https://x"], parties: ["qa"] };
    expect(said({ parties }, { parties, evidence: [short, { ...byTwo, require: [predicate] }] })).toEqual([
      `narrower evidence ${where}: needs as well an attestation by 1 of qa, of the type https://x`,
    ]);
    const [only] = changes({ parties }, { parties, evidence: [short, byTwo] });
    expect(only?.effect).toBe("narrower");
    expect(only?.says).toMatch(/SLSA provenance: 1 of 1 → 2 of 2 must sign, signer \+ key [0-9a-f]{16}…$/);
  });

  it("are compared where they meet: a rule of a class, and one of a region", () => {
    const inEurope = { ...short, devices: { region: "eu" }, builders: ["https://eu"] };
    const now = { evidence: [short, { ...inEurope, builders: ["https://eu", "https://eu2"] }] };
    expect(said({ evidence: [short, inEurope] }, now)).toEqual([
      "wider evidence acme/thermostat on devices in region eu: SLSA provenance: builders + https://eu2",
    ]);
  });

  it("are 128 each, and compared within seconds; where they overlap in too many ways that is told, as a widening", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        ...short,
        devices: n % 2 === 0 ? { class: `c${n}` } : { region: `r${n}` },
      }));
    const { user, system } = process.cpuUsage();
    const found = changes({ evidence: many(128) }, { evidence: many(127) });
    const spent = process.cpuUsage();
    expect(spent.user + spent.system - user - system).toBeLessThan(4_000_000);
    expect(found.map((one) => one.effect)).toContain("narrower");
    expect(found).toContainEqual({
      effect: "both",
      part: "evidence",
      says: "the rules overlap in more than 2000 ways; only as many were compared",
    });
  });
});

describe("the version", () => {
  it("has to rise with any change", () => {
    const policies = [
      policyWith({ version: 2 }),
      policyWith({ version: 2, ...rule({ builders: ["https://b2"] }) }),
    ] as const;
    expect(diffPolicies(...policies).map((one) => one.effect)).toContain("refused");
    expect(diffPolicies(policies[0], policies[0])).toEqual([]);
    expect(diffPolicies(policies[0], policyWith({ version: 1 })).map((one) => one.effect)).toEqual(["refused"]);
  });

  it("may rise alone", () => {
    expect(changes({}, {})).toEqual([]);
  });
});
