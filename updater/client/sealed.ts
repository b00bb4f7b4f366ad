/**
 * Small documents that know when they were damaged: the SHA-256 of the body as 64 hex digits, then the body, JSON.
 * Against a worn medium, not against a hand on the disk, which could write the digest too.
 */
import { equalBytes, utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "../../runtime/kernel/shape.ts";

const DIGEST_CHARS = 64;

export function sealed(document: unknown): Uint8Array {
  const body = JSON.stringify(document);
  return utf8(sha256(utf8(body)) + body);
}

/** The body, or SHAPE_NOT_JSON when its digest does not match. */
export function unsealed(bytes: Uint8Array, what: string): Result<Uint8Array> {
  const body = bytes.subarray(DIGEST_CHARS);
  const matches = equalBytes(utf8(sha256(body)), bytes.subarray(0, DIGEST_CHARS));
  return matches ? ok(body) : err(fault("SHAPE_NOT_JSON", { what, reason: "its digest does not match" }));
}
