/**
 * The statement around any predicate: an in-toto Statement v1 (attestation framework, spec/v1/statement.md) that says of
 * these files what the predicate says. Whether the predicate is true is what the signer stands for.
 */
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { anything } from "../../runtime/kernel/shape.ts";
import { BUNDLE_BYTES_MAX } from "../bundle.ts";
import { checkStatementType, parseStatement, STATEMENT_TYPE } from "../statement.ts";
import { parseStrictJson } from "../strict-json.ts";
import { fault } from "./faults.ts";

/** A file that the statement is about. */
export interface Subject {
  readonly name: string;
  readonly sha256: Sha256;
  /** Lower-case hex. */
  readonly sha512?: string;
}

export interface StatementInput {
  /** For a release: code and manifest, as devices look for both. */
  readonly subjects: readonly Subject[];
  /** A URI. */
  readonly predicateType: string;
  /** A JSON value. */
  readonly predicate: unknown;
}

/** What log entry, timestamps and certificate take at most beside the payload, in bytes. */
const MATERIAL_BYTES = 32_768;

/** The statement's bytes: the same for the same input. What no board would read is refused, as a thrown Fault. */
export function inTotoStatement({ subjects, predicateType, predicate }: StatementInput): Uint8Array {
  const subject = subjects.map(({ name, sha256, sha512 }) => ({
    name,
    digest: sha512 === undefined ? { sha256 } : { sha256, sha512 },
  }));
  const statement = utf8(canonicalJson({ _type: STATEMENT_TYPE, subject, predicateType, predicate }));
  checkSignable(statement);
  return statement;
}

/** A document that shall be a predicate: JSON that boards read, so without a name twice and not nested too deep. Throws. */
export function parsePredicate(bytes: Uint8Array, what: string): unknown {
  const parsed = parseStrictJson(anything, bytes, what, BUNDLE_BYTES_MAX);
  if (parsed.ok) return parsed.value;
  throw fault("ATTEST_SIGN_INPUT", { reason: reasonOf(parsed.error) }, parsed.error);
}

/** Whether a board would read the statement and the bundle around it. Throws the Fault with which it would not. */
export function checkSignable(statement: Uint8Array): void {
  const size = Math.ceil(statement.byteLength / 3) * 4 + MATERIAL_BYTES;
  if (size > BUNDLE_BYTES_MAX) {
    const most = Math.floor(((BUNDLE_BYTES_MAX - MATERIAL_BYTES) * 3) / 4);
    const reason = `the statement has ${statement.byteLength} bytes, and boards read evidence of at most ${most}`;
    throw fault("ATTEST_SIGN_INPUT", { reason });
  }
  unwrap(checkStatementType(unwrap(parseStatement(statement))));
}
