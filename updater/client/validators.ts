/**
 * What a server said last about a file that changes under its name: the validator (RFC 9110 section 8.8) and the digest
 * of the bytes that came with it. A validator is only ever sent for exactly these bytes, and "not modified" only ever
 * means them; they are verified again by whoever asked. Lives as long as the process: a start costs one full answer.
 */
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { Head } from "./exchange.ts";

export interface Validators {
  /** The header of a conditional request for a file of which the caller holds these bytes; empty if none is known. */
  condition(name: string, held: Uint8Array | undefined): Readonly<Record<string, string>>;
  remember(name: string, head: Head, bytes: Uint8Array): void;
}

interface Known {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  readonly digest: string;
}

const NAMES_MAX = 16;
/** RFC 9110 section 8.8.3, with a bound. */
const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/;
const DATE = /^[A-Za-z]{3}, \d\d [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/;

export function createValidators(): Validators {
  const known = new Map<string, Known>();
  return {
    condition(name, held) {
      const one = known.get(name);
      if (one === undefined || held === undefined || sha256(held) !== one.digest) return {};
      if (one.etag !== undefined) return { "if-none-match": one.etag };
      return one.modified === undefined ? {} : { "if-modified-since": one.modified };
    },
    remember(name, head, bytes) {
      known.delete(name);
      const etag = etagOf(head);
      const date = head.header("last-modified") ?? "";
      const modified = DATE.test(date) ? date : undefined;
      if (etag === undefined && modified === undefined) return;
      const [oldest] = known.keys();
      if (known.size >= NAMES_MAX && oldest !== undefined) known.delete(oldest);
      known.set(name, { etag, modified, digest: sha256(bytes) });
    },
  };
}

/** The entity tag of an answer, if it has one that can be sent back. */
export function etagOf(head: Head): string | undefined {
  const etag = head.header("etag") ?? "";
  return ETAG.test(etag) ? etag : undefined;
}
