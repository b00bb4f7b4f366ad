/** Signing with a key of one's own: a bundle with whatever witnesses there are, or a plain envelope; and what goes in. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type JudgeInput, judge, parsePolicy, parseTrustedRoot } from "../../../attest/index.ts";
import {
  inTotoStatement,
  type KeyOptions,
  parsePredicate,
  sbomStatement,
  signByKey,
  signPlain,
} from "../../../attest/publisher/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseSigner, type Signer } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { ARTIFACTS, BUILDER, type Json, policy, question, refusals, SOURCE, statement } from "./release.ts";

const pemOf = (key: { export(options: object): string | Buffer }) =>
  String(key.export({ type: "pkcs8", format: "pem" }));
const SIGNERS: Readonly<Record<string, Signer>> = {
  Ed25519: unwrap(parseSigner(pemOf(generateKeyPairSync("ed25519").privateKey))),
  "P-256": unwrap(parseSigner(pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey))),
};
const { Ed25519: ed } = SIGNERS as { Ed25519: Signer };

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

/** What a board says whose policy names this key. */
function judged(evidence: Uint8Array, { publicPem }: Signer, changes: Partial<JudgeInput> = {}) {
  const require = [{ type: "provenance", keys: [publicPem], builders: [BUILDER], sources: [SOURCE] }];
  const evidenceRules = [{ devices: { all: true }, modules: { team: "acme" }, require }];
  const of = unwrap(parsePolicy(utf8(JSON.stringify({ ...policy(), evidence: evidenceRules }))));
  return judge(question(sigstore, evidence, { policy: of, ...changes }));
}

const jsonOf = (bytes: Uint8Array): Json => JSON.parse(Buffer.from(bytes).toString("utf8"));

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await work.catch((error: unknown) => error);
  return thrown instanceof Fault ? thrown : expect.fail(`a fault was expected, not ${String(thrown)}`);
}

