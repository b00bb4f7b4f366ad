/** Door two with real signatures from a Sigstore on the loopback: what it lets in, and who and what it keeps out. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstRefusal, judge } from "../../../attest/index.ts";
import type { TeamName } from "../../../runtime/kernel/brand.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { DEFAULT_ISSUER, type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import {
  ARTIFACTS,
  BUILDER,
  DEVICE,
  IDENTITY,
  MODULE,
  OTHER_BYTES,
  policy,
  question,
  refusals,
  rule,
  SOURCE,
  SUBJECT,
  signed,
} from "./release.ts";

let sigstore: FakeSigstore;
let bundle: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await signed(sigstore);
});
afterAll(() => sigstore.close());

const ask = (changes: Parameters<typeof question>[2] = {}, of = bundle) => judge(question(sigstore, of, changes));

describe("a good release", () => {
  it("is accepted, with every check listed, in a stable order", () => {
    const verdict = ask();
    expect(verdict.accepted).toBe(true);
    expect(verdict.reasons.map((one) => one.check)).toEqual([
      ...["bundle", "timestamps", "certificate", "log", "signature", "signer", "statement", "rule", "revocation"],
      ...["predicate", "identity", "subjects", "provenance", "builder", "source", "build-type"],
      ...["certificate-source", "manifest"],
    ]);
    expect(verdict.signer).toEqual(IDENTITY);
    expect(verdict.provenance).toMatchObject({ builderId: BUILDER, sourceUri: SOURCE });
    expect(verdict.bundleDigest).toBe(sha256(bundle));
    expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
  });

  it("carries the times that log and timestamp authority signed, which may raise the clock's floor", () => {
    const { signedTimesMs } = ask();
    expect(signedTimesMs).toHaveLength(2);
    for (const time of signedTimesMs) expect(Math.abs(Date.now() - time)).toBeLessThan(60_000);
  });

  it("is accepted from a version 2 log, whose only time is the timestamp authority's", async () => {
    const verdict = ask({}, await signed(sigstore, { rekorVersion: 2 }));
    expect(verdict.accepted).toBe(true);
    expect(verdict.signedTimesMs).toHaveLength(1);
  });

  it("is judged the same twice: the verdict depends on nothing but the input", () => {
    expect(ask()).toEqual(ask());
  });

  it("may be signed by any of several named identities", async () => {
    const other = { issuer: "https://accounts.example", subject: "release@acme.example" };
    const both = policy(rule({ identities: [IDENTITY, other] }));
    expect(ask({ policy: both }, await signed(sigstore, { by: other })).accepted).toBe(true);
    expect(ask({ policy: both }).accepted).toBe(true);
  });
});

describe("a release whose signer's name changes with every version", () => {
  it("is accepted by a pattern, and refused with the pattern named when it does not fit", async () => {
    const subjectPattern = SUBJECT.replace("refs/heads/main", "refs/tags/v*");
    const tagged = await signed(sigstore, { by: { subject: subjectPattern.replace("*", "1.2.3") } });
    const byPattern = policy(rule({ identities: [{ issuer: DEFAULT_ISSUER, subjectPattern }] }));
    expect(ask({ policy: byPattern }, tagged).accepted).toBe(true);
    expect(refusals(ask({}, tagged))).toEqual(["identity: ATTEST_IDENTITY_MISMATCH"]);
    expect(firstRefusal(ask({ policy: byPattern })).message).toContain(subjectPattern);
  });
});

describe("a release signed by somebody else", () => {
  const MISMATCH = ["identity: ATTEST_IDENTITY_MISMATCH"];

  it("is refused however good the signature is", async () => {
    const verdict = ask({}, await signed(sigstore, { by: { subject: "https://ci.example/mallory/app" } }));
    expect(verdict.accepted).toBe(false);
    expect(refusals(verdict)).toEqual(MISMATCH);
    expect(firstRefusal(verdict).message).toContain("https://ci.example/mallory/app");
  });

  it("is refused when another issuer vouches for the same name", async () => {
    const verdict = ask({}, await signed(sigstore, { by: { issuer: "https://evil.example", subject: SUBJECT } }));
    expect(refusals(verdict)).toEqual(MISMATCH);
  });

  it.each([
    ["a name that begins with the trusted one", `${SUBJECT}-evil`],
    ["a name that ends with the trusted one", `https://evil.example/?${SUBJECT}`],
    ["a name that the trusted one matches as a regular expression", SUBJECT.replace("release.yml", "release-yml")],
    ["a name in other case", SUBJECT.toUpperCase()],
    ["a name with a final slash", `${SUBJECT}/`],
  ])("is refused for a look-alike: %s", async (_, subject) => {
    const verdict = ask({}, await signed(sigstore, { by: { subject } }));
    expect(verdict.accepted).toBe(false);
    expect(refusals(verdict)).toEqual(MISMATCH);
  });

  it("is refused for a prefix of the trusted name, and for a look-alike issuer", async () => {
    const prefix = await signed(sigstore, { by: { subject: SUBJECT.slice(0, -1) } });
    expect(refusals(ask({}, prefix))).toEqual(MISMATCH);
    const issuer = await signed(sigstore, { by: { issuer: `${DEFAULT_ISSUER}.evil`, subject: SUBJECT } });
    expect(refusals(ask({}, issuer))).toEqual(MISMATCH);
  });

  it("is refused when only dropping the eighth bit of its bytes gives the trusted name", async () => {
    // @sigstore/verify reads this certificate's name as SUBJECT.
    const subject = SUBJECT.replace("acme", `acm${String.fromCharCode("e".charCodeAt(0) | 0x80)}`);
    expect(refusals(ask({}, await signed(sigstore, { by: { subject } })))).toEqual(["signer: ATTEST_CERTIFICATE"]);
  });
});

describe("a good attestation for something else", () => {
  const [wasm, manifest] = ARTIFACTS;

  it("is refused for other code", () => {
    const verdict = ask({ artifacts: [{ ...wasm, sha256: OTHER_BYTES }, manifest] });
    expect(verdict.accepted).toBe(false);
    expect(refusals(verdict)).toEqual(["subjects: ATTEST_SUBJECT_MISMATCH"]);
  });

  it("is refused when only the manifest differs: it says what the code may touch", () => {
    const verdict = ask({ artifacts: [wasm, { ...manifest, sha256: OTHER_BYTES }] });
    expect(refusals(verdict)).toEqual(["subjects: ATTEST_SUBJECT_MISMATCH"]);
    expect(firstRefusal(verdict).facts).toMatchObject({ missing: [`manifest.json (sha256 ${OTHER_BYTES})`] });
  });

  it("is refused when built by another builder", async () => {
    const other = await signed(sigstore, { builderId: `${BUILDER}1` });
    expect(refusals(ask({}, other))).toEqual(["builder: ATTEST_BUILDER"]);
  });

  it("is refused when built from another source", async () => {
    const other = await signed(sigstore, { sourceUri: `${SOURCE}-fork` });
    expect(refusals(ask({}, other))).toEqual(["source: ATTEST_SOURCE"]);
  });

  it("is refused when built by another recipe, if the rule names recipes", async () => {
    const other = await signed(sigstore, { buildType: "https://ci.example/types/shell/v1" });
    expect(refusals(ask({}, other))).toEqual(["build-type: ATTEST_BUILD_TYPE"]);
    const { buildTypes: _, ...anyRecipe } = rule();
    expect(ask({ policy: policy(anyRecipe) }, other).accepted).toBe(true);
  });

  it("is told all that is wrong at once, the first refusal first", async () => {
    const verdict = ask({}, await signed(sigstore, { builderId: "https://x.example", sourceUri: "https://y.example" }));
    expect(refusals(verdict)).toEqual(["builder: ATTEST_BUILDER", "source: ATTEST_SOURCE"]);
    expect(firstRefusal(verdict).code).toBe("ATTEST_BUILDER");
    expect(firstRefusal(JSON.parse(JSON.stringify(verdict))).line()).toBe(firstRefusal(verdict).line());
  });
});

describe("the policy's rules", () => {
  it("deny by default: without a matching rule nothing is accepted", () => {
    for (const rules of [
      [],
      [rule({ devices: { class: "sensor" } })],
      [rule({ devices: {} })],
      [rule({ devices: { class: "gateway", region: "us" } })],
      [rule({ modules: { team: "other" as TeamName } })],
    ]) {
      const verdict = ask({ policy: policy(...rules) });
      expect(verdict.accepted).toBe(false);
      expect(refusals(verdict)).toEqual(["rule: ATTEST_NO_RULE"]);
    }
  });

  it("do not speak of other devices or modules", () => {
    expect(refusals(ask({ device: { ...DEVICE, class: "sensor" } }))).toEqual(["rule: ATTEST_NO_RULE"]);
    expect(refusals(ask({ module: { ...MODULE, name: "relay" } }))).toEqual(["rule: ATTEST_NO_RULE"]);
  });

  it("must all hold where several match: adding a rule can only narrow", async () => {
    const second = { issuer: DEFAULT_ISSUER, subject: "https://ci.example/acme/audit" };
    const strict = rule({ devices: { all: true }, identities: [second] });
    for (const rules of [policy(rule(), strict), policy(strict, rule())]) {
      expect(refusals(ask({ policy: rules }))).toEqual(["identity: ATTEST_IDENTITY_MISMATCH"]);
      const byTheOther = await signed(sigstore, { by: second });
      expect(refusals(ask({ policy: rules }, byTheOther))).toEqual(["identity: ATTEST_IDENTITY_MISMATCH"]);
    }
    expect(ask({ policy: policy(rule(), rule({ devices: { all: true } })) }).accepted).toBe(true);
  });

  it("must all hold for builder, source and recipe as well", () => {
    const elsewhere = ["https://elsewhere.example"];
    const ruled = (change: object) => refusals(ask({ policy: policy(rule(), rule(change)) }));
    expect(ruled({ builders: elsewhere })).toEqual(["builder: ATTEST_BUILDER"]);
    expect(ruled({ sources: elsewhere })).toEqual(["source: ATTEST_SOURCE"]);
    expect(ruled({ buildTypes: elsewhere })).toEqual(["build-type: ATTEST_BUILD_TYPE"]);
  });

  it("that do not match do not bind", () => {
    const foreign = rule({ devices: { class: "sensor" }, identities: [{ issuer: "https://x", subject: "https://y" }] });
    expect(ask({ policy: policy(rule(), foreign) }).accepted).toBe(true);
  });
});
