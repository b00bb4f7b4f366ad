/**
 * The statement a publisher signs: an in-toto Statement v1 with SLSA provenance v1 about the parts of one release.
 * It only writes down what the build says of itself; that this is true is what the signer's identity stands for.
 */
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { PROVENANCE_TYPE, parseProvenance } from "../provenance.ts";
import { parseStatement, STATEMENT_TYPE } from "../statement.ts";

export interface ProvenanceInput {
  /** Code and manifest: both must be subjects, or devices refuse. */
  readonly artifacts: readonly { readonly name: string; readonly sha256: Sha256; readonly sha512?: string }[];
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
  const subject = input.artifacts.map(({ name, sha256, sha512 }) => ({
    name,
    digest: sha512 === undefined ? { sha256 } : { sha256, sha512 },
  }));
  const statement = utf8(canonicalJson({ _type: STATEMENT_TYPE, subject, predicateType: PROVENANCE_TYPE, predicate }));
  unwrap(parseProvenance(unwrap(parseStatement(statement)).predicate));
  return statement;
}
