/**
 * Code that was prepared for a module before: compiled modules of this process, and bytes of the embedder's cache. The key
 * names everything the result depends on: tier and grade, the version of what prepares, the bytes as they were admitted.
 */
import type { CodeCache, GuestGrade, Tier } from "../engine.ts";
import type { PreparedCode } from "../guest-code.ts";
import { sha256 } from "../kernel/digest.ts";

/** Changes whenever the same module would be instrumented to other bytes. */
const VERSION = 2;
/** Compiled modules that are kept; the one used longest ago goes first. */
const KEPT = 16;

const compiled = new Map<string, PreparedCode>();

export function preparedKey(tier: Tier, { fuel, deterministic }: GuestGrade, bytes: Uint8Array): string {
  const grade = `${fuel === "none" ? "" : `-${fuel}`}${deterministic ? "-det" : ""}`;
  return `${tier}${grade}-${VERSION}-${sha256(bytes)}`;
}

export function findPrepared(key: string, cache: CodeCache | undefined): PreparedCode | undefined {
  const known = compiled.get(key);
  if (known !== undefined) {
    compiled.delete(key);
    compiled.set(key, known);
    return known;
  }
  const bytes = cache?.get(key);
  return bytes === undefined ? undefined : { bytes };
}

export function keepPrepared(key: string, prepared: PreparedCode, cache: CodeCache | undefined): void {
  const { bytes } = prepared;
  if (bytes !== undefined) cache?.put(key, bytes);
  compiled.set(key, prepared);
  for (const oldest of compiled.keys()) {
    if (compiled.size <= KEPT) break;
    compiled.delete(oldest);
  }
}
