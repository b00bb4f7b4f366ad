/**
 * The in-toto statement inside a verified envelope, and whether it speaks of these bytes. The library checks that
 * somebody signed the statement; that the statement is about *this* release is checked here and nowhere else.
 * Subject names are not compared: a digest says which bytes are meant, a name is only what the builder called them.
 */
import { assert } from "../runtime/kernel/assert.ts";
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { anything, array, type Infer, optional, record, string } from "../runtime/kernel/shape.ts";
import { BUNDLE_BYTES_MAX } from "./bundle.ts";
import { fault } from "./faults.ts";
import { parseStrictJson } from "./strict-json.ts";
import { tolerant } from "./tolerant.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const STATEMENT_TYPE_V01 = "https://in-toto.io/Statement/v0.1";

const SUBJECTS_MAX = 1024;
const DIGESTS_MAX = 32;

const digests = record(string({ min: 1, max: 64 }), string({ min: 1, max: 256 }), { max: DIGESTS_MAX });
const type = string({ min: 1, max: 200 });
const kindShape = tolerant({ _type: type });
const statementShape = tolerant({
  _type: type,
  subject: array(tolerant({ name: optional(string({ max: 1000 })), digest: digests }), { min: 1, max: SUBJECTS_MAX }),
  predicateType: string({ min: 1, max: 500 }),
  predicate: optional(anything),
});
export type Statement = Infer<typeof statementShape>;
export type Subject = Statement["subject"][number];

/** Bytes that the statement must speak of. A subject may name them by SHA-256, by SHA-512 (npm does) or by both. */
export interface Artifact {
  /** What a person calls it, e.g. `module.wasm`; for messages only. */
  readonly name: string;
  readonly sha256: Sha256;
  /** Lower-case hex; without it a subject with only a SHA-512 covers nothing. */
  readonly sha512?: string;
}

export function parseStatement(payload: Uint8Array): Result<Statement, Fault> {
  const parsed = parseStrictJson(statementShape, payload, "the statement", BUNDLE_BYTES_MAX);
  if (parsed.ok) return parsed;
  // A document of another kind, such as a link of in-toto before its attestations, is refused as what it is.
  const kind = parseStrictJson(kindShape, payload, "the statement", BUNDLE_BYTES_MAX);
  const typed = kind.ok ? checkStatementType(kind.value) : ok(undefined);
  if (!typed.ok) return typed;
  return err(fault("ATTEST_STATEMENT_INVALID", { reason: reasonOf(parsed.error) }, parsed.error));
}

/** Is it a statement at all, and not a document of another kind that somebody signed? */
export function checkStatementType({ _type: found }: Pick<Statement, "_type">): Result<undefined, Fault> {
  if (found === STATEMENT_TYPE || found === STATEMENT_TYPE_V01) return ok(undefined);
  return err(fault("ATTEST_STATEMENT_TYPE", { found, expected: STATEMENT_TYPE }));
}

/** THE subject check: every artifact must be among the subjects, by digest. */
export function checkSubjects(subjects: readonly Subject[], artifacts: readonly Artifact[]): Result<undefined, Fault> {
  assert(artifacts.length > 0, "a release has bytes to be judged");
  const missing = artifacts.filter((artifact) => !areAbout(subjects, artifact));
  if (missing.length === 0) return ok(undefined);
  const names = missing.map((one) => `${one.name} (sha256 ${one.sha256})`);
  return err(fault("ATTEST_SUBJECT_MISMATCH", { missing: names, subjects: subjects.length }));
}

/** One subject names it, and none agrees with it in one digest and differs in another: no bytes could have both. */
function areAbout(subjects: readonly Subject[], artifact: Artifact): boolean {
  const naming = subjects.map((one) => compared(one, artifact)).filter((pairs) => pairs.includes(true));
  return naming.length > 0 && naming.every((pairs) => !pairs.includes(false));
}

/** Of each digest that we can compare, whether it is the artifact's. */
function compared({ digest: { sha256, sha512 } }: Subject, artifact: Artifact): readonly boolean[] {
  return [
    [sha256, artifact.sha256],
    [sha512, artifact.sha512],
  ].flatMap(([said, actual]) => (said === undefined || actual === undefined ? [] : [said === actual]));
}
