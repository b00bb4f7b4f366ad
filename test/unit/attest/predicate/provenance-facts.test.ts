/** What is read from the provenance of real builders, and that it may not tell two stories of its source. */
import { describe, expect, it } from "vitest";
import { differencesOf } from "../../../../attest/predicate/certificate-source.ts";
import { commitOf, parseProvenance } from "../../../../attest/provenance.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import type { Json } from "../release.ts";
import {
  COMMIT,
  container,
  delegated,
  generic,
  npmV02,
  REF,
  RUN,
  SOURCE,
  V1,
  V02,
  WORKFLOW,
  workflow,
} from "./provenance-documents.ts";

const FORMS: readonly (readonly [string, string, () => Json])[] = [
  ["slsa-github-generator, generic", V02, generic],
  ["npm, v0.2", V02, npmV02],
  ["GitHub's attest-build-provenance", V1, workflow],
  ["slsa-github-generator, in a container", V1, container],
  ["slsa-github-generator, delegated", V1, delegated],
];

function read(predicate: Json, type?: string): string {
  const facts = parseProvenance(predicate, type);
  return facts.ok ? "read" : facts.error.code;
}
const changed = (make: () => Json, change: (predicate: Json) => unknown) => {
  const predicate = make();
  change(predicate);
  return predicate;
};
const AMBIGUOUS = "ATTEST_SOURCE_AMBIGUOUS";
const INVALID = "ATTEST_PROVENANCE_INVALID";

