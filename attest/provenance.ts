/**
 * SLSA provenance v1 and v0.2 as builders really write it, read into one form: which builder, which source, which recipe,
 * which run. Fields of others are ignored (slsa.dev/spec/v1.0/provenance, parsing rules); what is read is bounded. Where
 * several fields name the source they must name the same one: a reader who looks at one of them must not be told another
 * story than a reader who looks at the next (slsa-verifier asks the same).
 */
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { parseShape } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { fault as predicateFault } from "./predicate/faults.ts";
import { type Said, saidV1, saidV02 } from "./predicate/provenance-forms.ts";
import { parseSource, withoutRef } from "./predicate/source.ts";

export const PROVENANCE_TYPE = "https://slsa.dev/provenance/v1";
export const PROVENANCE_TYPE_V02 = "https://slsa.dev/provenance/v0.2";
export const PROVENANCE_TYPES: readonly string[] = [PROVENANCE_TYPE, PROVENANCE_TYPE_V02];

export interface ProvenanceFacts {
  readonly builderId: string;
  readonly buildType: string;
  /** As the builder writes it, without its ref. */
  readonly sourceUri: string;
  /** E.g. `refs/tags/v1.2.3`. */
  readonly sourceRef?: string;
  /** E.g. `{ gitCommit: "…" }`; provenance v0.2 calls the same `sha1`. */
  readonly sourceDigest?: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  /** What set the build off, e.g. `push` or `workflow_dispatch`. */
  readonly trigger?: string;
  /** The build's definition within the source, e.g. `.github/workflows/release.yml`. */
  readonly workflowPath?: string;
  /** As the builder says; nobody vouches for these two. */
  readonly startedOn?: string;
  readonly finishedOn?: string;
}

export interface Provenance {
  readonly facts: ProvenanceFacts;
  /** What the caller of the build chose: `externalParameters`, or `invocation.parameters`; unparsed. */
  readonly parameters: unknown;
  /** Every place that may hold the inputs of a run that was started by hand; unparsed. */
  readonly inputs: readonly unknown[];
}

/**
 * The predicate of a verified statement. Without its type the form decides, of which it may have one only. Refuses with
 * ATTEST_PROVENANCE_INVALID or ATTEST_SOURCE_AMBIGUOUS.
 */
export function parseProvenance(predicate: unknown, predicateType?: string): Result<ProvenanceFacts, Fault> {
  const read = readProvenance(predicate, predicateType);
  return read.ok ? ok(read.value.facts) : read;
}

/** The same with what the caller of the build chose. */
export function readProvenance(predicate: unknown, predicateType?: string): Result<Provenance, Fault> {
  const isV1 = hasAny(predicate, ["buildDefinition", "runDetails"]);
  const isV02 = hasAny(predicate, ["builder", "invocation"]);
  if (isV1 && isV02) return invalid("it has fields of v1 and of v0.2");
  const asV02 = predicateType === undefined ? isV02 : predicateType === PROVENANCE_TYPE_V02;
  const said = parseShape(asV02 ? saidV02 : saidV1, predicate ?? {}, "the provenance");
  if (!said.ok) return invalid(reasonOf(said.error), said.error);
  const source = sourceOf(said.value);
  if (!source.ok) return source;
  const { builderId, buildType, invocationId, trigger, workflowPath, startedOn, finishedOn } = said.value;
  const facts = { invocationId, trigger, workflowPath, startedOn, finishedOn };
  const known = Object.fromEntries(Object.entries(facts).filter(([, one]) => one !== undefined));
  const { parameters, inputs } = said.value;
  return ok({ facts: { builderId, buildType, ...source.value, ...known }, parameters, inputs });
}

type SourceFacts = Pick<ProvenanceFacts, "sourceUri" | "sourceRef" | "sourceDigest">;

/** The one source that every field that names one agrees with. */
function sourceOf({ sources, materials, run }: Said): Result<SourceFacts, Fault> {
  const isGit = (uri: string | undefined) => uri?.startsWith("git+") === true;
  const gits = materials.filter((one) => isGit(one.uri));
  const named = sources.length > 0 ? sources : gits.slice(0, 1);
  const [first] = named;
  if (first?.uri === undefined) return invalid("it names no source: no parameter and no git dependency does");
  const { repository } = parseSource(first.uri);
  const others = named.filter((one) => parseSource(one.uri ?? "").repository !== repository);
  if (others.length > 0) return ambiguous([first, ...others].map((one) => one.uri ?? ""));
  if (run.repository !== undefined && !repository.endsWith(`/${run.repository}`)) {
    return ambiguous([first.uri, run.repository]);
  }
  const same = materials.filter((one) => parseSource(one.uri ?? "").repository === repository);
  if (gits.length > 0 && same.length === 0)
    return ambiguous([first.uri, ...gits.slice(0, 3).map((one) => one.uri ?? "")]);
  const refs = distinct([...named.flatMap((one) => [parseSource(one.uri ?? "").ref, one.ref]), run.ref]);
  if (refs.length > 1) return ambiguous(refs);
  const [listed, another] = distinct(same.map((one) => parseSource(one.uri ?? "").ref));
  const ref = refs[0] ?? (another === undefined ? listed : undefined);
  // A repository may be listed again at another ref, as a submodule; its entry at this ref speaks of the source.
  const here = same.filter((one) => (parseSource(one.uri ?? "").ref ?? ref) === ref);
  if (same.length > 0 && here.length === 0) return ambiguous(distinct([ref, listed, another]));
  const digests = [...named, ...here].flatMap((one) => (one.digest === undefined ? [] : [one.digest]));
  const commits = distinct([...digests.flatMap((one) => [one["gitCommit"], one["sha1"]]), run.commit]);
  if (commits.length > 1) return ambiguous(commits);
  // Wherever it stands, the commit is what a certificate is compared with.
  const [commit] = commits;
  const bare = commit === undefined ? digests[0] : { ...digests[0], gitCommit: commit };
  const digest = digests.find((one) => commitOf(one) !== undefined) ?? bare;
  return ok({
    sourceUri: withoutRef(first.uri),
    ...(ref === undefined ? {} : { sourceRef: ref }),
    ...(digest === undefined ? {} : { sourceDigest: digest }),
  });
}

/** The commit in a digest, by either of its names. */
export function commitOf(digest: ProvenanceFacts["sourceDigest"]): string | undefined {
  return digest?.["gitCommit"] ?? digest?.["sha1"];
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.flatMap((one) => (one === undefined ? [] : [one])))];
}

function hasAny(value: unknown, names: readonly string[]): boolean {
  return typeof value === "object" && value !== null && names.some((name) => Object.hasOwn(value, name));
}

function invalid(reason: string, cause?: unknown): Result<never, Fault> {
  return err(fault("ATTEST_PROVENANCE_INVALID", { reason }, cause));
}

function ambiguous(found: readonly string[]): Result<never, Fault> {
  return err(predicateFault("ATTEST_SOURCE_AMBIGUOUS", { found }));
}
