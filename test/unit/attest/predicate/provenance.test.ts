/** The requirement `provenance`: which builders, sources, refs, levels and parameters the owner asks for. */
import { describe, expect, it } from "vitest";
import type { Circumstances } from "../../../../attest/candidate.ts";
import { examineProvenance, provenanceFields } from "../../../../attest/predicate/provenance.ts";
import { object, parseShape } from "../../../../runtime/kernel/shape.ts";
import type { Json } from "../release.ts";
import { container, delegated, GENERATORS, generic, REF, SOURCE, V1, V02, workflow } from "./provenance-documents.ts";
import { asked, candidate, circumstances, refusals, texts } from "./statements.ts";

const GENERIC = `${GENERATORS}/generator_generic_slsa3.yml@refs/tags/v2.1.0`;
const WANT = { builders: [GENERIC], sources: [SOURCE] };

function examine(want: object, predicate: Json = generic(), type = V02, around: Partial<Circumstances> = {}) {
  const fields = asked(provenanceFields, { ...WANT, ...want });
  return examineProvenance(fields, candidate(type, predicate), { ...circumstances(), ...around });
}
const parses = (want: object) => parseShape(object(provenanceFields), { ...WANT, ...want }, "the rule").ok;
const builder = (...builders: readonly string[]) => refusals(examine({ builders }));
const source = (...sources: readonly string[]) => refusals(examine({ sources }));

describe("the builder", () => {
  const REFUSED = ["builder: ATTEST_BUILDER"];

  it("must be named to the last letter", () => {
    expect(builder("https://ci.example/other", GENERIC)).toEqual([]);
    expect(builder(GENERIC.slice(0, -1))).toEqual(REFUSED);
    expect(builder(`${GENERIC}-evil`)).toEqual(REFUSED);
    expect(builder(GENERIC.toUpperCase())).toEqual(REFUSED);
    expect(builder(GENERIC.split("@")[0] ?? "")).toEqual(REFUSED);
  });

  it("may be named by a pattern for its version, which covers tags and no branches", () => {
    const stem = `${GENERATORS}/generator_generic_slsa3.yml@refs`;
    expect(builder(`${stem}/tags/v*`)).toEqual([]);
    expect(builder(`${stem}/heads/v*`)).toEqual(REFUSED);
    expect(builder(`${GENERATORS}/generator_container_slsa3.yml@refs/tags/v*`)).toEqual(REFUSED);
  });

  it("cannot be named by a pattern for its host or its owner", () => {
    expect(parses({ builders: ["https://github.com/*/slsa/x@refs/tags/v1"] })).toBe(false);
    expect(parses({ builders: ["https://*.com/acme/x"] })).toBe(false);
    expect(parses({ builders: ["*"] })).toBe(false);
  });
});

describe("the source", () => {
  const REFUSED = ["source: ATTEST_SOURCE"];

  it("is the same with and without git+, whatever ref the provenance adds", () => {
    expect(source(SOURCE)).toEqual([]);
    expect(source("https://git.example/other", "https://github.com/acme/app")).toEqual([]);
  });

  it.each([
    "git+https://github.com/acme/app-evil",
    "git+https://github.com/acme/ap",
    "git+https://github.com/acme/app.git",
    "git+https://github.com/acme/app/",
    "git+https://github.com/Acme/app",
    "git+http://github.com/acme/app",
    "git+ssh://git@github.com/acme/app",
    "github.com/acme/app",
    "git+https://github.com/acme",
    "git+git+https://github.com/acme/app",
  ])("is not %s", (other) => {
    expect(source(other)).toEqual(REFUSED);
  });

  it("with a ref asks for that ref", () => {
    expect(source(`${SOURCE}@${REF}`)).toEqual([]);
    expect(source(`${SOURCE}@refs/tags/v1.2.4`)).toEqual(REFUSED);
    expect(source(`${SOURCE}@refs/heads/main`)).toEqual(REFUSED);
  });

  it("whose branch is called like a tag is not that tag", () => {
    const predicate = generic();
    const uri = `${SOURCE}@refs/heads/x@refs/tags/v1.2.3`;
    predicate.invocation.configSource.uri = uri;
    predicate.materials[0].uri = uri;
    delete predicate.invocation.environment.github_ref;
    expect(refusals(examine({ refs: ["refs/heads/x@refs/tags/v1.2.3"] }, predicate))).toEqual([]);
    expect(refusals(examine({ refs: [REF] }, predicate))).toEqual(["source: ATTEST_REF"]);
    expect(refusals(examine({ refs: ["refs/heads/x*"] }, predicate))).toEqual(["source: ATTEST_REF"]);
  });
});

