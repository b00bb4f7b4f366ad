/** Provenance in the forms in which builders really write it, about one run of one made-up repository. */
import type { Candidate } from "../../../../attest/candidate.ts";
import type { CertificateFacts } from "../../../../attest/certificate.ts";
import type { Json } from "../release.ts";
import { candidate } from "./statements.ts";

export const V1 = "https://slsa.dev/provenance/v1";
export const V02 = "https://slsa.dev/provenance/v0.2";
export const REPOSITORY = "https://github.com/acme/app";
export const SOURCE = `git+${REPOSITORY}`;
export const REF = "refs/tags/v1.2.3";
export const COMMIT = "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f";
export const WORKFLOW = ".github/workflows/release.yml";
export const RUN = `${REPOSITORY}/actions/runs/77/attempts/2`;
export const GENERATORS = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows";
export const RUNNER = "https://github.com/actions/runner";
const source = () => ({ uri: `${SOURCE}@${REF}`, digest: { sha1: COMMIT } });
const dispatched = (upper: boolean) =>
  Object.fromEntries(
    Object.entries({
      github_event_name: "workflow_dispatch",
      github_event_payload: { inputs: { channel: "stable", dry: false, jobs: 4 } },
      github_ref: REF,
      [upper ? "github_sha" : "github_sha1"]: COMMIT,
    }).map(([name, value]) => [upper ? name.toUpperCase() : name, value]),
  );

/** slsa-github-generator's generator for any files, v0.2. */
export const generic = (): Json => ({
  builder: { id: `${GENERATORS}/generator_generic_slsa3.yml@refs/tags/v2.1.0` },
  buildType: "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
  invocation: {
    configSource: { ...source(), entryPoint: WORKFLOW },
    parameters: { event_inputs: { channel: "stable" }, depth: 3 },
    environment: dispatched(false),
  },
  metadata: { buildInvocationID: "77-2", completeness: { parameters: true }, reproducible: false },
  materials: [source()],
});

/** npm's command line before it wrote v1. */
export const npmV02 = (): Json => ({
  buildType: "https://github.com/npm/cli/gha/v2",
  builder: { id: RUNNER },
  invocation: {
    configSource: { ...source(), entryPoint: WORKFLOW },
    parameters: {},
    environment: { GITHUB_EVENT_NAME: "release", GITHUB_REF: REF, GITHUB_REPOSITORY: "acme/app", GITHUB_SHA: COMMIT },
  },
  metadata: { buildInvocationId: "77-2", buildStartedOn: "2026-11-20T10:00:00Z" },
  materials: [source()],
});

/** GitHub's attest-build-provenance, and npm's v1. */
export const workflow = (): Json => ({
  buildDefinition: {
    buildType: "https://actions.github.io/buildtypes/workflow/v1",
    externalParameters: { workflow: { ref: REF, repository: REPOSITORY, path: WORKFLOW } },
    internalParameters: { github: { event_name: "release", repository_id: "1", runner_environment: "github-hosted" } },
    resolvedDependencies: [{ uri: `${SOURCE}@${REF}`, digest: { gitCommit: COMMIT } }],
  },
  runDetails: { builder: { id: `${RUNNER}/github-hosted` }, metadata: { invocationId: RUN } },
});

/** slsa-github-generator's builder in a container, v1. */
export const container = (): Json => ({
  buildDefinition: {
    buildType: "https://slsa.dev/container-based-build/v0.1?draft",
    externalParameters: {
      source: source(),
      builderImage: { uri: "bash@sha256:9e" },
      configPath: "build.toml",
      debug: false,
    },
    internalParameters: { ...dispatched(true), GITHUB_REPOSITORY: "acme/app", GITHUB_RUN_ID: 77 },
    resolvedDependencies: [
      source(),
      { uri: "git+https://github.com/slsa-framework/slsa-github-generator@refs/tags/v2" },
    ],
  },
  runDetails: {
    builder: { id: `${GENERATORS}/builder_container-based_slsa3.yml@refs/tags/v2.1.0` },
    metadata: { invocationId: RUN },
  },
});

/** A tool's reusable workflow that slsa-github-generator's delegator signs for: only a dependency names the source. */
export const delegated = (): Json => ({
  buildDefinition: {
    buildType: "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0",
    externalParameters: { inputs: { artifact: "app", rekor: false }, vars: {} },
    internalParameters: { ...dispatched(true), GITHUB_EVENT_NAME: "push", GITHUB_REPOSITORY: "acme/app" },
    resolvedDependencies: [{ uri: `${SOURCE}@${REF}`, digest: { gitCommit: COMMIT } }],
  },
  runDetails: {
    builder: { id: "https://github.com/tools/trw/.github/workflows/build.yml@refs/tags/v1.0.0" },
    metadata: { invocationId: RUN },
  },
});

/** What Fulcio writes into the certificate of that run. */
export const certificate = (buildSignerUri: string): CertificateFacts => ({
  buildSignerUri,
  runnerEnvironment: "github-hosted",
  sourceRepositoryUri: REPOSITORY,
  sourceRepositoryDigest: COMMIT,
  sourceRepositoryRef: REF,
  buildConfigUri: `${REPOSITORY}/${WORKFLOW}@${REF}`,
  runInvocationUri: RUN,
});

export function certified(type: string, predicate: Json, facts: CertificateFacts): Candidate {
  const identity = { issuer: "https://token.actions.githubusercontent.com", subject: facts.buildSignerUri ?? "" };
  return { ...candidate(type, predicate), signers: [{ identity, certificate: facts }] };
}
