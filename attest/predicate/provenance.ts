/**
 * The requirement `provenance`: which builders, which sources, which recipe, how far the builder is believed, and with
 * which parameters it ran. Every name is compared to the last letter, but for the two patterns said below; what Fulcio
 * put into the certificate must agree with what the provenance claims.
 */
import {
  anything,
  array,
  type Infer,
  integer,
  type object,
  oneOf,
  optional,
  record,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { CandidateSigner, Examine } from "../candidate.ts";
import { fault } from "../faults.ts";
import { isSubjectPattern, matchesPattern } from "../pattern.ts";
import { type Provenance, type ProvenanceFacts, readProvenance } from "../provenance.ts";
import { type Check, passed, type Reason, refused, unexamined } from "../reasons.ts";
import { differencesOf } from "./certificate-source.ts";
import { fault as predicateFault } from "./faults.ts";
import { isSource, parseSource } from "./source.ts";

const uri = string({ min: 1, max: 500 });
export const builderShape = refined(
  uri,
  (text) => !text.includes("*") || isSubjectPattern(text),
  "a builder's id, or a URI with * only at the end of path components after the first",
);
const REF = /^refs\/(?:heads|tags)\/(?:[^\s*]+\*?|\*)$/;
const ref = refined(string({ max: 300 }), REF, "refs/heads/NAME or refs/tags/NAME, with * only at the end");
const scalar = refined(
  anything,
  (value): value is string | number | boolean => ["string", "number", "boolean"].includes(typeof value),
  "text, a number, true or false",
);
const name = string({ min: 1, max: 100 });

export const provenanceFields = {
  /**
   * Any of these builders. An id, or a pattern as for a signer's subject (pattern.ts), for builders that put their own
   * version into it: `https://github.com/…/generator_generic_slsa3.yml@refs/tags/v*`.
   */
  builders: array(builderShape, { min: 1, max: 32 }),
  /** Any of these sources; one that ends in `@refs/…` asks for that ref as well (source.ts says what is compared). */
  sources: array(uri, { min: 1, max: 32 }),
  /** Any of these, letter by letter. */
  buildTypes: optional(array(uri, { min: 1, max: 16 })),
  /** The owner must believe the builder up to this SLSA Build level (`builders` of the policy). */
  level: optional(integer({ min: 1, max: 3 })),
  /** Any of these branches or tags; a closing `*` stands for letters, digits, `.`, `_`, `-`, `+` and `~`, at least one. */
  refs: optional(array(ref, { min: 1, max: 32 })),
  /** The source's tag is the module's version, with or without a `v` in front. */
  tagIsVersion: optional(oneOf(true)),
  /** Parameters of the build that must have exactly this value: of `externalParameters`, in v0.2 `invocation.parameters`. */
  parameters: optional(record(name, scalar, { max: 32 })),
  /** Inputs of a workflow that was started by hand; numbers and booleans count as their text. */
  workflowInputs: optional(record(name, string({ max: 500 }), { max: 32 })),
};
type Asked = Infer<ReturnType<typeof object<typeof provenanceFields>>>;

/** Refuses with codes of builder, source, ref, build type, level, certificate and parameters; the checks in this order. */
export const examineProvenance: Examine<Asked> = (asked, { statement, signers }, circumstances) => {
  const read = readProvenance(statement.predicate, statement.predicateType);
  if (!read.ok) {
    const rest = CHECKS.filter((check) => check !== "provenance" && isAsked(check, asked));
    return { reasons: [refused("provenance", read.error), ...rest.map(unexamined)] };
  }
  const { facts } = read.value;
  const { builderId, sourceUri, sourceRef, buildType } = facts;
  const said = { builderId, sourceUri, ...(sourceRef === undefined ? {} : { sourceRef }), buildType };
  const level = circumstances.levelOf(builderId);
  const made: Readonly<Record<(typeof CHECKS)[number], () => Reason>> = {
    provenance: () => passed("provenance", "the provenance says who built what", said),
    builder: () => built(builderId, asked),
    source: () => sourced(facts, asked, circumstances.module.version),
    "build-type": () => typed(buildType, asked),
    level: () => levelled(builderId, level, asked.level ?? 0),
    "certificate-source": () => certified(facts, signers),
    parameters: () => parametrised(read.value, asked),
  };
  return { reasons: CHECKS.filter((check) => isAsked(check, asked)).map((check) => made[check]()) };
};

const CHECKS = [
  "provenance",
  "builder",
  "source",
  "build-type",
  "level",
  "certificate-source",
  "parameters",
] as const satisfies readonly Check[];

/** Two checks are made only where the policy has something to say about them. */
function isAsked(check: Check, { level, parameters, workflowInputs }: Asked): boolean {
  if (check === "level") return level !== undefined;
  return check !== "parameters" || parameters !== undefined || workflowInputs !== undefined;
}

/** Is this the builder that is named, by its id or by a pattern? */
export function isBuilder(found: string, named: string): boolean {
  return named.includes("*") ? matchesPattern(found, named) : named === found;
}

function built(found: string, { builders }: Asked): Reason {
  if (!builders.some((one) => isBuilder(found, one)))
    return refused("builder", fault("ATTEST_BUILDER", { found, expected: builders }));
  return passed("builder", "the builder is one that is named", { found });
}

function sourced({ sourceUri, sourceRef }: ProvenanceFacts, asked: Asked, version: string): Reason {
  const found = sourceRef === undefined ? sourceUri : `${sourceUri}@${sourceRef}`;
  const source = { ...parseSource(sourceUri), ...(sourceRef === undefined ? {} : { ref: sourceRef }) };
  if (!asked.sources.some((one) => isSource(source, parseSource(one)))) {
    return refused("source", fault("ATTEST_SOURCE", { found, expected: asked.sources }));
  }
  const versions = [`refs/tags/${version}`, `refs/tags/v${version}`];
  for (const expected of [asked.refs, asked.tagIsVersion === true ? versions : undefined]) {
    if (expected === undefined || expected.some((one) => isRef(sourceRef ?? "", one))) continue;
    return refused("source", predicateFault("ATTEST_REF", { found: sourceRef ?? "none", expected }));
  }
  return passed("source", "the source is one that is named", { found });
}

const FILLER = /^[A-Za-z0-9._+~-]+$/;

function isRef(found: string, wanted: string): boolean {
  if (!wanted.endsWith("*")) return found === wanted;
  const stem = wanted.slice(0, -1);
  return found.startsWith(stem) && FILLER.test(found.slice(stem.length));
}

function typed(found: string, { buildTypes }: Asked): Reason {
  if (buildTypes === undefined || buildTypes.includes(found)) {
    return passed("build-type", "the build type is one that is named", { found });
  }
  return refused("build-type", fault("ATTEST_BUILD_TYPE", { found, expected: buildTypes }));
}

function levelled(builderId: string, found: number, expected: number): Reason {
  const facts = { found: `SLSA_BUILD_LEVEL_${found}`, expected: `SLSA_BUILD_LEVEL_${expected}` };
  if (found >= expected) return passed("level", "the builder is believed up to that level", facts);
  return refused("level", predicateFault("ATTEST_LEVEL", { what: `builder ${builderId}`, ...facts }));
}

/** Every certificate that signed must agree; a key of the policy says nothing beside itself. */
function certified(facts: ProvenanceFacts, signers: readonly CandidateSigner[]): Reason {
  const certificates = signers.flatMap((one) => ("certificate" in one ? [one.certificate] : []));
  const found = certificates.flatMap((one) => differencesOf(one, facts));
  if (found.length > 0) return refused("certificate-source", predicateFault("ATTEST_CERTIFICATE_DIFFERS", { found }));
  const says = certificates.some((one) => one.sourceRepositoryUri !== undefined);
  return passed(
    "certificate-source",
    says ? "the certificate names the same source and run" : "no certificate names a source",
  );
}

function parametrised({ parameters, inputs }: Provenance, asked: Asked): Reason {
  for (const [key, expected] of Object.entries(asked.parameters ?? {})) {
    const found = own(parameters, key);
    if (found !== expected) return otherParameter("parameter", key, expected, shown(found));
  }
  for (const [key, expected] of Object.entries(asked.workflowInputs ?? {})) {
    const values = inputs.map((one) => own(one, key)).filter((one) => one !== undefined);
    const other = values.find((one) => !isScalar(one) || String(one) !== expected);
    if (values.length === 0 || other !== undefined) {
      return otherParameter("workflow input", key, expected, shown(other));
    }
  }
  return passed("parameters", "the build ran with the parameters that are asked for");
}

function otherParameter(what: string, key: string, expected: string | number | boolean, found: string): Reason {
  return refused("parameters", predicateFault("ATTEST_PARAMETERS", { what, name: key, expected, found }));
}

function isScalar(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  return isScalar(value) ? JSON.stringify(value).slice(0, 100) : "no single value";
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
