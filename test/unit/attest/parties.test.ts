/** What a policy asks beyond one signature: several parties, keys without Sigstore, regions, capabilities, age. */
import { beforeAll, describe, expect, it } from "vitest";
import { firstRefusal, flags, judge, type Policy, parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { about, envelope, lines, newSigner, provenanceBy } from "./own-keys.ts";
import {
  ARTIFACTS,
  DEVICE,
  IDENTITY,
  type Json,
  MODULE,
  policy,
  question,
  refusals,
  signed,
  statement,
} from "./release.ts";
import { asking, by, isPolicy, keyOf, PROVENANCE, written } from "./written.ts";

const DAY_MS = 86_400_000;
let sigstore: FakeSigstore;
let keyless: Uint8Array;
let [ci, qa, stranger]: Signer[] = [];
beforeAll(async () => {
  sigstore = await startSigstore();
  keyless = await signed(sigstore);
  [ci, qa, stranger] = [newSigner(), newSigner(), newSigner()];
  return () => sigstore.close();
});
const ask = (evidence: Uint8Array, of: Policy, changes: Parameters<typeof question>[2] = {}) =>
  judge(question(sigstore, evidence, { policy: of, ...changes }));

describe("a key that the policy names", () => {
  it("vouches with a plain envelope, without Sigstore", async () => {
    const verdict = ask(await provenanceBy(...by(ci)), asking({ keys: [keyOf(ci)] }));
    expect(refusals(verdict)).toEqual([]);
    expect(verdict.accepted).toBe(true);
    expect(verdict.signedTimesMs).toEqual([]);
    expect(verdict.signer).toBeUndefined();
    expect(verdict.evidence).toMatchObject([{ holds: true, signers: [`key ${ci?.keyId}`] }]);
    expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
  });

  it("is not stood in for by another key, nor by a certificate", async () => {
    const named = asking({ keys: [keyOf(ci)] });
    expect(refusals(ask(await provenanceBy(...by(stranger)), named))).toEqual(["certificate: ATTEST_KEY"]);
    expect(refusals(ask(keyless, named))).toEqual(["identity: ATTEST_IDENTITY_MISMATCH"]);
  });

  it("does not vouch where another is named", async () => {
    const both = written({
      rule: {
        require: [
          { ...PROVENANCE, keys: [keyOf(ci)] },
          { ...PROVENANCE, keys: [keyOf(qa)] },
        ],
      },
    });
    const verdict = ask(await provenanceBy(...by(ci)), both);
    expect(refusals(verdict)).toEqual(["identity: ATTEST_IDENTITY_MISMATCH"]);
    expect(verdict.reasons.find((one) => one.code !== undefined)).toMatchObject({ rule: 0, requirement: 1 });
  });

  it("is not looked for among more signatures than an honest envelope has", async () => {
    const nine = await provenanceBy(...Array.from({ length: 8 }, newSigner), ...by(ci));
    expect(refusals(ask(nine, asking({ keys: [keyOf(ci)] })))).toEqual(["bundle: ATTEST_BUNDLE_INVALID"]);
  });

  it("signs nothing that was altered, and nothing of another type", async () => {
    const named = asking({ keys: [keyOf(ci)] });
    const good = JSON.parse(Buffer.from(await provenanceBy(...by(ci))).toString());
    const other = { ...good, payload: Buffer.from(statement({ builderId: "https://x.example" })).toString("base64") };
    expect(refusals(ask(utf8(JSON.stringify(other)), named))).toEqual(["certificate: ATTEST_KEY"]);
    const type = { ...good, payloadType: "application/vnd.sallyport.command+json" };
    expect(refusals(ask(utf8(JSON.stringify(type)), named))).toEqual(["bundle: ATTEST_BUNDLE_INVALID"]);
  });

  it("is not looked for in an envelope with a certificate beside the signature, which has no time", async () => {
    const good = JSON.parse(Buffer.from(await provenanceBy(...by(ci))).toString());
    good.signatures[0].cert = "-----BEGIN CERTIFICATE-----";
    const verdict = ask(utf8(JSON.stringify(good)), asking({ keys: [keyOf(ci)] }));
    expect(refusals(verdict)).toEqual(["bundle: ATTEST_NO_TIME"]);
  });
});

describe("several parties", () => {
  const PARTIES = () => [
    { name: "ci", identities: [IDENTITY], keys: [keyOf(ci)] },
    { name: "qa", keys: [keyOf(qa)] },
  ];
  const two = () => asking({ parties: ["ci", "qa"], threshold: 2 }, { parties: PARTIES() });

  it("must each have signed, in one envelope or in several", async () => {
    expect(ask(await provenanceBy(...by(ci, qa)), two()).accepted).toBe(true);
    expect(ask(lines(await provenanceBy(...by(ci)), await provenanceBy(...by(qa))), two()).accepted).toBe(true);
    expect(ask(lines(keyless, await provenanceBy(...by(qa))), two()).accepted).toBe(true);
  });

  it("are not met by one of them twice, by certificate and by key", async () => {
    for (const evidence of [
      await provenanceBy(...by(ci)),
      lines(await provenanceBy(...by(ci)), await provenanceBy(...by(ci))),
      lines(keyless, await provenanceBy(...by(ci))),
      await provenanceBy(...by(ci, ci)),
    ]) {
      const verdict = ask(evidence, two());
      expect(refusals(verdict)).toEqual(["threshold: ATTEST_THRESHOLD"]);
      expect(firstRefusal(verdict).facts).toMatchObject({ met: 1, threshold: 2, missing: ["qa"] });
    }
  });

  it("are told what one of them signed that does not count", async () => {
    const wrong = await envelope(statement({ builderId: "https://x.example" }), ...by(qa));
    const verdict = ask(lines(keyless, wrong), two());
    expect(firstRefusal(verdict).facts["because"]).toEqual([expect.stringContaining("https://x.example")]);
  });

  it("have names, keys and identities of their own, and a threshold within their number", () => {
    const party = (name: string, signers: object) => ({ name, ...signers });
    expect(isPolicy({ parties: PARTIES() })).toBe(true);
    expect(isPolicy({ parties: [party("a", { keys: [keyOf(ci)] }), party("b", { keys: [keyOf(ci)] })] })).toBe(false);
    expect(
      isPolicy({ parties: [party("a", { identities: [IDENTITY] }), party("b", { identities: [IDENTITY] })] }),
    ).toBe(false);
    expect(isPolicy({ parties: [party("a", { keys: [keyOf(ci)] }), party("a", { keys: [keyOf(qa)] })] })).toBe(false);
    expect(isPolicy({ parties: [party("a", {})] })).toBe(false);
    const requiring = (one: Json) => ({
      parties: PARTIES(),
      evidence: [{ devices: { all: true }, modules: { team: "acme" }, require: [{ ...PROVENANCE, ...one }] }],
    });
    expect(isPolicy(requiring({ parties: ["ci", "qa"], threshold: 2 }))).toBe(true);
    expect(isPolicy(requiring({ parties: ["ci", "qa"], threshold: 3 }))).toBe(false);
    expect(isPolicy(requiring({ parties: ["ci", "ci"], threshold: 2 }))).toBe(false);
    expect(isPolicy(requiring({ parties: ["ci", "nobody"] }))).toBe(false);
    expect(isPolicy(requiring({ identities: [IDENTITY], threshold: 1 }))).toBe(false);
    expect(isPolicy(requiring({}))).toBe(false);
  });
});

describe("a rule", () => {
  it("that asks for capabilities binds only modules that want one of them", async () => {
    const evidence = await provenanceBy(...by(ci));
    const outputsNeedTwo = unwrap(
      parsePolicy(
        utf8(
          JSON.stringify({
            ...policy(),
            parties: [
              { name: "ci", keys: [keyOf(ci)] },
              { name: "qa", keys: [keyOf(qa)] },
            ],
            evidence: [
              { devices: { all: true }, modules: { team: "acme" }, require: [{ ...PROVENANCE, parties: ["ci"] }] },
              {
                devices: { all: true },
                modules: { team: "acme" },
                asks: [{ cap: "gpio", dir: "out" }],
                require: [{ ...PROVENANCE, parties: ["ci", "qa"], threshold: 2 }],
              },
            ],
          }),
        ),
      ),
    );
    const wanting = (capabilities: Json) => ask(evidence, outputsNeedTwo, { module: { ...MODULE, capabilities } });
    expect(wanting([{ cap: "gpio", line: "door", dir: "in", maxHz: 1 }]).accepted).toBe(true);
    expect(wanting([]).accepted).toBe(true);
    expect(refusals(wanting([{ cap: "gpio", line: "relay", dir: "out", maxHz: 1 }]))).toEqual([
      "threshold: ATTEST_THRESHOLD",
    ]);
    // Not knowing what it wants is no reason to ask for less.
    expect(refusals(ask(evidence, outputsNeedTwo))).toEqual(["threshold: ATTEST_THRESHOLD"]);
  });

  it("keeps a module where its data may be, as the manifest or the policy says", async () => {
    const evidence = await provenanceBy(...by(ci));
    const free = asking({ keys: [keyOf(ci)] });
    const inUs = written({ rule: { regions: ["us"], require: [{ ...PROVENANCE, keys: [keyOf(ci)] }] } });
    expect(refusals(ask(evidence, inUs))).toEqual(["region: ATTEST_REGION"]);
    expect(ask(evidence, inUs, { device: { ...DEVICE, region: "us" } }).accepted).toBe(true);
    const bound = { module: { ...MODULE, regions: ["us", "ca"] } };
    expect(refusals(ask(evidence, free, bound))).toEqual(["region: ATTEST_REGION"]);
    expect(ask(evidence, free, { ...bound, device: { ...DEVICE, region: "ca" } }).accepted).toBe(true);
    expect(refusals(ask(evidence, inUs, { ...bound, device: { ...DEVICE, region: "ca" } }))).toEqual([
      "region: ATTEST_REGION",
    ]);
  });

  it("of which no statement speaks of the manifest admits nothing", async () => {
    const [code] = ARTIFACTS;
    const codeOnly = await envelope(statement({ artifacts: [code] }), ...by(ci));
    expect(refusals(ask(codeOnly, asking({ keys: [keyOf(ci)] })))).toEqual(["subjects: ATTEST_SUBJECT_MISMATCH"]);
    const lax = asking({ keys: [keyOf(ci)], about: "module" });
    expect(refusals(ask(codeOnly, lax))).toEqual(["manifest: ATTEST_SUBJECT_MISMATCH"]);
    const halves = written({
      rule: {
        require: [
          { ...PROVENANCE, keys: [keyOf(ci)], about: "module" },
          { ...PROVENANCE, keys: [keyOf(qa)] },
        ],
      },
    });
    expect(ask(lines(codeOnly, await provenanceBy(...by(qa))), halves).accepted).toBe(true);
  });
});

describe("age", () => {
  const young = () => asking({ identities: [IDENTITY], maxAgeDays: 30 });

  it("is counted from the first trusted time, and says until when the verdict holds", () => {
    const now = Date.now();
    const verdict = ask(keyless, young(), { nowMs: now });
    expect(verdict.accepted).toBe(true);
    const until = (verdict.signedTimesMs[0] ?? 0) + 30 * DAY_MS;
    expect(verdict.untilMs).toBe(until);
    expect(ask(keyless, young(), { nowMs: until - 1 }).accepted).toBe(true);
    expect(refusals(ask(keyless, young(), { nowMs: until }))).toEqual(["age: ATTEST_STALE"]);
  });

  it("stops nothing that runs already, and is told", () => {
    const late = { nowMs: Date.now() + 40 * DAY_MS, running: true };
    const verdict = ask(keyless, young(), late);
    expect(verdict.accepted).toBe(true);
    expect(flags(verdict).map((one) => one.code)).toEqual(["ATTEST_STALE"]);
  });

  it("of a plain envelope is unknown, so it is refused", async () => {
    const verdict = ask(await provenanceBy(...by(ci)), asking({ keys: [keyOf(ci)], maxAgeDays: 30 }));
    expect(refusals(verdict)).toEqual(["age: ATTEST_NO_TIME"]);
  });
});

describe("an evidence file", () => {
  const named = () => asking({ keys: [keyOf(ci)] });

  it("may hold parts that do not count: they are listed and change nothing", async () => {
    const good = await provenanceBy(...by(ci));
    const others = [
      await provenanceBy(...by(stranger)),
      keyless,
      await envelope(about("https://x.example/v1", {}), ...by(ci)),
    ];
    for (const evidence of [lines(good, ...others), lines(...others, good)]) {
      const verdict = ask(evidence, named());
      expect(verdict.accepted).toBe(true);
      expect(verdict.evidence).toHaveLength(4);
      expect(verdict.evidence.filter((one) => one.holds)).toHaveLength(3);
    }
  });

  it("is refused by the reason of the part that came nearest", async () => {
    const wrong = await envelope(statement({ sourceUri: "git+https://x.example" }), ...by(ci));
    const verdict = ask(lines(await provenanceBy(...by(stranger)), wrong), named());
    expect(firstRefusal(verdict).code).toBe("ATTEST_SOURCE");
    expect(firstRefusal(JSON.parse(JSON.stringify(verdict))).code).toBe("ATTEST_SOURCE");
  });

  it("is one document when its first line is none, and holds at most sixteen", async () => {
    const good = await provenanceBy(...by(ci));
    const pretty = utf8(JSON.stringify(JSON.parse(Buffer.from(good).toString()), null, 2));
    expect(ask(pretty, named()).accepted).toBe(true);
    expect(ask(lines(...Array.from({ length: 16 }, () => good)), named()).accepted).toBe(true);
    expect(refusals(ask(lines(...Array.from({ length: 17 }, () => good)), named()))).toEqual([
      "bundle: ATTEST_BUNDLE_INVALID",
    ]);
    expect(refusals(ask(utf8(`${"\n".repeat(1000)}`), named()))).toEqual(["bundle: ATTEST_BUNDLE_INVALID"]);
    expect(refusals(ask(new Uint8Array(), named()))).toEqual(["bundle: ATTEST_BUNDLE_INVALID"]);
    expect(refusals(ask(utf8("{}\n[]\n1\n"), named())).every((one) => one === "bundle: ATTEST_BUNDLE_INVALID")).toBe(
      true,
    );
  });
});

describe("the memory of verdicts", () => {
  it("is not asked past the time until which a verdict holds", async () => {
    const { createJudge } = await import("../../../attest/index.ts");
    const remembered = createJudge();
    const of = asking({ identities: [IDENTITY], maxAgeDays: 1 });
    const at = (nowMs: number) => remembered(question(sigstore, keyless, { policy: of, nowMs }));
    const first = at(Date.now());
    expect(at(Date.now() + 1000)).toBe(first);
    expect(at(first.untilMs ?? 0).accepted).toBe(false);
    expect(at(Date.now()).accepted).toBe(true);
  });
});