describe("provenance", () => {
  it.each(FORMS)("of %s names the same source, ref and commit", (_, type, make) => {
    const { sourceUri, sourceRef, sourceDigest } = unwrap(parseProvenance(make(), type));
    expect([SOURCE, SOURCE.slice(4)]).toContain(sourceUri);
    expect(sourceRef).toBe(REF);
    expect(Object.values(sourceDigest ?? {})).toEqual([COMMIT]);
    expect(parseProvenance(make())).toEqual(parseProvenance(make(), type));
  });

  it.each<[string, (predicate: Json) => unknown]>([
    ["of the run", ({ buildDefinition: one }) => (one.internalParameters.GITHUB_SHA = "c0ffee")],
    ["of its dependency", ({ buildDefinition: one }) => (one.resolvedDependencies[0].digest = { gitCommit: "c0ffee" })],
  ])("tells the commit %s where the source has another digest", (_, commit) => {
    const predicate = changed(container, ({ buildDefinition: one }) => {
      one.externalParameters.source = { uri: `${SOURCE}@${REF}`, digest: { sha256: "aa" } };
      one.resolvedDependencies = [{ uri: `${SOURCE}@${REF}`, digest: { sha256: "aa" } }];
      one.internalParameters = {};
    });
    commit(predicate);
    const facts = unwrap(parseProvenance(predicate));
    expect(commitOf(facts.sourceDigest)).toBe("c0ffee");
    expect(differencesOf({ sourceRepositoryDigest: COMMIT }, facts)).toEqual([`commit: ${COMMIT}, not c0ffee`]);
  });

  it("says which run of what it was", () => {
    const facts = (make: () => Json) => {
      const { invocationId, trigger, workflowPath, startedOn } = unwrap(parseProvenance(make()));
      return { invocationId, trigger, workflowPath, startedOn };
    };
    const run = { workflowPath: WORKFLOW, startedOn: undefined };
    expect(facts(generic)).toEqual({ ...run, invocationId: "77-2", trigger: "workflow_dispatch" });
    expect(facts(npmV02)).toEqual({
      ...run,
      invocationId: "77-2",
      trigger: "release",
      startedOn: "2026-11-20T10:00:00Z",
    });
    expect(facts(workflow)).toEqual({ ...run, invocationId: RUN, trigger: "release" });
    expect(facts(delegated)).toEqual({ ...run, invocationId: RUN, trigger: "push", workflowPath: undefined });
  });

  it("of GitLab's runner gives the source as text", () => {
    const gitlab = changed(workflow, (one) => {
      one.buildDefinition.externalParameters = { source: "https://gitlab.com/acme/app", entryPoint: "build" };
      one.buildDefinition.internalParameters = { name: "runner-7" };
      one.buildDefinition.resolvedDependencies = [{ uri: "https://gitlab.com/acme/app", digest: { sha256: COMMIT } }];
    });
    const { sourceUri, sourceDigest } = unwrap(parseProvenance(gitlab));
    expect({ sourceUri, sourceDigest: { ...sourceDigest } }).toEqual({
      sourceUri: "https://gitlab.com/acme/app",
      sourceDigest: { sha256: COMMIT },
    });
  });

  it("of Google Cloud Build names it as the place of the build's definition", () => {
    const cloud = changed(workflow, (one) => {
      one.buildDefinition.externalParameters = {
        buildConfigSource: { path: "cloudbuild.yaml", ref: REF, repository: SOURCE },
        substitutions: {},
      };
      one.buildDefinition.internalParameters = { systemSubstitutions: { COMMIT_SHA: COMMIT } };
    });
    const { sourceUri, sourceRef, workflowPath } = unwrap(parseProvenance(cloud));
    expect({ sourceUri, sourceRef, workflowPath }).toEqual({
      sourceUri: SOURCE,
      sourceRef: REF,
      workflowPath: "cloudbuild.yaml",
    });
    cloud.buildDefinition.externalParameters.buildConfigSource.ref = "refs/heads/main";
    expect(read(cloud)).toBe(AMBIGUOUS);
  });

  it("may leave out materials, digests, refs and the run", () => {
    const bare = { builder: { id: "b" }, buildType: "t", invocation: { configSource: { uri: SOURCE } } };
    expect(unwrap(parseProvenance(bare))).toEqual({ builderId: "b", buildType: "t", sourceUri: SOURCE });
    expect(read(changed(container, (one) => delete one.buildDefinition.resolvedDependencies))).toBe("read");
    expect(read(changed(workflow, (one) => delete one.buildDefinition.externalParameters.workflow.ref))).toBe("read");
    expect(read(changed(generic, (one) => delete one.invocation.configSource))).toBe("read");
  });

  it("may hold anything where a builder's own context stands, and has then no run", () => {
    for (const other of [null, "text", 7, [REF], { GITHUB_REF: 7, github: null }, { GITHUB_REF: "r".repeat(501) }]) {
      expect(read(changed(generic, (one) => (one.invocation.environment = other)))).toBe("read");
      expect(read(changed(workflow, (one) => (one.buildDefinition.internalParameters = other)))).toBe("read");
    }
  });

  it("takes an empty ref for none", () => {
    const empty = changed(workflow, (one) => (one.buildDefinition.externalParameters.workflow.ref = ""));
    expect(unwrap(parseProvenance(empty)).sourceRef).toBe(REF);
  });

  it("takes null for absent, as protobuf's JSON writes it", () => {
    const nulls = changed(workflow, (one) => {
      one.buildDefinition.externalParameters.source = null;
      one.buildDefinition.resolvedDependencies = null;
      one.runDetails.metadata = null;
    });
    expect(read(nulls)).toBe("read");
  });

  it("may list the repository again at another ref, as a submodule of itself", () => {
    const again = { uri: `${SOURCE}@refs/heads/old`, digest: { gitCommit: "00" } };
    const twice = changed(workflow, (one) => one.buildDefinition.resolvedDependencies.unshift(again));
    expect(unwrap(parseProvenance(twice)).sourceDigest).toMatchObject({ gitCommit: COMMIT });
  });
});

