/**
 * The code of a guest: compiled modules that this process has, bytes of the embedder's cache, and what has to be prepared.
 * The key names everything the result depends on: tier and grade, the version of what prepares, the bytes as they were
 * admitted. Everything here goes on beside the start of the guest's thread.
 */
import type { CodeCache, GuestGrade, Tier } from "../engine.ts";
import { validateFault } from "../faults.ts";
import type { PreparedCode } from "../guest-code.ts";
import { sha256 } from "../kernel/digest.ts";
import { type Fault, reasonOf } from "../kernel/fault.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { HANDED_OVER, type Preparer } from "./preparer.ts";

/** Changes whenever the same module would be instrumented to other bytes. */
const VERSION = 3;
/** Compiled modules that are kept; the one used longest ago goes first. */
const KEPT = 16;

const compiled = new Map<string, WebAssembly.Module>();

function keyOf(tier: Tier, { fuel, deterministic }: GuestGrade, bytes: Uint8Array): string {
  const grade = `${fuel === "none" ? "" : `-${fuel}`}${deterministic ? "-det" : ""}`;
  return `${tier}${grade}-${VERSION}-${sha256(bytes)}`;
}

export interface CodeWanted {
  readonly tier: Tier;
  readonly grade: GuestGrade;
  /** As admitted: limits are clamped. */
  readonly wasm: Uint8Array;
  readonly cache: CodeCache | undefined;
}

/** What needs no preparing: a compiled module of this process, or bytes that were prepared before. */
export type AtHand = { readonly known: WebAssembly.Module } | { readonly bytes: Uint8Array };

export function codeAtHand({ tier, grade, wasm, cache }: CodeWanted): AtHand | undefined {
  if (tier === "interpreter") return undefined;
  const key = keyOf(tier, grade, wasm);
  const known = compiled.get(key);
  if (known !== undefined) return { known };
  const bytes = tier === "v8" ? undefined : cache?.get(key);
  return bytes === undefined ? undefined : { bytes };
}

/**
 * What the guest's thread instantiates; undefined for a tier that makes its code there. The Fault of whoever refuses the
 * module: see `Preparer`; VALIDATE_SECOND_OPINION from the host's compiler.
 */
export async function codeFor(
  wanted: CodeWanted,
  preparer: Preparer,
  atHand = codeAtHand(wanted),
): Promise<Result<PreparedCode | undefined, Fault>> {
  const { tier, grade, wasm, cache } = wanted;
  if (tier === "interpreter") return ok(undefined);
  const key = keyOf(tier, grade, wasm);
  if (atHand !== undefined && "known" in atHand) return ok(keep(key, atHand.known));
  if (tier === "v8") {
    if (wasm.length > HANDED_OVER) return ok({ bytes: wasm });
    const result = await compile(wasm);
    return result.ok ? ok(keep(key, result.value)) : result;
  }
  if (atHand !== undefined) {
    if (atHand.bytes.length > HANDED_OVER) return ok(atHand);
    // Refused bytes are of another version of the host: they are made again.
    const result = await compile(atHand.bytes);
    if (result.ok) return ok(keep(key, result.value));
  }
  const prepared = await preparer.prepare(wasm, { grade, carry: tier === "auto" });
  if (!prepared.ok) return prepared;
  const { bytes: kept } = prepared.value;
  // Writing may wait for a disk: the guest goes first.
  if (cache !== undefined) setImmediate(() => cache.put(key, kept));
  const { compiled: made } = prepared.value;
  return ok(made === undefined ? { bytes: kept } : keep(key, made));
}

/** By the host's compiler threads: this one goes on meanwhile. */
async function compile(bytes: Uint8Array): Promise<Result<WebAssembly.Module, Fault>> {
  try {
    return ok(await WebAssembly.compile(bytes));
  } catch (error) {
    return err(validateFault("VALIDATE_SECOND_OPINION", { reason: reasonOf(error) }, error));
  }
}

function keep(key: string, module: WebAssembly.Module): PreparedCode {
  compiled.delete(key);
  compiled.set(key, module);
  for (const oldest of compiled.keys()) {
    if (compiled.size <= KEPT) break;
    compiled.delete(oldest);
  }
  return { compiled: module };
}
