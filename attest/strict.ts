/**
 * What nobody signed in a bundle whose signatures hold: parts that the library passes over, which could be changed without
 * a signature failing. Each has one form here, or must agree with a signed part; what stays free is listed, with the
 * reason, beside the fuzzer that looks for it (test/fuzz/attest/equalities.ts).
 */
import type { SignedEntity } from "@sigstore/verify";
import { isPlainCertificate, isPlainTimestamp } from "./strict-der.ts";
import { unsignedInEntry } from "./strict-log.ts";

export interface Unsigned {
  readonly stage: "timestamps" | "certificate" | "log";
  readonly code: "ATTEST_TIMESTAMP" | "ATTEST_CERTIFICATE" | "ATTEST_LOG";
  readonly reason: string;
}

/** Only for what the library has verified. The first part found, or undefined. */
export function unsignedPart({ timestamps, key, tlogEntries }: SignedEntity): Unsigned | undefined {
  if (timestamps.some((one) => one.$case === "timestamp-authority" && !isPlainTimestamp(one.timestamp))) {
    const reason = "around what the authority signed stands something else than a response with one signer";
    return { stage: "timestamps", code: "ATTEST_TIMESTAMP", reason };
  }
  if (key.$case === "certificate" && !isPlainCertificate(key.certificate)) {
    const reason = "around what the authority signed stands something else than its algorithm and signature";
    return { stage: "certificate", code: "ATTEST_CERTIFICATE", reason };
  }
  for (const entry of tlogEntries) {
    const reason = unsignedInEntry(entry);
    if (reason !== undefined) return { stage: "log", code: "ATTEST_LOG", reason };
  }
  return undefined;
}
