/**
 * Build provenance as a publisher writes it: SLSA provenance v1 about the parts of one release. It only writes down
 * what the build says of itself; that this is true is what the signer's identity stands for.
 */
import { unwrap } from "../../runtime/kernel/result.ts";
import { PROVENANCE_TYPE, parseProvenance } from "../provenance.ts";
import { parseStatement } from "../statement.ts";
import { inTotoStatement, type Subject } from "./statement.ts";

export interface ProvenanceInput {
  /** Code and manifest: both must be subjects, or devices refuse. */
  readonly artifacts: readonly Subject[];
  readonly builderId: string;
  readonly buildType: string;
  readonly sourceUri: string;
  /** E.g. `{ gitCommit: "…" }`. */
  readonly sourceDigest?: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  /** RFC 3339, UTC. */
  readonly startedOn: string;
  readonly finishedOn: string;
  /** Further external parameters of the build; `source` is set by us. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The statement's bytes. What our own readers would refuse on a device is refused here, as a thrown Fault. */
export function provenanceStatement(input: ProvenanceInput): Uint8Array {
  const { sourceUri: uri, sourceDigest: digest, invocationId, startedOn, finishedOn } = input;
  const source = digest === undefined ? { uri } : { uri, digest };
  const predicate = {
    buildDefinition: {
      buildType: input.buildType,
      externalParameters: { ...input.parameters, source },
      ...(digest === undefined ? {} : { resolvedDependencies: [source] }),
    },
    runDetails: {
      builder: { id: input.builderId },
      metadata: { ...(invocationId === undefined ? {} : { invocationId }), startedOn, finishedOn },
    },
  };
  const statement = inTotoStatement({ subjects: input.artifacts, predicateType: PROVENANCE_TYPE, predicate });
  unwrap(parseProvenance(unwrap(parseStatement(statement)).predicate));
  return statement;
}
