/** What Fulcio put into the certificate against what the provenance claims: whoever signs can claim anything. */
import { describe, expect, it } from "vitest";
import { type CertificateFacts, readCertificateFacts } from "../../../../attest/certificate.ts";
import { examineProvenance, provenanceFields } from "../../../../attest/predicate/provenance.ts";
import { fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import type { Json } from "../release.ts";
import {
  certificate,
  certified,
  container,
  delegated,
  GENERATORS,
  generic,
  npmV02,
  REF,
  REPOSITORY,
  RUN,
  RUNNER,
  SOURCE,
  V1,
  V02,
  WORKFLOW,
  workflow,
} from "./provenance-documents.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const SIGNER = `${REPOSITORY}/${WORKFLOW}@${REF}`;
const DELEGATOR = `${GENERATORS}/delegator_generic_slsa3.yml@refs/tags/v2.1.0`;

function examine(type: string, predicate: Json, facts: CertificateFacts) {
  const builder = predicate.builder?.id ?? predicate.runDetails.builder.id;
  const want = asked(provenanceFields, { builders: [builder], sources: [SOURCE] });
  return examineProvenance(want, certified(type, predicate, facts), circumstances());
}
const REFUSED = ["certificate-source: ATTEST_CERTIFICATE_DIFFERS"];

describe("a certificate of the run that built", () => {
  it.each<[string, string, () => Json, string]>([
    ["npm, v0.2", V02, npmV02, SIGNER],
    ["GitHub's attest-build-provenance", V1, workflow, SIGNER],
    ["the generic generator", V02, generic, generic().builder.id],
    ["the builder in a container", V1, container, container().runDetails.builder.id],
    ["the delegator, which signs for another workflow", V1, delegated, DELEGATOR],
  ])("agrees with the provenance of %s", (_, type, make, signer) => {
    const examined = examine(type, make(), certificate(signer));
    expect(refusals(examined)).toEqual([]);
    expect(texts(examined)).toContain("the certificate names the same source and run");
  });
});

describe("a certificate of another run", () => {
  const other = (changes: CertificateFacts, make = workflow, type = V1) =>
    examine(type, make(), { ...certificate(SIGNER), ...changes });

  it.each<[string, CertificateFacts]>([
    ["source", { sourceRepositoryUri: "https://github.com/acme/app-evil" }],
    ["source", { sourceRepositoryUri: `${REPOSITORY}.git` }],
    ["ref", { sourceRepositoryRef: "refs/heads/main" }],
    ["commit", { sourceRepositoryDigest: "00" }],
    ["workflow", { buildConfigUri: `${REPOSITORY}/.github/workflows/other.yml@${REF}` }],
    ["workflow", { buildConfigUri: `https://evil.example/${REPOSITORY}/${WORKFLOW}@${REF}` }],
    ["run", { runInvocationUri: `${REPOSITORY}/actions/runs/78/attempts/2` }],
    ["run", { runInvocationUri: `https://evil.example/${RUN}` }],
    ["run", { runInvocationUri: `${REPOSITORY}/actions/runs/77/attempts/1` }],
    ["runner", { runnerEnvironment: "self-hosted" }],
    ["trigger", { buildTrigger: "pull_request" }],
  ])("is refused by its %s", (what, changes) => {
    const examined = other(changes);
    expect(refusals(examined)).toEqual(REFUSED);
    expect(texts(examined)).toContain(`${what}: ${Object.values(changes)[0]}, not `);
  });

  it("is refused by the number of the run where provenance v0.2 gives only that", () => {
    const run = (uri: string) => refusals(other({ runInvocationUri: uri }, npmV02, V02));
    expect(run(`${REPOSITORY}/actions/runs/77/attempts/2`)).toEqual([]);
    expect(run(`${REPOSITORY}/actions/runs/77/attempts/22`)).toEqual(REFUSED);
    expect(run(`${REPOSITORY}/actions/runs/177/attempts/2`)).toEqual(REFUSED);
  });

  it("may be named without its attempt, and then by all of its name", () => {
    const named = (invocationId: string) => {
      const predicate = workflow();
      predicate.runDetails.metadata.invocationId = invocationId;
      return refusals(examine(V1, predicate, certificate(SIGNER)));
    };
    expect(named(`${REPOSITORY}/actions/runs/77`)).toEqual([]);
    expect(named(`${REPOSITORY}/actions/runs/7`)).toEqual(REFUSED);
    expect(named(`${REPOSITORY}/actions`)).toEqual(REFUSED);
  });

  it("is not refused by a job's name where GitHub has a workflow's path", () => {
    const gitlab = generic();
    gitlab.builder.id = "https://gitlab.com/acme/app/-/runners/7";
    gitlab.invocation.configSource.entryPoint = "build";
    gitlab.metadata.buildInvocationID = "1234";
    const { runInvocationUri: _, ...facts } = certificate(`${REPOSITORY}//.gitlab-ci.yml@${REF}`);
    expect(refusals(examine(V02, gitlab, facts))).toEqual([]);
  });

  it("is refused with every difference named at once", () => {
    const examined = other({ sourceRepositoryRef: "refs/heads/x", runnerEnvironment: "self-hosted" });
    expect(texts(examined)).toMatch(/ref: refs\/heads\/x, not .*runner: self-hosted, not /);
  });
});

describe("a builder's name", () => {
  it("cannot be borrowed: a workflow that signs for itself is not the generator it names", () => {
    expect(refusals(examine(V02, generic(), certificate(SIGNER)))).toEqual(REFUSED);
    expect(refusals(examine(V1, delegated(), certificate(SIGNER)))).toEqual(REFUSED);
  });

  it("is believed from the delegator at a tag, and from nobody who looks like it", () => {
    const by = (signer: string) => refusals(examine(V1, delegated(), certificate(signer)));
    expect(by(DELEGATOR.replace("delegator_generic", "delegator_lowperms-generic"))).toEqual([]);
    expect(by(DELEGATOR.replace("refs/tags/v2.1.0", "refs/heads/main"))).toEqual(REFUSED);
    expect(by(DELEGATOR.replace("slsa-framework/", "slsa-framework-evil/"))).toEqual(REFUSED);
    expect(by(DELEGATOR.replace("slsa-github-generator", "slsa-github-generator2"))).toEqual(REFUSED);
  });

  it("that is no workflow of GitHub is the owner's affair", () => {
    const own = workflow();
    own.runDetails.builder.id = "https://ci.example/builders/wasm/v1";
    expect(refusals(examine(V1, own, certificate(SIGNER)))).toEqual([]);
  });

  it("of the hosted runner is not that of a runner of one's own, with or without the word", () => {
    const at = (id: string, runnerEnvironment: string) => {
      const predicate = workflow();
      predicate.runDetails.builder.id = id;
      return refusals(examine(V1, predicate, { ...certificate(SIGNER), runnerEnvironment }));
    };
    expect(at(RUNNER, "github-hosted")).toEqual([]);
    expect(at(RUNNER, "self-hosted")).toEqual(REFUSED);
    expect(at(`${RUNNER}/self-hosted`, "self-hosted")).toEqual([]);
    expect(at(`${RUNNER}/self-hosted`, "github-hosted")).toEqual(REFUSED);
  });
});

describe("a certificate that says nothing of its source", () => {
  it("contradicts nothing, nor does a key of the policy", () => {
    const builder = workflow().runDetails.builder.id;
    const want = asked(provenanceFields, { builders: [builder], sources: [SOURCE] });
    expect(refusals(examine(V1, workflow(), {}))).toEqual([]);
    const byKey = examineProvenance(want, candidate(V1, workflow()), circumstances());
    expect(refusals(byKey)).toEqual([]);
    expect(texts(byKey)).toContain("no certificate names a source");
  });
});

describe("Fulcio's extensions", () => {
  const extension = (id: string, text: string) => ({
    oid: { id: id.split(".").map(Number) },
    value: Buffer.from(utf8(text)),
  });
  const read = (...list: readonly ReturnType<typeof extension>[]) => readCertificateFacts([...list], fromUtf8);

  it("are read by their object identifiers, .9 to .22", () => {
    const facts = read(
      extension("1.3.6.1.4.1.57264.1.9", "signer"),
      extension("1.3.6.1.4.1.57264.1.12", "source"),
      extension("1.3.6.1.4.1.57264.1.21", "run"),
      extension("1.3.6.1.4.1.57264.1.22", "public"),
      extension("1.3.6.1.4.1.57264.1.23", "of no name"),
      extension("1.3.6.1.4.1.57264.2.12", "of another family"),
    );
    expect(facts).toEqual({
      buildSignerUri: "signer",
      sourceRepositoryUri: "source",
      runInvocationUri: "run",
      sourceRepositoryVisibility: "public",
    });
  });

  it("that are there twice or cannot be read make all of them unreadable", () => {
    const source = extension("1.3.6.1.4.1.57264.1.12", "source");
    expect(read(source, source)).toBeUndefined();
    expect(readCertificateFacts([source], () => undefined)).toBeUndefined();
  });
});
