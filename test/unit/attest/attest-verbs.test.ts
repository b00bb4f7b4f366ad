/** Who signs, as people and pipelines type it: a token, a key, a signer program; and what a build says of itself. */
import { chmodSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { verb as provenance } from "../../../agent/cli/attest-provenance.ts";
import { parseTrustedRoot, verifyBundle } from "../../../attest/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";
import { newKeyFile } from "../../../updater/repository/index.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { BUILD, desk, statementIn } from "./attest-desk.ts";
import { IDENTITY } from "./release.ts";

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

describe("attest provenance", () => {
  it.each(["1", "2"])("signs keyless through Fulcio, a version %s log and a timestamp authority", async (version) => {
    const { at, run, json, release, build, keyless } = desk(sigstore);
    const ran = await run(
      provenance,
      ...release,
      ...build,
      ...keyless,
      "--rekor-version",
      version,
      "--out",
      at("b.json"),
    );
    expect(ran).toMatchObject({ status: 0, err: "" });
    expect(ran.out).toMatch(/^signed; bundle in .*b\.json \(sha256:[0-9a-f]{64}\)$/);
    const made = json("b.json");
    const trust = unwrap(parseTrustedRoot(sigstore.trustedRoot));
    const verified = verifyBundle(new Uint8Array(readFileSync(at("b.json"))), trust);
    expect(verified).toMatchObject({ ok: true, evidence: { signer: IDENTITY } });
    expect(made.verificationMaterial.tlogEntries[0].kindVersion.version).toBe(`0.0.${version}`);
    expect(statementIn(made)).toMatchObject({
      predicateType: "https://slsa.dev/provenance/v1",
      subject: [{ name: "module.wasm" }, { name: "manifest.json" }],
      predicate: {
        buildDefinition: { buildType: BUILD["build-type"], externalParameters: { source: { uri: BUILD.source } } },
        runDetails: { builder: { id: BUILD.builder } },
      },
    });
  });

  it("takes the token from a variable too, and never prints it", async () => {
    const { at, run, release, build, keyless } = desk(sigstore);
    vi.stubEnv("SIGSTORE_ID_TOKEN", readFileSync(at("token"), "utf8"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const signer = ["--token-env", "SIGSTORE_ID_TOKEN", ...keyless.slice(2)];
    const ran = await run(provenance, ...release, ...build, ...signer, "--out", at("b.json"), "--json");
    expect(JSON.parse(ran.out)).toMatchObject({ what: "bundle", out: at("b.json") });
    expect(ran.out + ran.err).not.toContain(process.env["SIGSTORE_ID_TOKEN"]);
  });

  it("asks the runner of a GitHub Actions job for the token", async () => {
    const { at, run, release, build, keyless, json } = desk(sigstore);
    const asked: string[] = [];
    const runner = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      response.end(JSON.stringify({ value: readFileSync(at("token"), "utf8") }));
    });
    await new Promise<void>((done) => runner.listen(0, "127.0.0.1", done));
    const { port } = runner.address() as AddressInfo;
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_URL", `http://127.0.0.1:${port}/token?api-version=2`);
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "b34r3r");
    onTestFinished(() => {
      runner.close();
      vi.unstubAllEnvs();
    });
    await run(provenance, ...release, ...build, "--token-github", ...keyless.slice(2), "--out", at("b.json"));
    expect(asked).toEqual(["bearer b34r3r /token?api-version=2&audience=sigstore"]);
    expect(json("b.json").verificationMaterial.certificate).toBeDefined();
  });

  it("fills in what GitHub Actions says of the build", async () => {
    const { at, run, json, release } = desk(sigstore);
    const env = {
      GITHUB_ACTIONS: "true",
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_REPOSITORY: "acme/app",
      GITHUB_WORKFLOW_REF: "acme/app/.github/workflows/release.yml@refs/tags/v1",
      GITHUB_REF: "refs/tags/v1",
      GITHUB_SHA: "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f",
      GITHUB_RUN_ID: "77",
      GITHUB_RUN_ATTEMPT: "2",
    };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const said = ["--from-env", "--build-type", BUILD["build-type"], "--no-sign", "--out", at("s.json")];
    const ran = await run(provenance, ...release, ...said);
    expect(ran.out).toMatch(/^not signed; statement in /);
    expect(ran.err).toContain("from GitHub Actions: git+https://github.example/acme/app@refs/tags/v1 at 5f0d7fe2");
    const source = { uri: "git+https://github.example/acme/app@refs/tags/v1", digest: { gitCommit: env.GITHUB_SHA } };
    expect(json("s.json").predicate).toMatchObject({
      buildDefinition: { externalParameters: { source }, resolvedDependencies: [source] },
      runDetails: {
        builder: { id: "https://github.example/acme/app/.github/workflows/release.yml@refs/tags/v1" },
        metadata: { invocationId: "https://github.example/acme/app/actions/runs/77/attempts/2" },
      },
    });
    await run(provenance, ...release, ...said, "--builder", "https://own.example/runner");
    expect(json("s.json").predicate.runDetails.builder.id).toBe("https://own.example/runner");
  });

  it("says when the build began, if that is told", async () => {
    const { at, run, json, release, build } = desk(sigstore);
    const said = [
      "--no-sign",
      "--out",
      at("s.json"),
      "--started",
      "2026-11-20T11:00:00+01:00",
      "--commit",
      "ab".repeat(20),
    ];
    await run(provenance, ...release, ...build, ...said);
    const { runDetails, buildDefinition } = json("s.json").predicate;
    expect(runDetails.metadata.startedOn).toBe("2026-11-20T10:00:00.000Z");
    expect(buildDefinition.resolvedDependencies[0].digest).toEqual({ gitCommit: "ab".repeat(20) });
  });

  it("says what is missing", async () => {
    const { at, release, build, key, refused } = desk(sigstore);
    key("k.pem");
    const out = ["--out", at("b.json")];
    expect(await refused(provenance, ...release, ...build, ...out)).toContain(
      "say who signs, in one way: --token-file, --token-env, --token-github, --key or --no-sign",
    );
    const twice = ["--key", at("k.pem"), "--token-file", at("token")];
    expect(await refused(provenance, ...release, ...build, ...out, ...twice)).toContain("in one way");
    expect(await refused(provenance, ...release, ...build, ...out, "--token-github")).toContain("id-token: write");
    const variable = ["--token-env", "NO_SUCH_VARIABLE"];
    expect(await refused(provenance, ...release, ...build, ...out, ...variable)).toContain("holds no token");
    expect(await refused(provenance, ...release, "--build-type", "x", ...out, "--no-sign")).toContain(
      "--builder URI is needed, or --from-env",
    );
    expect(await refused(provenance, ...release, ...build, ...out, "--no-sign", "--commit", "HEAD")).toContain(
      "hex digits",
    );
    for (const time of ["2026-13-01T00:00:00Z", "2026"]) {
      expect(await refused(provenance, ...release, ...build, ...out, "--no-sign", "--started", time)).toContain(
        "a time",
      );
    }
    expect(await refused(provenance, ...release, ...build, ...out, "--no-sign", "--started", "now")).toContain(
      "a time like",
    );
  });
});

