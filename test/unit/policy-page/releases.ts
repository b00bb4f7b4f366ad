/**
 * The releases that docs/policy.md speaks of, by example and folder, signed by a Sigstore of the test's own and by keys
 * that come from fixed numbers, so that the page can show their public half.
 */
import { createPrivateKey } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  inTotoStatement,
  provenanceStatement,
  sbomStatement,
  signKeyless,
  signPlain,
} from "../../../attest/publisher/index.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseSigner, type Signer } from "../../../runtime/kernel/signer.ts";
import type { FakeSigstore } from "../../fakes/sigstore.ts";

export const ISSUER = "https://token.actions.githubusercontent.com";
const WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml";
export const BUILDER = "https://github.com/actions/runner/github-hosted";
const SOURCE = "git+https://github.com/acme/app";
export const APPROVAL = "https://acme.example/approval/v1";

/** Ed25519 from a seed of one repeated byte (RFC 8410). */
function fixedKey(byte: number): Signer {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  const pem = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" });
  return unwrap(parseSigner(String(pem), undefined, "a key of the page"));
}
export const KEYS = { ci: fixedKey(1), qa: fixedKey(2), safety: fixedKey(3), verifier: fixedKey(4) } as const;

interface Files {
  readonly manifest: Uint8Array;
  readonly module: Uint8Array;
  readonly artifacts: readonly { readonly name: string; readonly sha256: ReturnType<typeof sha256> }[];
}

type Signed = (files: Files, sigstore: FakeSigstore) => Promise<Uint8Array>;
export interface Recipe {
  /** Fields of the manifest that differ. */
  readonly manifest?: object;
  readonly evidence: readonly Signed[];
}

function filesOf(name: string, changes: object = {}): Files {
  const module = utf8("\0asm\x01\0\0\0");
  const document = {
    schema: "sallyport.module/1",
    team: "acme",
    name,
    version: "1.2.3",
    abi: "core-v1",
    entry: { path: `modules/acme/${name}/1.2.3/module.wasm`, sha256: sha256(module), size: module.byteLength },
    limits: { memoryPages: 4, callMs: 100 },
    triggers: [{ on: "boot" }],
    capabilities: [],
    ...changes,
  };
  const manifest = utf8(JSON.stringify(document));
  const artifacts = [
    { name: "module.wasm", sha256: sha256(module) },
    { name: "manifest.json", sha256: sha256(manifest) },
  ];
  return { manifest, module, artifacts };
}

interface Build {
  readonly workflow?: string;
  readonly ref?: string;
  readonly builder?: string;
  readonly source?: string;
}

const provenance = ({ artifacts }: Files, { builder = BUILDER, source = SOURCE }: Build) =>
  provenanceStatement({
    artifacts,
    builderId: builder,
    buildType: "https://actions.github.io/buildtypes/workflow/v1",
    sourceUri: source,
    sourceDigest: { gitCommit: "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f" },
    invocationId: "https://github.com/acme/app/actions/runs/7",
    startedOn: "2026-11-20T10:00:00Z",
    finishedOn: "2026-11-20T10:01:00Z",
  });

/** Provenance, signed keyless by a workflow. */
export const built =
  (build: Build = {}): Signed =>
  (files, sigstore) => {
    const { workflow = WORKFLOW, ref = "refs/heads/main" } = build;
    return keyless(provenance(files, build), `${workflow}@${ref}`, sigstore);
  };

function keyless(statement: Uint8Array, subject: string, { tokenFor, fulcioUrl, rekorUrl, tsaUrl }: FakeSigstore) {
  return signKeyless(statement, { identityToken: tokenFor({ issuer: ISSUER, subject }), fulcioUrl, rekorUrl, tsaUrl });
}

const builtByKey =
  (...signers: readonly Signer[]): Signed =>
  (files) =>
    signPlain(provenance(files, {}), signers);