describe("the ref", () => {
  const REFUSED = ["source: ATTEST_REF"];
  const refs = (...list: readonly string[]) => refusals(examine({ refs: list }));

  it("must be one that is named, exactly or up to a closing star", () => {
    expect(refs("refs/heads/main", REF)).toEqual([]);
    expect(refs("refs/tags/v*")).toEqual([]);
    expect(refs("refs/tags/v1.2.*")).toEqual([]);
    expect(refs("refs/heads/v1.2.3")).toEqual(REFUSED);
    expect(refs("refs/tags/v1.2.3*")).toEqual(REFUSED);
    expect(refs("refs/tags/v1.2")).toEqual(REFUSED);
  });

  it("may hold an @ and a slash, as the tags of repositories with many packages do", () => {
    const predicate = workflow();
    const tag = "refs/tags/@acme/app@1.2.3";
    predicate.buildDefinition.externalParameters.workflow.ref = tag;
    predicate.buildDefinition.resolvedDependencies[0].uri = `${SOURCE}@${tag}`;
    const want = (ref: string) => ({ builders: [predicate.runDetails.builder.id], refs: [ref] });
    expect(refusals(examine(want("refs/tags/@acme/app@*"), predicate, V1))).toEqual([]);
    expect(refusals(examine(want("refs/tags/@acme/*"), predicate, V1))).toEqual(REFUSED);
    expect(refusals(examine(want("refs/tags/*"), predicate, V1))).toEqual(REFUSED);
  });

  it("is refused where the provenance does not say it", () => {
    const predicate = delegated();
    predicate.buildDefinition.resolvedDependencies[0].uri = SOURCE;
    delete predicate.buildDefinition.internalParameters.GITHUB_REF;
    const want = { builders: [predicate.runDetails.builder.id], refs: ["refs/tags/v*"] };
    expect(refusals(examine(want, predicate, V1))).toEqual(REFUSED);
  });

  it("may be asked to be the module's version", () => {
    const versioned = (version: string) =>
      refusals(examine({ tagIsVersion: true }, generic(), V02, { module: { team: "a", name: "b", version } }));
    expect(versioned("1.2.3")).toEqual([]);
    expect(versioned("1.2.4")).toEqual(REFUSED);
    expect(versioned("1.2")).toEqual(REFUSED);
  });

  it("is written in the policy with its kind, and with a star only at the end", () => {
    expect(parses({ refs: ["main"] })).toBe(false);
    expect(parses({ refs: ["refs/*"] })).toBe(false);
    expect(parses({ refs: ["refs/tags/*-rc"] })).toBe(false);
    expect(parses({ refs: ["refs/tags/*"] })).toBe(true);
  });
});

describe("the build type", () => {
  it("counts only where the policy names some", () => {
    const type = "https://github.com/slsa-framework/slsa-github-generator/generic@v1";
    expect(refusals(examine({ buildTypes: [type] }))).toEqual([]);
    expect(refusals(examine({ buildTypes: [`${type}.0`] }))).toEqual(["build-type: ATTEST_BUILD_TYPE"]);
  });
});

describe("the level", () => {
  it("is what the owner believes of the builder, not what anybody says", () => {
    const at = (level: number, believed: number) =>
      refusals(examine({ level }, generic(), V02, { levelOf: (id) => (id === GENERIC ? believed : 0) }));
    expect(at(3, 3)).toEqual([]);
    expect(at(2, 3)).toEqual([]);
    expect(at(3, 2)).toEqual(["level: ATTEST_LEVEL"]);
    expect(at(1, 0)).toEqual(["level: ATTEST_LEVEL"]);
  });
});

