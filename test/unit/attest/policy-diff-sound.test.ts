/**
 * `policy diff` and `policy check` against the judge: policies, releases, devices and evidence made by chance. Whatever a
 * new policy admits and the old one refused must have been told as a widening, and the other way round; a rule that is
 * called impossible admits nothing.
 */
import { describe, expect, it } from "vitest";
import { decide, type Question } from "../../../attest/decide.ts";
import type { Item } from "../../../attest/evidence.ts";
import { type Policy, parsePolicy } from "../../../attest/index.ts";
import { diffPolicies, lintPolicy } from "../../../attest/review/index.ts";
import { parseStatement } from "../../../attest/statement.ts";
import type { Wish } from "../../../runtime/kernel/authority/capability.ts";
import type { ResourceName } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { NOW_MS } from "./policies.ts";
import { ARTIFACTS, statement } from "./release.ts";

/** mulberry32 */
function seeded(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
type Chance = ReturnType<typeof seeded>;

const LINK = "https://in-toto.io/attestation/link/v0.3";
const DAY_MS = 86_400_000;
const ISSUER = "https://i.example";
const subject = (n: number | string) => `https://git.example/acme/app@refs/tags/v${n}`;
const [CODE, MANIFEST] = ARTIFACTS;

function makers(chance: Chance) {
  const pick = <T>(list: readonly T[]): T => {
    const one = list[chance(list.length)];
    if (one === undefined) throw new Error("a list to pick from has items");
    return one;
  };
  const some = <T>(list: readonly T[]): readonly T[] => {
    const chosen = list.filter(() => chance(2) === 0);
    return chosen.length === 0 ? [pick(list)] : chosen;
  };
  const maybe = (of: number, fields: () => object) => (chance(of) === 0 ? fields() : {});

  const identity = () =>
    chance(8) === 0
      ? { issuer: ISSUER, subjectPattern: subject("*") }
      : { issuer: ISSUER, subject: subject(1 + chance(4)) };
  const who = () =>
    chance(2) === 0
      ? { identities: Array.from({ length: 1 + chance(2) }, identity) }
      : {
          parties: [...some(["one", "two", "three"]), ...(chance(6) === 0 ? ["one"] : [])],
          ...maybe(2, () => ({ threshold: 1 + chance(3) })),
        };
  const common = () => ({
    ...who(),
    ...maybe(4, () => ({ about: pick(["release", "module"]) })),
    ...maybe(4, () => ({ maxAgeDays: pick([5, 50]) })),
  });
  const requirement = () =>
    pick([
      () => ({
        type: "provenance",
        ...common(),
        builders: some(["b:1", "b:2"]),
        sources: some(["s:1", "s:2"]),
        ...maybe(3, () => ({ level: 1 + chance(3) })),
      }),
      () => ({ type: "layout", layout: "l" }),
      () => ({
        type: "predicate",
        ...common(),
        predicateTypes: some(["x:1", "x:2"]),
        ...maybe(2, () => ({
          fields: some([
            { at: "/predicate/n", atMost: 1 + chance(3) },
            { at: "/predicate/ok", equals: true },
          ]),
        })),
      }),
    ])();
  const rule = () => ({
    devices: pick([
      { all: true },
      { class: "c1" },
      { class: "c2" },
      { region: "r1" },
      { id: "d1" },
      { class: "c1", region: "r2" },
      {},
    ]),
    modules: pick([{ team: "t" }, { team: "t", name: "a" }]),
    ...maybe(4, () => ({
      asks: some([{ cap: "gpio" }, { cap: "gpio", dir: "out" }, { cap: "kv" }, { cap: "random" }]),
    })),
    ...maybe(4, () => ({ regions: some(["r1", "r2"]) })),
    ...(chance(2) === 0
      ? { identities: [identity()], builders: some(["b:1", "b:2"]), sources: some(["s:1", "s:2"]) }
      : { require: Array.from({ length: 1 + chance(2) }, requirement) }),
  });
  /** In any order: a signer counts for the first that names it. */
  const people = () => {
    const all = [
      { name: "one", identities: [{ issuer: ISSUER, subject: subject(1) }] },
      { name: "two", identities: some([2, 3]).map((n) => ({ issuer: ISSUER, subject: subject(n) })) },
      {
        name: "three",
        identities: [
          chance(4) === 0 ? { issuer: ISSUER, subjectPattern: subject("*") } : { issuer: ISSUER, subject: subject(4) },
        ],
      },
    ];
    const turned = chance(3);
    return [...all.slice(turned), ...all.slice(0, turned)];
  };
  const step = (name: string) => ({
    name,
    parties: some(["one", "two", "three"]),
    ...maybe(3, () => ({ threshold: 2 })),
  });
  const written = () => ({
    schema: "sallyport.policy/1",
    version: 1,
    parties: people(),
    layouts: [{ name: "l", steps: ["first", "last"].slice(chance(2)).map(step) }],
    builders: Array.from({ length: chance(4) }, () => ({ id: pick(["b:1", "b:2"]), level: 1 + chance(3) })),
    evidence: Array.from({ length: 1 + chance(3) }, rule),
    ...maybe(5, () => ({
      revoked: [
        {
          reason: "r",
          running: "stop",
          ...pick([{ builder: "b:2" }, { identity: identity() }, { digest: CODE.sha256 }]),
        },
      ],
    })),
    ceilings: [],
    operators: [],
  });
  const policy = (): Policy => {
    for (;;) {
      const parsed = parsePolicy(utf8(JSON.stringify(written())));
      if (parsed.ok) return parsed.value;
    }
  };

  const said = (index: number): Item => {
    const artifacts = chance(4) === 0 ? [CODE] : [CODE, MANIFEST];
    const subjects = artifacts.map(({ name, sha256: digest }) => ({ name, digest: { sha256: digest } }));
    const other = (predicateType: string, predicate: object) =>
      utf8(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: subjects, predicateType, predicate }));
    const bytes = pick([
      () => statement({ artifacts, builderId: pick(["b:1", "b:2"]), sourceUri: pick(["s:1", "s:2"]) }),
      () => other(pick(["x:1", "x:2"]), { n: chance(5), ok: chance(3) > 0 }),
      () => other(LINK, { name: pick(["first", "last"]), command: [], materials: [] }),
    ])();
    const signers = some([1, 2, 3, 4])
      .slice(0, 2)
      .map((n) => ({ identity: { issuer: ISSUER, subject: subject(n) }, certificate: {} }));
    const signedTimesMs = [NOW_MS - pick([1, 20, 100]) * DAY_MS];
    return {
      index,
      digest: sha256(bytes),
      reasons: [],
      candidate: { index, statement: unwrap(parseStatement(bytes)), signers, signedTimesMs },
    };
  };
  const wishes = (): readonly Wish[] =>
    pick([
      [],
      [{ cap: "gpio", line: "l" as ResourceName, dir: "in", maxHz: 1 }],
      [{ cap: "gpio", line: "l" as ResourceName, dir: "out", maxHz: 1 }],
      [{ cap: "kv", bytes: 1, writesPerMin: 1 }],
      [
        { cap: "gpio", line: "l" as ResourceName, dir: "out", maxHz: 1 },
        { cap: "kv", bytes: 1, writesPerMin: 1 },
      ],
    ] satisfies readonly (readonly Wish[])[]);
  const world = (): { readonly items: readonly Item[]; readonly question: Omit<Question, "policy"> } => ({
    items: Array.from({ length: 1 + chance(8) }, (_, index) => said(index)),
    question: {
      artifacts: ARTIFACTS,
      module: { team: "t", name: pick(["a", "b"]), version: "1.0.0", capabilities: wishes() },
      device: { id: pick(["d1", "d2"]), class: pick(["c1", "c2", "c3"]), region: pick(["r1", "r2", "r3"]) },
      nowMs: NOW_MS,
    },
  });

  /** Most pairs differ in little: one rule or one requirement. */
  const changed = (old: Policy): Policy => {
    const other = policy();
    const swap = <T>(list: readonly T[], from: readonly T[]) => list.with(chance(list.length), pick(from));
    const ways: readonly (() => Policy)[] = [
      () => other,
      () => ({ ...old, evidence: swap(old.evidence, other.evidence) }),
      () => ({ ...old, evidence: [...old.evidence, pick(other.evidence)] }),
      () => ({ ...old, evidence: old.evidence.slice(1) }),
      () => ({ ...old, parties: other.parties ?? [] }),
      () => ({ ...old, layouts: other.layouts ?? [] }),
      () => ({ ...old, builders: other.builders ?? [], revoked: other.revoked ?? [] }),
      () => ({ ...old, evidence: old.evidence.map((one) => ({ ...one, devices: pick(other.evidence).devices })) }),
      () => ({
        ...old,
        evidence: old.evidence.map((one) =>
          one.require === undefined
            ? one
            : {
                ...one,
                require: swap(
                  one.require,
                  other.evidence.flatMap((rule_) => rule_.require ?? one.require ?? []),
                ),
              },
        ),
      }),
    ];
    return pick(ways)();
  };
  return { policy, changed, world };
}