/** A statement of any kind by keys. */
const said =
  (predicateType: string, predicate: unknown, ...signers: readonly Signer[]): Signed =>
  ({ artifacts }) =>
    signPlain(inTotoStatement({ subjects: artifacts, predicateType, predicate }), signers);

const tested = (signer: Signer, result = "PASSED") =>
  said(
    "https://in-toto.io/attestation/test-result/v0.1",
    { result, configuration: [{ name: "bench-3" }], passedTests: ["heats", "cools"], failedTests: [] },
    signer,
  );
const approved = (...signers: readonly Signer[]) => said(APPROVAL, { approved: true, risk: 2 }, ...signers);

const bom =
  (...components: readonly object[]): Signed =>
  (files, sigstore) => {
    const document = { bomFormat: "CycloneDX", specVersion: "1.6", version: 1, components };
    return keyless(
      sbomStatement(utf8(JSON.stringify(document)), files.artifacts).statement,
      `${WORKFLOW}@refs/heads/main`,
      sigstore,
    );
  };
const component = (name: string, version: string, licence: string) => ({
  type: "library",
  name,
  version,
  purl: `pkg:npm/${name}@${version}`,
  licenses: [{ license: { id: licence } }],
});

const scanned = (...found: readonly (readonly [id: string, score: string])[]): Signed =>
  said(
    "https://in-toto.io/attestation/vulns/v0.2",
    {
      scanner: {
        uri: "pkg:github/aquasecurity/trivy@0.58.1",
        version: "0.58.1",
        db: { lastUpdate: "2026-11-18T00:00:00Z" },
        result: found.map(([id, score]) => ({ id, severity: [{ method: "nvd", score }] })),
      },
      metadata: { scanStartedOn: "2026-11-18T00:00:00Z", scanFinishedOn: "2026-11-18T00:01:00Z" },
    },
    KEYS.qa,
  );

const summary = (
  level: string,
  verificationResult = "PASSED",
  resourceUri = "sallyport:modules/acme/thermostat/1.2.3",
) =>
  said(
    "https://slsa.dev/verification_summary/v1",
    {
      verifier: { id: "https://verifier.acme.example" },
      timeVerified: "2026-11-20T10:05:00Z",
      resourceUri,
      policy: { uri: "https://acme.example/policies/factory" },
      verificationResult,
      verifiedLevels: [level],
      slsaVersion: "1.1",
    },
    KEYS.verifier,
  );

const link =
  (
    step: string,
    signer: Signer,
    materials: readonly object[],
    subjects?: readonly { name: string; sha256: ReturnType<typeof sha256> }[],
  ): Signed =>
  ({ artifacts }) =>
    signPlain(
      inTotoStatement({
        subjects: subjects ?? artifacts,
        predicateType: "https://in-toto.io/attestation/link/v0.3",
        predicate: { name: step, command: ["make", step], materials, byproducts: {}, environment: {} },
      }),
      [signer],
    );
const SOURCES = { name: "app.tar", sha256: sha256(utf8("the sources")) };
const OTHER_SOURCES = { name: "app.tar", sha256: sha256(utf8("other sources")) };
const asMaterial = ({ name, sha256: digest }: typeof SOURCES) => ({ name, digest: { sha256: digest } });

const RELAY = { capabilities: [{ cap: "gpio", line: "relay", dir: "out", maxHz: 1 }] };
const { ci, qa, safety, verifier: _verifier } = KEYS;