describe("a source told in two ways", () => {
  const otherRepository = `git+https://github.com/acme/app-evil@${REF}`;
  const otherRef = `${SOURCE}@refs/heads/main`;

  it.each<[string, () => Json, (predicate: Json) => unknown]>([
    ["v1 dependencies", container, (one) => (one.buildDefinition.resolvedDependencies[0].uri = otherRepository)],
    ["v1 dependencies' ref", container, (one) => (one.buildDefinition.resolvedDependencies[0].uri = otherRef)],
    ["v1 dependencies' commit", container, (one) => (one.buildDefinition.resolvedDependencies[0].digest.sha1 = "00")],
    [
      "the run's ref, without dependencies",
      container,
      (one) => {
        delete one.buildDefinition.resolvedDependencies;
        one.buildDefinition.internalParameters.GITHUB_REF = "x";
      },
    ],
    [
      "the run's repository, of which it has the beginning",
      npmV02,
      (one) => (one.invocation.environment.GITHUB_REPOSITORY = "acme/ap"),
    ],
    ["its own ref", workflow, (one) => (one.buildDefinition.externalParameters.workflow.ref = "refs/heads/main")],
    [
      "workflow and source",
      workflow,
      (one) => (one.buildDefinition.externalParameters.source = { uri: otherRepository }),
    ],
    ["the run's repository", container, (one) => (one.buildDefinition.internalParameters.GITHUB_REPOSITORY = "x/app")],
    ["the run's ref", container, (one) => (one.buildDefinition.internalParameters.GITHUB_REF = "refs/heads/main")],
    ["the run's commit", container, (one) => (one.buildDefinition.internalParameters.GITHUB_SHA = "00")],
    ["the delegated run's commit", delegated, (one) => (one.buildDefinition.internalParameters.GITHUB_SHA = "00")],
    ["v0.2 materials", generic, (one) => (one.materials[0].uri = otherRepository)],
    ["v0.2 materials' ref", generic, (one) => (one.materials[0].uri = otherRef)],
    ["v0.2 materials' commit", generic, (one) => (one.materials[0].digest.sha1 = "00")],
    ["v0.2 environment", npmV02, (one) => (one.invocation.environment.GITHUB_REPOSITORY = "acme/other")],
    ["the names of one commit", generic, (one) => (one.invocation.configSource.digest.gitCommit = "00")],
  ])("by %s is refused", (_, make, change) => {
    expect(read(make())).toBe("read");
    expect(read(changed(make, change))).toBe(AMBIGUOUS);
  });
});

describe("provenance without what it needs", () => {
  it.each<[string, () => Json, (predicate: Json) => unknown]>([
    ["a builder", generic, (one) => delete one.builder.id],
    ["a build type", generic, (one) => delete one.buildType],
    ["any source", generic, (one) => [delete one.invocation.configSource, delete one.materials]],
    ["any git dependency", delegated, (one) => (one.buildDefinition.resolvedDependencies[0].uri = "pkg:npm/a@1")],
    ["a source that is a name", container, (one) => (one.buildDefinition.externalParameters.source.uri = 7)],
    ["text for a workflow", workflow, (one) => (one.buildDefinition.externalParameters.workflow.repository = ["x"])],
  ])("is refused: %s", (_, make, change) => {
    expect(read(changed(make, change))).toBe(INVALID);
  });

  it("is refused whatever it is instead", () => {
    for (const other of [undefined, null, 7, "text", [], {}, { __proto__: generic() }]) {
      expect(read(other)).toBe(INVALID);
      expect(read(other, V02)).toBe(INVALID);
    }
  });

  it("is bounded in its texts and in its list of materials", () => {
    const long = (count: number) => changed(generic, (one) => (one.builder.id = "b".repeat(count)));
    expect([read(long(500)), read(long(501))]).toEqual(["read", INVALID]);
    const many = (count: number) =>
      changed(generic, (one) => (one.materials = Array.from({ length: count }, () => one.materials[0])));
    expect([read(many(10_000)), read(many(10_001))]).toEqual(["read", INVALID]);
  });
});
