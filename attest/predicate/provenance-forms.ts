/**
 * The two forms of SLSA provenance (slsa.dev/spec/v1.0/provenance, slsa.dev/provenance/v0.2) as shapes that give the same
 * record. Where builders put things: npm, slsa-github-generator, GitHub's attest-build-provenance, Google Cloud Build
 * and GitLab's runner; a field of theirs that is there must have the form that they give it.
 */
import { anything, array, optional, record, type Shape, string } from "../../runtime/kernel/shape.ts";
import { nullable, tolerant } from "../tolerant.ts";

export interface SaidSource {
  readonly uri?: string;
  readonly ref?: string;
  readonly digest?: Readonly<Record<string, string>>;
}

export interface Said {
  readonly builderId: string;
  readonly buildType: string;
  /** Where parameters of the build name the source, in the order of their weight. */
  readonly sources: readonly SaidSource[];
  /** Resolved dependencies, or materials: among them the source, where they hold git repositories at all. */
  readonly materials: readonly SaidSource[];
  /** What GitHub's environment said at the time: `team/repository`, ref and commit. */
  readonly run: { readonly repository?: string; readonly ref?: string; readonly commit?: string };
  readonly parameters: unknown;
  readonly inputs: readonly unknown[];
  readonly invocationId?: string | undefined;
  readonly trigger?: string | undefined;
  readonly workflowPath?: string | undefined;
  readonly startedOn?: string | undefined;
  readonly finishedOn?: string | undefined;
}

const MATERIALS_MAX = 10_000;
const TEXT_MAX = 500;
const uri = string({ min: 1, max: TEXT_MAX });
const maybe = <T>(shape: Shape<T>) => optional(nullable(shape));
const note = maybe(string({ max: TEXT_MAX }));
const digest = record(string({ min: 1, max: 64 }), string({ min: 1, max: 256 }), { max: 32 });
const sourceFields = tolerant({ uri, digest: maybe(digest) });
/** GitLab's runner writes the URI alone. */
const source: Shape<SaidSource> = {
  parse: (value, at) => (typeof value === "string" ? { uri: uri.parse(value, at) } : sourceFields.parse(value, at)),
};
const material = tolerant({ uri: maybe(string({ max: 2000 })), digest: maybe(digest) });
const materials = maybe(array(material, { max: MATERIALS_MAX }));

/** The file that defines the build, where it is, and at which ref. */
const definition = tolerant({ repository: maybe(uri), ref: note, path: note, inputs: optional(anything) });

const v1 = tolerant({
  buildDefinition: tolerant({
    buildType: uri,
    externalParameters: tolerant({
      source: maybe(source),
      workflow: maybe(definition),
      /** Google Cloud Build's name for it. */
      buildConfigSource: maybe(definition),
      inputs: optional(anything),
    }),
    internalParameters: optional(anything),
    resolvedDependencies: materials,
  }),
  runDetails: tolerant({
    builder: tolerant({ id: uri }),
    metadata: maybe(tolerant({ invocationId: note, startedOn: note, finishedOn: note })),
  }),
});

export const saidV1: Shape<Said> = {
  parse(value, at) {
    const { buildDefinition, runDetails } = v1.parse(value, at);
    const { externalParameters, internalParameters, resolvedDependencies = [] } = buildDefinition;
    const { source: given, workflow, buildConfigSource, inputs } = externalParameters;
    const defined = [workflow, buildConfigSource].flatMap((one) =>
      one?.repository === undefined ? [] : [{ uri: one.repository, ...refOf(one.ref) }],
    );
    const run = runOf(internalParameters);
    return {
      builderId: runDetails.builder.id,
      buildType: buildDefinition.buildType,
      sources: [...(given === undefined ? [] : [given]), ...defined],
      materials: resolvedDependencies,
      run: run.place,
      parameters: own(own(value, "buildDefinition"), "externalParameters"),
      inputs: [run.inputs, inputs, workflow?.inputs],
      ...runDetails.metadata,
      trigger: run.trigger,
      workflowPath: workflow?.path ?? buildConfigSource?.path,
    };
  },
};

const v02 = tolerant({
  buildType: uri,
  builder: tolerant({ id: uri }),
  invocation: maybe(
    tolerant({
      configSource: maybe(tolerant({ uri: maybe(uri), digest: maybe(digest), entryPoint: note })),
      parameters: optional(anything),
      environment: optional(anything),
    }),
  ),
  metadata: maybe(
    tolerant({
      /** As the specification spells it, and as slsa-github-generator does. */
      buildInvocationId: note,
      buildInvocationID: note,
      buildStartedOn: note,
      buildFinishedOn: note,
    }),
  ),
  materials,
});

export const saidV02: Shape<Said> = {
  parse(value, at) {
    const { buildType, builder, invocation = {}, metadata = {}, materials: used = [] } = v02.parse(value, at);
    const { configSource = {}, parameters, environment } = invocation;
    const run = runOf(environment);
    return {
      builderId: builder.id,
      buildType,
      sources: configSource.uri === undefined ? [] : [configSource],
      materials: used,
      run: run.place,
      parameters,
      inputs: [run.inputs, own(parameters, "event_inputs")],
      invocationId: metadata.buildInvocationId ?? metadata.buildInvocationID,
      startedOn: metadata.buildStartedOn,
      finishedOn: metadata.buildFinishedOn,
      trigger: run.trigger,
      workflowPath: configSource.entryPoint,
    };
  },
};

const STARTED_BY_HAND = "workflow_dispatch";

/** GitHub's environment, in capitals or not; elsewhere these names are absent. */
function runOf(environment: unknown) {
  const text = (...names: readonly string[]) => {
    for (const name of names) {
      const value = textOf(own(environment, name));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const trigger =
    text("GITHUB_EVENT_NAME", "github_event_name") ?? textOf(own(own(environment, "github"), "event_name"));
  const payload = own(environment, "GITHUB_EVENT_PAYLOAD") ?? own(environment, "github_event_payload");
  const repository = text("GITHUB_REPOSITORY", "github_repository");
  const commit = text("GITHUB_SHA", "github_sha", "github_sha1");
  return {
    place: {
      ...(repository === undefined ? {} : { repository }),
      ...refOf(text("GITHUB_REF", "github_ref")),
      ...(commit === undefined ? {} : { commit }),
    },
    trigger,
    inputs: trigger === STARTED_BY_HAND ? own(payload, "inputs") : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= TEXT_MAX ? value : undefined;
}

function refOf(ref: string | undefined): { readonly ref?: string } {
  return ref === undefined || ref === "" ? {} : { ref };
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