describe("a difference between two verdicts", () => {
  it.each([1, 2, 3])("is one that policy diff has told (seed %i)", (seed) => {
    const { policy, changed, world } = makers(seeded(seed));
    let [widened, narrowed] = [0, 0];
    for (let pair = 0; pair < 40; pair += 1) {
      const old = policy();
      const now = { ...changed(old), version: 2 };
      expect(diffPolicies(old, { ...old, version: 2 })).toEqual([]);
      const changes = diffPolicies(old, now);
      const effects = new Set(changes.map((one) => one.effect));
      for (let round = 0; round < 40; round += 1) {
        const { items, question } = world();
        const [before, after] = [old, now].map((one) => decide(items, { ...question, policy: one }).accepted);
        if (before === after) continue;
        if (after) widened += 1;
        else narrowed += 1;
        const told = effects.has("both") || effects.has(after ? "wider" : "narrower");
        if (!told) expect.fail(JSON.stringify({ seed, pair, round, after, question, old, now, changes }));
      }
    }
    expect(Math.min(widened, narrowed)).toBeGreaterThan(5);
  });
});

/** Findings that say of a rule that nothing can be admitted where it matches. */
const NEVER = ["never-matches", "region-never", "all-revoked", "level"];

describe("a rule that policy check calls impossible", () => {
  it.each([11, 12, 13])("admits nothing (seed %i)", (seed) => {
    const { policy, world } = makers(seeded(seed));
    let looked = 0;
    for (let round = 0; round < 150; round += 1) {
      const one = policy();
      const impossible = lintPolicy(one, NOW_MS)
        .filter(({ severity, rule }) => severity === "error" && NEVER.includes(rule))
        .map(({ at }) => /^evidence\[(\d+)\]/.exec(at)?.[1]);
      if (impossible.length === 0) continue;
      for (let times = 0; times < 20; times += 1) {
        const { items, question } = world();
        const { accepted, reasons } = decide(items, { ...question, policy: one });
        const rules = reasons.find(({ check }) => check === "rule")?.facts["rules"];
        const matched = Array.isArray(rules) && rules.some((index) => impossible.includes(index));
        if (matched) looked += 1;
        if (matched && accepted) expect.fail(JSON.stringify({ seed, round, impossible, question, one }));
      }
    }
    expect(looked).toBeGreaterThan(50);
  });
});
