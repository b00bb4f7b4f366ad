/**
 * SLSA provenance v1, as far as the policy asks: which builder, which source, which recipe. Fields of others are
 * ignored (slsa.dev/spec/v1.0/provenance, parsing rules); what is read is required and bounded. Provenance v0.2 and
 * GitHub's workflow build type, which names its source under `externalParameters.workflow`, are not read: refused.
 */
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { object, optional, parseShape, record, string } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { nullable, tolerant } from "./tolerant.ts";

export const PROVENANCE_TYPE = "https://slsa.dev/provenance/v1";

export interface ProvenanceFacts {
  readonly builderId: string;
  readonly buildType: string;
  readonly sourceUri: string;
  /** E.g. `{ gitCommit: "…" }`. */
  readonly sourceDigest?: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  /** As the builder says; nobody vouches for these two. */
  readonly startedOn?: string;
  readonly finishedOn?: string;
}

const uri = string({ min: 1, max: 500 });
const note = optional(nullable(string({ max: 500 })));
const digest = record(string({ min: 1, max: 64 }), string({ min: 1, max: 256 }), { max: 32 });
const predicateShape = tolerant({
  buildDefinition: tolerant({
    buildType: uri,
    externalParameters: tolerant({ source: tolerant({ uri, digest: optional(nullable(digest)) }) }),
  }),
  runDetails: tolerant({
    builder: tolerant({ id: uri }),
    metadata: optional(nullable(tolerant({ invocationId: note, startedOn: note, finishedOn: note }))),
  }),
});

/** The predicate of a verified statement. Refuses with ATTEST_PROVENANCE_INVALID. */
export function parseProvenance(predicate: unknown): Result<ProvenanceFacts, Fault> {
  const parsed = parseShape(object({ predicate: predicateShape }), { predicate }, "the provenance");
  if (!parsed.ok) return err(fault("ATTEST_PROVENANCE_INVALID", { reason: reasonOf(parsed.error) }, parsed.error));
  const { buildDefinition, runDetails } = parsed.value.predicate;
  const { source } = buildDefinition.externalParameters;
  return ok({
    builderId: runDetails.builder.id,
    buildType: buildDefinition.buildType,
    sourceUri: source.uri,
    ...(source.digest === undefined ? {} : { sourceDigest: source.digest }),
    ...runDetails.metadata,
  });
}
