/**
 * The statement that a verifier signs: a SLSA verification summary v1 about the files of one release. A board makes one
 * for each release it admits, and a publisher one for what was judged centrally; either way a next reader can rely on the
 * judgement without repeating it. Pure: times and digests are the caller's.
 */
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { utf8 } from "../runtime/kernel/bytes.ts";
import { canonicalJson } from "../runtime/kernel/canonical.ts";
import { unwrap } from "../runtime/kernel/result.ts";
import { parseVsa, RESOURCE, resourceOf, VSA_TYPE } from "./predicate/vsa.ts";
import { parseStatement, STATEMENT_TYPE } from "./statement.ts";

export interface VsaInput {
  /** What the release consists of; all of them become subjects. */
  readonly artifacts: readonly { readonly name: string; readonly sha256: Sha256; readonly sha512?: string }[];
  readonly verifier: { readonly id: string; readonly version?: Readonly<Record<string, string>> };
  readonly verifiedMs: number;
  readonly resourceUri: string;
  readonly policy: { readonly uri: string; readonly sha256?: Sha256 };
  /** All the attestations that were used, or none if that is not to be said. */
  readonly inputs?: readonly { readonly uri?: string; readonly sha256: Sha256 }[];
  readonly result: "PASSED" | "FAILED";
  /** E.g. `SLSA_BUILD_LEVEL_3`; one of each track. */
  readonly levels: readonly string[];
}

/** The `resourceUri` that a board expects unless its policy names another. */
export function moduleResource(module: {
  readonly team: string;
  readonly name: string;
  readonly version: string;
}): string {
  return resourceOf(RESOURCE, module);
}

/** The statement's bytes, canonical. What our own reader would refuse is refused here, as a thrown Fault. */
export function vsaStatement(input: VsaInput): Uint8Array {
  const { verifier, verifiedMs, resourceUri, policy, inputs, result, levels } = input;
  const predicate = {
    verifier: { id: verifier.id, ...(verifier.version === undefined ? {} : { version: verifier.version }) },
    timeVerified: new Date(verifiedMs).toISOString(),
    resourceUri,
    policy: { uri: policy.uri, ...(policy.sha256 === undefined ? {} : { digest: { sha256: policy.sha256 } }) },
    ...(inputs === undefined ? {} : { inputAttestations: inputs.map(describe) }),
    verificationResult: result,
    verifiedLevels: levels,
    slsaVersion: "1.1",
  };
  const subject = input.artifacts.map(({ name, sha256, sha512 }) => ({
    name,
    digest: sha512 === undefined ? { sha256 } : { sha256, sha512 },
  }));
  const statement = utf8(canonicalJson({ _type: STATEMENT_TYPE, subject, predicateType: VSA_TYPE, predicate }));
  unwrap(parseVsa(unwrap(parseStatement(statement)).predicate));
  return statement;
}

function describe({ uri, sha256 }: { readonly uri?: string; readonly sha256: Sha256 }) {
  return { ...(uri === undefined ? {} : { uri }), digest: { sha256 } };
}
