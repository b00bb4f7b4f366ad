/**
 * Our own first look at a metadata file, before the library parses it: strict UTF-8 and JSON, bounded in depth and in
 * entries, and the few fields of which we judge and report ourselves. Nothing here is trusted: signatures come later.
 */
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "../faults.ts";
import { DEVICE_FIELD } from "../layout.ts";
import { sallyport } from "./profile.ts";

export type RepositoryName = "image" | "director";

/** Which file of which repository: the facts of every refusal. */
export interface Place {
  readonly repository: RepositoryName;
  readonly role: string;
}

export interface Header {
  readonly version: number;
  readonly expires: string;
  /** Whatever stands in the device field, if anything. */
  readonly device: unknown;
}

const DEPTH_MAX = 25;
const SIGNATURES_MAX = 32;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Throws UPDATE_METADATA_INVALID. */
export function readHeader(bytes: Uint8Array, place: Place, entriesMax: number = sallyport.entriesMax): Header {
  const invalid = (reason: string, cause?: unknown) =>
    fault("UPDATE_METADATA_INVALID", { ...place, reason }, cause ?? undefined);
  const text = fromUtf8(bytes);
  if (text === undefined) throw invalid("not UTF-8");
  // Before the parser, which takes a second for two megabytes of brackets.
  if (nestsDeeper(text, DEPTH_MAX)) throw invalid(`nested deeper than ${DEPTH_MAX}`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(`not JSON: ${reasonOf(error)}`, error);
  }
  const unbounded = findUnbounded(document, entriesMax);
  if (unbounded !== undefined) throw invalid(unbounded);
  const signed = field(document, "signed");
  const signatures = field(document, "signatures");
  if (!Array.isArray(signatures)) throw invalid("it has no signatures");
  if (signatures.length > SIGNATURES_MAX) throw invalid(`more than ${SIGNATURES_MAX} signatures`);
  const version = field(signed, "version");
  const expires = field(signed, "expires");
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) throw invalid("version is none");
  if (typeof expires !== "string" || !TIME.test(expires) || Number.isNaN(Date.parse(expires))) {
    throw invalid("expires is not an ISO 8601 time");
  }
  return { version, expires, device: field(signed, DEVICE_FIELD) };
}

/** The versions that a timestamp or snapshot gives, by file name; of bytes that `readHeader` has accepted. */
export function namedVersions(bytes: Uint8Array): ReadonlyMap<string, number> {
  const meta = field(field(JSON.parse(fromUtf8(bytes) ?? "null"), "signed"), "meta") ?? {};
  return new Map(
    Object.entries(meta).flatMap(([name, one]) => {
      const version = field(one, "version");
      return typeof version === "number" ? [[name, version] as const] : [];
    }),
  );
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether lists and objects stand in one another more than `max` times; brackets in texts do not count. */
function nestsDeeper(text: string, max: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inText = !inText;
    else if (inText) at += code === BACKSLASH ? 1 : 0;
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** As deep as `nestsDeeper` let it be. */
function findUnbounded(value: unknown, entriesMax: number): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (entries.length > entriesMax) return `a list of more than ${entriesMax} entries`;
  for (const [name, one] of entries) {
    if (name === "__proto__") return "a field named __proto__";
    const found = findUnbounded(one, entriesMax);
    if (found !== undefined) return found;
  }
  return undefined;
}