describe("a key signs", () => {
  it.each(["1", "2"])("a bundle with a version %s log's entry and a timestamp", async (version) => {
    const { at, run, json, release, build, services, key } = desk(sigstore);
    key("k.pem");
    const signer = ["--key", at("k.pem"), ...services, "--rekor-version", version];
    expect((await run(provenance, ...release, ...build, ...signer, "--out", at("b.json"))).status).toBe(0);
    const { verificationMaterial } = json("b.json");
    expect(verificationMaterial.publicKey.hint).toMatch(/^[0-9a-f]{64}$/);
    expect(verificationMaterial.tlogEntries).toHaveLength(1);
    expect(verificationMaterial.timestampVerificationData.rfc3161Timestamps).toHaveLength(1);
  });

  it("a plain envelope, with others", async () => {
    const { at, run, json, release, build, key } = desk(sigstore);
    key("a.pem");
    key("b.pem");
    const signers = ["--key", at("a.pem"), "--key", at("b.pem"), "--dsse"];
    const ran = await run(provenance, ...release, ...build, ...signers, "--out", at("e.json"));
    expect(ran.out).toContain("signed; envelope in ");
    expect(json("e.json").signatures).toHaveLength(2);
  });

  it("only in ways that make sense together", async () => {
    const { at, release, build, services, key, refused } = desk(sigstore);
    key("a.pem");
    key("b.pem");
    const all = [...release, ...build, "--out", at("e.json")];
    const [a, b] = [
      ["--key", at("a.pem")],
      ["--key", at("b.pem")],
    ] as const;
    expect(await refused(provenance, ...all, ...a, ...b)).toContain("a bundle has one signature");
    expect(await refused(provenance, ...all, ...a, "--dsse", ...services)).toContain("carries no log entry");
    expect(await refused(provenance, ...all, "--dsse", "--no-sign")).toContain("--dsse needs --key");
    expect(await refused(provenance, ...all, ...a, "--fulcio", sigstore.fulcioUrl)).toContain("a key needs none");
    expect(await refused(provenance, ...all, ...a, "--rekor-version", "3")).toContain("from 1 to 2");
    expect(await refused(provenance, ...all, "--key", at("nobody.pem"))).toContain("nobody.pem");
  });

  it("opened by the passphrase of the environment", async () => {
    const { at, write, run, release, build, refused } = desk(sigstore);
    write("k.pem", generateKeyPem("correct horse"));
    const all = [...release, ...build, "--out", at("e.json"), "--key", at("k.pem"), "--dsse"];
    expect(await refused(provenance, ...all)).toContain("KEY_UNREADABLE");
    vi.stubEnv("SALLYPORT_PASSPHRASE", "correct horse");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await run(provenance, ...all)).status).toBe(0);
  });

  it("that only a program can use", async () => {
    const { at, write, run, json, release, build, services } = desk(sigstore);
    write("held.pem", newKeyFile({ kind: "p256" }));
    const { publicPem: publicKey } = unwrap(parseSigner(readFileSync(at("held.pem"), "utf8")));
    const program = `#!${process.execPath}
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
process.stdout.write(sign("sha256", readFileSync(0), createPrivateKey(readFileSync(process.argv[2]))));
`;
    write("hsm.mjs", program);
    chmodSync(at("hsm.mjs"), 0o755);
    const described = { schema: "sallyport.signer/1", program: "./hsm.mjs", args: [at("held.pem")], protocol: "raw" };
    write("hsm.json", { ...described, publicKey, timeoutS: 20 });
    const signer = ["--key", `exec:${at("hsm.json")}`, ...services];
    expect((await run(provenance, ...release, ...build, ...signer, "--out", at("b.json"))).status).toBe(0);
    // The log verified it before it took the entry.
    expect(json("b.json").verificationMaterial.tlogEntries).toHaveLength(1);
  }, 10_000);
});