describe("parameters", () => {
  const REFUSED = ["parameters: ATTEST_PARAMETERS"];
  const CONTAINER = { builders: [`${GENERATORS}/builder_container-based_slsa3.yml@refs/tags/v*`] };
  const given = (parameters: object) => refusals(examine({ ...CONTAINER, parameters }, container(), V1));

  it("must have the very value that is asked for", () => {
    expect(given({ configPath: "build.toml", debug: false })).toEqual([]);
    expect(given({ debug: true })).toEqual(REFUSED);
    expect(given({ debug: "false" })).toEqual(REFUSED);
    expect(given({ missing: false })).toEqual(REFUSED);
    expect(given({ source: SOURCE })).toEqual(REFUSED);
    expect(given({ constructor: "x" })).toEqual(REFUSED);
  });

  it("of v0.2 are those of the invocation", () => {
    expect(refusals(examine({ parameters: { depth: 3 } }))).toEqual([]);
    expect(refusals(examine({ parameters: { depth: 4 } }))).toEqual(REFUSED);
  });

  it("may hold anything where the policy asks for none", () => {
    const predicate = generic();
    predicate.invocation.parameters = "text";
    predicate.invocation.environment = [1];
    expect(refusals(examine({}, predicate))).toEqual([]);
    expect(refusals(examine({ parameters: { depth: 3 } }, predicate))).toEqual(REFUSED);
    expect(refusals(examine({ workflowInputs: { channel: "stable" } }, predicate))).toEqual(REFUSED);
  });
});

describe("workflow inputs", () => {
  const REFUSED = ["parameters: ATTEST_PARAMETERS"];
  const inputs = (workflowInputs: object, predicate = generic()) => refusals(examine({ workflowInputs }, predicate));

  it("are compared as text, as a person typed them", () => {
    expect(inputs({ channel: "stable", dry: "false", jobs: "4" })).toEqual([]);
    expect(inputs({ channel: "Stable" })).toEqual(REFUSED);
    expect(inputs({ other: "stable" })).toEqual(REFUSED);
  });

  it("must agree wherever the provenance holds them", () => {
    const predicate = generic();
    predicate.invocation.parameters.event_inputs.channel = "beta";
    expect(inputs({ channel: "stable" }, predicate)).toEqual(REFUSED);
    expect(inputs({ channel: "beta" }, predicate)).toEqual(REFUSED);
  });

  it("in the payload of another event are not inputs", () => {
    const predicate = generic();
    predicate.invocation.environment.github_event_name = "push";
    delete predicate.invocation.parameters;
    expect(inputs({ channel: "stable" }, predicate)).toEqual(REFUSED);
  });

  it("of GitHub's own provenance stand beside the workflow", () => {
    const predicate = workflow();
    predicate.buildDefinition.externalParameters.inputs = { channel: "stable" };
    const want = { builders: [predicate.runDetails.builder.id], workflowInputs: { channel: "stable" } };
    expect(refusals(examine(want, predicate, V1))).toEqual([]);
  });
});

describe("provenance that cannot be read", () => {
  it("is refused, and what was asked of it is not examined", () => {
    const want = { level: 1, parameters: { a: 1 } };
    expect(refusals(examine(want, {}))).toEqual([
      "provenance: ATTEST_PROVENANCE_INVALID",
      "builder: -",
      "source: -",
      "build-type: -",
      "level: -",
      "certificate-source: -",
      "parameters: -",
    ]);
  });

  it("has the form of the other version", () => {
    expect(refusals(examine({}, generic(), V1))[0]).toBe("provenance: ATTEST_PROVENANCE_INVALID");
    expect(refusals(examine({}, workflow(), V02))[0]).toBe("provenance: ATTEST_PROVENANCE_INVALID");
  });

  it("has both forms at once", () => {
    const both = { ...generic(), ...workflow() };
    expect(refusals(examine({}, both))[0]).toBe("provenance: ATTEST_PROVENANCE_INVALID");
    expect(texts(examine({}, both))).toContain("fields of v1 and of v0.2");
    for (const part of [{ runDetails: {} }, { buildDefinition: {} }]) {
      expect(texts(examine({}, { ...generic(), ...part }))).toContain("fields of v1 and of v0.2");
    }
  });
});
