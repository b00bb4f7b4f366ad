/**
 * The library's refusals under our names: the class comes from its error types and never from a message. What needs the
 * versions involved to be named (rollback, mix-and-match by version) is told apart in trust.ts, where they are at hand.
 */
import { LengthOrHashMismatchError, UnsignedMetadataError } from "@tufjs/models/dist/error.js";
import { RepositoryError } from "tuf-js/dist/error.js";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "../faults.ts";
import type { Place } from "./header.ts";

/** Whether the signatures held when the store refused: this class of its errors compares versions and expiry. */
export function isSigned(error: unknown): boolean {
  return error instanceof RepositoryError;
}

/** The store's refusals that mean the same wherever they come from. */
export function classify(error: unknown, place: Place): Fault {
  if (error instanceof UnsignedMetadataError) return fault("UPDATE_SIGNATURE", { ...place }, error);
  if (error instanceof LengthOrHashMismatchError) {
    return fault("UPDATE_MIX_AND_MATCH", { ...place, what: reasonOf(error) }, error);
  }
  return fault("UPDATE_METADATA_INVALID", { ...place, reason: reasonOf(error) }, error);
}