/** By the number of the example, then by folder. */
export const RELEASES: Readonly<Record<number, Readonly<Record<string, Recipe>>>> = {
  1: {
    "from-main": { evidence: [built()] },
    "from-a-branch": { evidence: [built({ ref: "refs/heads/try" })] },
    "from-a-fork": {
      evidence: [built({ workflow: "https://github.com/acme-evil/app/.github/workflows/release.yml" })],
    },
  },
  2: {
    "of-a-tag": { evidence: [built({ ref: "refs/tags/v1.2.3" })] },
    "of-a-branch": { evidence: [built({ ref: "refs/heads/v1" })] },
    "of-another-file": {
      evidence: [
        built({ workflow: "https://github.com/acme/app/.github/workflows/test.yml", ref: "refs/tags/v1.2.3" }),
      ],
    },
  },
  3: {
    hosted: { evidence: [built()] },
    "own-runner": { evidence: [built({ builder: "https://ci.acme.example/runner" })] },
    "other-source": { evidence: [built({ source: "git+https://github.com/acme/app-evil" })] },
  },
  4: {
    both: { evidence: [built(), tested(qa)] },
    untested: { evidence: [built()] },
    "tested-by-itself": { evidence: [built(), tested(ci)] },
    "failed-a-test": { evidence: [built(), tested(qa, "FAILED")] },
  },
  5: {
    reads: { evidence: [built()] },
    switches: { manifest: RELAY, evidence: [built(), approved(qa, safety)] },
    "switches-unasked": { manifest: RELAY, evidence: [built(), approved(qa)] },
  },
  6: {
    good: { evidence: [built(), bom(component("left-pad", "1.3.0", "MIT"))] },
    forbidden: { evidence: [built(), bom(component("event-stream", "3.3.6", "MIT"))] },
    copyleft: { evidence: [built(), bom(component("readline", "8.2.0", "GPL-3.0-only"))] },
    "no-list": { evidence: [built()] },
  },
  7: {
    clean: { evidence: [built(), scanned()] },
    accepted: { evidence: [built(), scanned(["CVE-2026-1111", "high"], ["CVE-2026-2222", "low"])] },
    vulnerable: { evidence: [built(), scanned(["CVE-2026-3333", "high"])] },
  },
  8: {
    verified: { evidence: [summary("SLSA_BUILD_LEVEL_3")] },
    "of-another-version": {
      evidence: [summary("SLSA_BUILD_LEVEL_3", "PASSED", "sallyport:modules/acme/thermostat/1.2.2")],
    },
    "found-bad": { evidence: [summary("SLSA_BUILD_LEVEL_3", "FAILED")] },
    "low-level": { evidence: [summary("SLSA_BUILD_LEVEL_1")] },
  },
  9: {
    "by-two": { evidence: [builtByKey(ci, qa)] },
    "by-one": { evidence: [builtByKey(ci)] },
    "by-one-twice": { evidence: [builtByKey(ci), builtByKey(ci)] },
  },
  10: {
    anywhere: { evidence: [built()] },
    "in-europe": { manifest: { data: { regions: ["eu"] } }, evidence: [built()] },
  },
  11: { fresh: { evidence: [built()] } },
  12: {
    before: { evidence: [built()] },
    "by-another": { evidence: [built({ workflow: "https://github.com/acme/app/.github/workflows/rescue.yml" })] },
  },
  13: {
    whole: { evidence: [link("fetch", qa, [], [SOURCES]), link("build", ci, [asMaterial(SOURCES)])] },
    "other-sources": { evidence: [link("fetch", qa, [], [SOURCES]), link("build", ci, [asMaterial(OTHER_SOURCES)])] },
    "one-step": { evidence: [link("build", ci, [asMaterial(SOURCES)])] },
  },
};

/** Writes the example's releases below `folder/releases`, and the trusted root beside them. */
export async function writeReleases(number: number, folder: string, sigstore: FakeSigstore): Promise<void> {
  writeFileSync(join(folder, "trusted_root.json"), sigstore.trustedRoot);
  for (const [name, { manifest, evidence }] of Object.entries(RELEASES[number] ?? {})) {
    const files = filesOf("thermostat", manifest);
    const parts = await Promise.all(evidence.map((one) => one(files, sigstore)));
    const at = join(folder, "releases", name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "manifest.json"), files.manifest);
    writeFileSync(join(at, "module.wasm"), files.module);
    writeFileSync(join(at, "bundle.sigstore.json"), concatBytes(...parts.flatMap((one) => [one, utf8("\n")])));
  }
}