describe.each(Object.entries(SIGNERS))("a bundle signed by a managed %s key", (_, signer) => {
  it.each([1, 2] as const)("is witnessed by a version %i log and a timestamp authority", async (rekorVersion) => {
    const { rekorUrl, tsaUrl } = sigstore;
    const steps: string[] = [];
    const onProgress = (done: number, of: number) => void steps.push(`${done}/${of}`);
    const bundle = await signByKey(statement(), signer, { rekorUrl: `${rekorUrl}/`, rekorVersion, tsaUrl, onProgress });
    const { verificationMaterial, mediaType } = jsonOf(bundle);
    expect(mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(verificationMaterial.publicKey).toEqual({ hint: signer.keyId });
    expect(verificationMaterial.tlogEntries[0].kindVersion.version).toBe(`0.0.${rekorVersion}`);
    expect(verificationMaterial.tlogEntries[0].inclusionProof.hashes.length).toBeGreaterThan(1);
    expect(steps).toEqual(["0/3", "1/3", "2/3", "3/3"]);
    const verdict = judged(bundle, signer);
    expect(refusals(verdict)).toEqual([]);
    expect(verdict.signedTimesMs).toHaveLength(rekorVersion === 1 ? 2 : 1);
  });

  it("needs no service at all", async () => {
    const bundle = await signByKey(statement(), signer);
    expect(jsonOf(bundle).verificationMaterial.tlogEntries ?? []).toEqual([]);
    expect(refusals(judged(bundle, signer))).toEqual([]);
  });

  it("is nobody's word for a policy that names another key", async () => {
    const [other] = Object.values(SIGNERS).filter((one) => one !== signer);
    const bundle = await signByKey(statement(), signer);
    expect(refusals(judged(bundle, other as Signer))).toEqual(["certificate: ATTEST_KEY"]);
  });

  it("counts as a plain envelope too, which has no time", async () => {
    const verdict = judged(await signPlain(statement(), [signer]), signer);
    expect([refusals(verdict), verdict.signedTimesMs]).toEqual([[], []]);
  });
});

describe("a log entry of a managed key's bundle", () => {
  it.each([1, 2] as const)("is believed only from a version %i log of the trusted root", async (rekorVersion) => {
    const elsewhere = await startSigstore();
    onTestFinished(() => elsewhere.close());
    const { rekorUrl, tsaUrl } = sigstore;
    const bundle = await signByKey(statement(), ed, { rekorUrl, rekorVersion, tsaUrl });
    const trust = unwrap(parseTrustedRoot(elsewhere.trustedRoot));
    expect(judged(bundle, ed, { trust }).accepted).toBe(false);
  });
});

describe("signing by key", () => {
  const signing = (options: KeyOptions, signer: Signer = ed) => faultOf(signByKey(statement(), signer, options));

  it("says which service failed, with the cause kept", async () => {
    const nowhere = `${sigstore.url}/nowhere`;
    for (const rekorVersion of [1, 2] as const) {
      const fault = await signing({ rekorUrl: nowhere, rekorVersion });
      expect(fault).toMatchObject({ code: "ATTEST_SIGN_LOG", kind: "network", facts: { url: nowhere } });
      expect(fault.line()).toContain("404");
    }
    expect(await signing({ tsaUrl: nowhere })).toMatchObject({ code: "ATTEST_SIGN_TIMESTAMP" });
    expect(await signing({ rekorUrl: "ftp://x" })).toMatchObject({ code: "ATTEST_SIGN_INPUT" });
  });

  /** A log that answers everything with this. */
  async function logSaying(text: string): Promise<string> {
    const server = createServer((request, response) => void request.resume().on("end", () => response.end(text)));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([
    ["nothing", ""],
    ["another document", "{}"],
    ["a log entry of no log", '{"logIndex":"1","kindVersion":{"kind":"dsse","version":"0.0.2"}}'],
  ])("takes %s from a version 2 log for no entry", async (_, text) => {
    expect(await signing({ rekorUrl: await logSaying(text), rekorVersion: 2 })).toMatchObject({
      code: "ATTEST_SIGN_LOG",
    });
  });

  it("reads of an answer only what an entry may have", async () => {
    const fault = await signing({ rekorUrl: await logSaying(" ".repeat(300_000)), rekorVersion: 2 });
    expect(fault.line()).toContain("the answer has more than 262144 bytes");
  });

  it("does not hand out a bundle that boards cannot read, whatever the log has answered", async () => {
    const proof = { logIndex: "0", treeSize: "1", rootHash: "AAAA", hashes: [], checkpoint: undefined };
    const entry = { logIndex: "0", logId: { keyId: "AAAA" }, kindVersion: { kind: "dsse", version: "0.0.2" } };
    const text = JSON.stringify({ ...entry, integratedTime: "0", inclusionProof: proof, canonicalizedBody: "AAAA" });
    const fault = await signing({ rekorUrl: await logSaying(text), rekorVersion: 2 });
    expect(fault).toMatchObject({ code: "ATTEST_SIGN_FAILED", cause: { code: "ATTEST_BUNDLE_INVALID" } });
  });

  it("lets the refusal of a signer program through", async () => {
    const refusal = new Error("the token is locked");
    const locked: Signer = { ...ed, sign: () => Promise.reject(refusal) };
    expect(await signing({}, locked)).toMatchObject({ code: "ATTEST_SIGN_FAILED", cause: refusal });
    const fault = await faultOf(Promise.resolve().then(() => unwrap(parseSigner("no key"))));
    expect(await signing({}, { ...ed, sign: () => Promise.reject(fault) })).toBe(fault);
  });

  it("refuses a key that no board verifies with", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
    const publicPem = String(rsa.export({ type: "spki", format: "pem" }));
    expect(await signing({}, { ...ed, publicPem })).toMatchObject({ code: "KEY_UNSUPPORTED" });
  });

  it("puts several keys' signatures on a plain envelope, none twice, and at least one", async () => {
    const both = await signPlain(statement(), Object.values(SIGNERS));
    expect(jsonOf(both).signatures).toHaveLength(2);
    for (const signer of Object.values(SIGNERS)) expect(judged(both, signer).accepted).toBe(true);
    expect(await faultOf(signPlain(statement(), [ed, ed]))).toMatchObject({ code: "ATTEST_SIGN_INPUT" });
    expect(await faultOf(signPlain(statement(), []))).toMatchObject({ code: "ATTEST_SIGN_INPUT" });
  });

  it("refuses what no board would read, before anything is logged", async () => {
    const { size } = sigstore.log;
    const predicate = { notes: "x".repeat(800_000) };
    expect(() => inTotoStatement({ subjects: ARTIFACTS, predicateType: "https://x.example/v1", predicate })).toThrow(
      /boards read evidence of at most/,
    );
    const { rekorUrl } = sigstore;
    expect(await faultOf(signByKey(utf8("{}"), ed, { rekorUrl }))).toMatchObject({ code: "ATTEST_STATEMENT_INVALID" });
    const layout = utf8(JSON.stringify({ ...jsonOf(statement()), _type: "layout" }));
    expect(await faultOf(signPlain(layout, [ed]))).toMatchObject({ code: "ATTEST_STATEMENT_TYPE" });
    expect(sigstore.log.size).toBe(size);
  });
});

describe("a predicate", () => {
  it.each([
    ["nests deeper than boards read", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
    ["has a name twice", '{"result":"PASSED","result":"FAILED"}'],
    ["is no JSON", "PASSED"],
  ])("that %s is refused before it is signed", (_, text) => {
    expect(() => parsePredicate(utf8(text), "the predicate")).toThrow(Fault);
    expect(() => sbomStatement(utf8(text), ARTIFACTS)).toThrow(/^cannot sign: /);
  });
});

describe("a bill of materials", () => {
  const SPDX = { spdxVersion: "SPDX-2.3", SPDXID: "SPDXRef-DOCUMENT", name: "app", packages: [] };
  const CYCLONE = { bomFormat: "CycloneDX", specVersion: "1.6", components: [] };
  const made = (document: unknown) => sbomStatement(utf8(JSON.stringify(document)), ARTIFACTS);

  it.each([
    [SPDX, "SPDX-2.3", "https://spdx.dev/Document/v2.3"],
    [{ ...SPDX, spdxVersion: "SPDX-2.2" }, "SPDX-2.2", "https://spdx.dev/Document/v2.2"],
    [CYCLONE, "CycloneDX 1.6", "https://cyclonedx.org/bom"],
  ])("goes into a statement as it is, under the type of its format: %#", (document, format, type) => {
    const sbom = made(document);
    expect(sbom.format).toBe(format);
    expect(jsonOf(sbom.statement)).toMatchObject({ predicateType: type, predicate: document });
    expect(jsonOf(sbom.statement).subject).toHaveLength(2);
  });

  it.each([
    [{}],
    [[]],
    [null],
    [{ spdxVersion: "SPDX-9" }],
    [{ spdxVersion: "SPDX-2.9" }],
    [{ spdxVersion: "SPDX-2.3; x" }],
    [{ bomFormat: "CycloneDX" }],
    [{ bomFormat: "cyclonedx", specVersion: "1.6" }],
  ])("of no known format is refused: %j", (document) => {
    expect(() => made(document)).toThrow("neither SPDX 2.2 or 2.3 (spdxVersion) nor CycloneDX 1");
  });
});
