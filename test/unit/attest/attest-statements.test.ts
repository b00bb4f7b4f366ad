/** What is signed, as people type it: bills of materials, any statement, summaries; and one evidence file of it all. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verb as bundle } from "../../../agent/cli/attest-bundle.ts";
import { verb as provenance } from "../../../agent/cli/attest-provenance.ts";
import { verb as sbom } from "../../../agent/cli/attest-sbom.ts";
import { verb as show } from "../../../agent/cli/attest-show.ts";
import { verb as sign } from "../../../agent/cli/attest-sign.ts";
import { verb as vsa } from "../../../agent/cli/attest-vsa.ts";
import { helpOf } from "../../../agent/cli/verb.ts";
import { verb as verify } from "../../../agent/cli/verify.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseSigner } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { BUILD, desk, statementIn } from "./attest-desk.ts";
import { IDENTITY, type Json, SUBJECT } from "./release.ts";

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

describe("attest sbom", () => {
  it("puts the document into a statement about the files", async () => {
    const { at, write, run, json, release, key } = desk(sigstore);
    key("k.pem");
    const document = { bomFormat: "CycloneDX", specVersion: "1.6", components: [{ name: "left-pad" }] };
    write("bom.json", document);
    const ran = await run(sbom, "--sbom", at("bom.json"), ...release, "--key", at("k.pem"), "--out", at("s.json"));
    expect(ran.err).toContain("CycloneDX 1.6");
    expect(statementIn(json("s.json"))).toMatchObject({
      predicateType: "https://cyclonedx.org/bom",
      predicate: document,
      subject: [{ name: "module.wasm" }, { name: "manifest.json" }],
    });
  });

  it("is about something", async () => {
    const { at, write, refused } = desk(sigstore);
    write("bom.json", { bomFormat: "CycloneDX", specVersion: "1.6" });
    const asked = ["--sbom", at("bom.json"), "--no-sign", "--out", at("s.json")];
    expect(await refused(sbom, ...asked)).toContain("say what it is about");
    write("bom.json", { name: "something" });
    expect(await refused(sbom, ...asked, "--subject", at("module.wasm"))).toContain("neither SPDX 2.2");
  });
});

describe("attest sign", () => {
  it("signs a statement byte for byte", async () => {
    const { at, write, run, json, key } = desk(sigstore);
    key("k.pem");
    const text = `{ "_type": "https://in-toto.io/Statement/v1",
      "subject": [{ "digest": { "sha256": "${"0".repeat(64)}" } }], "predicateType": "https://x.example/v1" }`;
    write("statement.json", text);
    await run(sign, "--statement", at("statement.json"), "--key", at("k.pem"), "--dsse", "--out", at("e.json"));
    expect(Buffer.from(json("e.json").payload, "base64").toString("utf8")).toBe(text);
  });

  it("makes a statement of a predicate and the files it is about", async () => {
    const { at, write, run, json, release } = desk(sigstore);
    write("tests.json", { result: "PASSED" });
    const type = "https://in-toto.io/attestation/test-result/v0.1";
    const asked = ["--predicate", at("tests.json"), "--type", type, ...release, "--subject", at("tests.json")];
    await run(sign, ...asked, "--no-sign", "--out", at("s.json"));
    expect(json("s.json")).toMatchObject({ predicateType: type, predicate: { result: "PASSED" } });
    expect(json("s.json").subject.map((one: Json) => one.name)).toEqual(["module.wasm", "manifest.json", "tests.json"]);
  });

  it("refuses what is no statement, and questions that contradict each other", async () => {
    const { at, write, release, refused } = desk(sigstore);
    write("p.json", { x: 1 });
    const rest = ["--no-sign", "--out", at("s.json")];
    const statement = ["--statement", at("p.json")];
    const predicate = ["--predicate", at("p.json")];
    expect(await refused(sign, ...statement, ...rest)).toContain("ATTEST_STATEMENT_INVALID");
    expect(await refused(sign, ...rest)).toContain("give --statement FILE, or --predicate FILE");
    expect(await refused(sign, ...statement, ...predicate, ...rest)).toContain("give --statement FILE, or");
    expect(await refused(sign, ...statement, ...release, ...rest)).toContain("says itself what it is about");
    expect(await refused(sign, ...predicate, ...release, ...rest)).toContain("--type is the URI");
    expect(await refused(sign, ...predicate, "--type", "provenance", ...release, ...rest)).toContain(
      "--type is the URI",
    );
  });
});

describe("attest bundle and attest show", () => {
  it("put attestations together and say what is in the file", async () => {
    const { at, run, release, build, keyless, key } = desk(sigstore);
    key("k.pem");
    await run(provenance, ...release, ...build, ...keyless, "--out", at("a.json"));
    await run(provenance, ...release, ...build, "--key", at("k.pem"), "--dsse", "--out", at("b.json"));
    const made = await run(bundle, at("a.json"), at("b.json"), "--out", at("evidence.jsonl"));
    expect(made.out).toMatch(/^2 attestations in .*evidence\.jsonl \(sha256:[0-9a-f]{64}\)$/);
    const shown = await run(show, at("evidence.jsonl"));
    expect(shown.out).toContain("2 attestations, not verified: what follows is what the file claims");
    expect(shown.out).toContain(`signer     ${SUBJECT} (issuer ${IDENTITY.issuer})`);
    expect(shown.out).toMatch(/2 {2}DSSE envelope, sha256:/);
    expect(shown.out).toMatch(/signer {5}key [0-9a-f]{64}/);
    expect(shown.out).toMatch(/logged {5}entry \d+ \(dsse 0\.0\.1\), 20\d\d-/);
    const json = JSON.parse((await run(show, at("evidence.jsonl"), "--json")).out);
    expect(json).toMatchObject({ verified: false, attestations: [{ index: 0 }, { index: 1 }] });
  });

  it("adds to a file that there is, and refuses to repeat what is in it", async () => {
    const { at, run, release, build, key, refused } = desk(sigstore);
    key("k.pem");
    await run(provenance, ...release, ...build, "--key", at("k.pem"), "--dsse", "--out", at("a.json"));
    await run(
      provenance,
      ...release,
      ...build,
      "--key",
      at("k.pem"),
      "--out",
      at("b.json"),
      "--invocation",
      "https://x.example/2",
    );
    await run(bundle, at("a.json"), "--out", at("e.jsonl"));
    const more = await run(bundle, at("e.jsonl"), at("b.json"), "--out", at("e.jsonl"), "--json");
    expect(JSON.parse(more.out)).toMatchObject({ attestations: 2, out: at("e.jsonl") });
    expect(await refused(bundle, at("e.jsonl"), at("b.json"), "--out", at("e.jsonl"))).toContain("ATTEST_MERGE");
  });

  it("show nothing that would steer a terminal", async () => {
    const { at, write, run, key } = desk(sigstore);
    key("k.pem");
    const digest = { sha256: "0".repeat(64) };
    const subject = [{ name: "\u001b]0;evil\u0007", digest }, ...Array.from({ length: 9 }, () => ({ digest }))];
    write("s.json", {
      _type: "https://in-toto.io/Statement/v1",
      subject,
      predicateType: "https://x.example/\u009b31m",
    });
    await run(sign, "--statement", at("s.json"), "--key", at("k.pem"), "--dsse", "--out", at("e.json"));
    const { out } = await run(show, at("e.json"));
    for (const control of ["\u001b", "\u0007", "\u009b"]) expect(out).not.toContain(control);
    expect(out).toContain("and 2 more");
  });
});

describe("attest vsa", () => {
  async function judging(changes: Json = {}) {
    const one = desk(sigstore);
    const { at, write, run, release, build } = one;
    const publicPem = one.key("ci.pem");
    await run(provenance, ...release, ...build, "--key", at("ci.pem"), "--out", at("b.json"));
    const require = [{ type: "provenance", keys: [publicPem], builders: [BUILD.builder], sources: [BUILD.source] }];
    const evidence = [{ devices: { all: true }, modules: { team: "acme" }, require, ...changes }];
    write("policy.json", {
      schema: "sallyport.policy/1",
      version: 1,
      evidence,
      builders: [{ id: BUILD.builder, level: 2 }],
      ceilings: [],
      operators: [],
    });
    const judged = ["--bundle", at("b.json"), "--policy", at("policy.json"), "--trusted-root", at("root.json")];
    const verifier = ["--verifier", "https://verify.example"];
    one.key("verifier.pem");
    return {
      ...one,
      asked: [...release, ...judged, ...verifier, "--key", at("verifier.pem"), "--out", at("vsa.json")],
    };
  }

  it("judges, and signs what passed", async () => {
    const { run, json, asked } = await judging();
    const ran = await run(vsa, ...asked);
    expect(ran).toMatchObject({ status: 0, err: "" });
    expect(statementIn(json("vsa.json"))).toMatchObject({
      predicateType: "https://slsa.dev/verification_summary/v1",
      predicate: {
        verifier: { id: "https://verify.example" },
        resourceUri: "sallyport:modules/acme/app/1.0.0",
        verificationResult: "PASSED",
        verifiedLevels: ["SLSA_BUILD_LEVEL_2"],
        inputAttestations: [{ digest: { sha256: expect.any(String) } }],
        policy: { uri: "sallyport:policy/1", digest: { sha256: expect.any(String) } },
      },
    });
  });

  it("names verifier, policy and resource as it is told, by URIs", async () => {
    const { run, json, asked, refused } = await judging();
    const named = ["--policy-uri", "https://policy.example/7", "--resource", "pkg:generic/app@1.0.0"];
    await run(vsa, ...asked, ...named);
    const { policy, resourceUri } = statementIn(json("vsa.json")).predicate;
    expect([policy.uri, resourceUri]).toEqual(["https://policy.example/7", "pkg:generic/app@1.0.0"]);
    for (const option of ["verifier", "policy-uri", "resource"]) {
      expect(await refused(vsa, ...asked, `--${option}`, "not a URI")).toContain(`--${option} is a URI`);
    }
  });

  it("signs nothing for what does not pass, and says what is missing", async () => {
    const { at, run, asked } = await judging({ modules: { team: "other" } });
    const ran = await run(vsa, ...asked);
    expect(ran.status).toBe(1);
    expect(ran.err).toContain("ATTEST_NO_RULE");
    expect(() => readFileSync(at("vsa.json"))).toThrow("ENOENT");
  });

  it("makes what a policy that trusts the verifier accepts", async () => {
    const { at, write, run, release, asked, json } = await judging();
    await run(vsa, ...asked);
    const { publicPem } = unwrap(parseSigner(readFileSync(at("verifier.pem"), "utf8")));
    const require = [
      { type: "vsa", keys: [publicPem], verifiers: ["https://verify.example"], levels: ["SLSA_BUILD_LEVEL_1"] },
    ];
    write("policy.json", {
      ...json("policy.json"),
      evidence: [{ devices: { all: true }, modules: { team: "acme" }, require }],
    });
    const judged = ["--bundle", at("vsa.json"), "--policy", at("policy.json"), "--trusted-root", at("root.json")];
    const verdict = await run(verify, ...release, ...judged);
    expect(verdict.out).toContain("accepted");
    expect(verdict.status).toBe(0);
  });
});

describe("every verb of attest", () => {
  it.each([provenance, sbom, sign, bundle, show, vsa])(
    "has help with examples that begin with its name: $name",
    (verb) => {
      expect(helpOf(verb)).toContain(`\n  sallyport ${verb.name} `);
    },
  );
});
