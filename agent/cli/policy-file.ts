/** A policy as a file on a desk: read, parsed, looked through, each finding with its line and column. */
import { POLICY_BYTES_MAX, type Policy, parsePolicy } from "../../attest/index.ts";
import { type Finding, findContradictions, lintPolicy } from "../../attest/review/index.ts";
import { assert } from "../../runtime/kernel/assert.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { firstStranger, type Place, readPlaces } from "./json-places.ts";
import { cleanLine } from "./terminal-text.ts";

export interface Found extends Finding, Place {}

export interface Checked {
  /** Unless the parser refused it. */
  readonly policy?: Policy;
  /** By their places in the file. */
  readonly findings: readonly Found[];
}

/** `FILE:LINE:COLUMN: severity: path: sentence [rule]`; `paintWord` may colour the severity. */
export function sayFinding(found: Found, file: string, paintWord = (word: string): string => word): string {
  const { severity, rule, at, says, line, column } = found;
  const place = cleanLine(`${file}:${line}:${column}`);
  return `${place}: ${paintWord(severity)}: ${cleanLine(`${at === "" ? "" : `${at}: `}${says} [${rule}]`)}`;
}

/** Throws the parser's fault; for verbs that need a policy to do anything. */
export function readPolicy(path: string): Policy {
  return unwrap(parsePolicy(readFile(path, POLICY_BYTES_MAX)));
}

export function checkPolicy(bytes: Uint8Array, nowMs: number): Checked {
  const parsed = parsePolicy(bytes);
  const text = fromUtf8(bytes) ?? "";
  const document = readJson(text);
  const places = document === undefined ? undefined : readPlaces(text);
  const twice = (places?.repeated ?? []).map((at) => ({
    severity: "error" as const,
    rule: "key-twice",
    at,
    says: "this key is there twice in one object: boards refuse that, as a reader may see one and a program the other",
  }));
  if (places === undefined || (!parsed.ok && parsed.error.code !== "SHAPE_MISMATCH" && twice.length === 0)) {
    assert(!parsed.ok, "what is no JSON is no policy");
    return { findings: [{ ...refusal(parsed.error), ...syntaxPlace(parsed.error, text) }] };
  }
  const rest = parsed.ok ? lintPolicy(parsed.value, nowMs) : refusals(parsed.error, document);
  const findings = [...twice, ...rest]
    .map((one) => ({ ...one, ...places.find(one.at) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { ...(parsed.ok ? { policy: parsed.value } : {}), findings };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The parser's own refusal says what is wrong with it.
  }
}

/** What the parser refuses as a whole is named piece by piece. */
function refusals(fault: Fault, document: unknown): readonly Finding[] {
  if (fault.code !== "SHAPE_MISMATCH") return [];
  const pieces = fault.facts["at"] === "the document" ? findContradictions(document) : [];
  return pieces.length > 0 ? pieces : [refusal(fault)];
}

function refusal(fault: Fault): Finding {
  const { at, expected, found } = fault.facts;
  if (fault.code !== "SHAPE_MISMATCH") return { severity: "error", rule: fault.code, at: "", says: fault.message };
  const path = at === "the document" ? "" : String(at);
  return { severity: "error", rule: fault.code, at: path, says: `must be ${String(expected)}, found ${String(found)}` };
}

/** V8 says `(line 3 column 5)` for most mistakes. */
function syntaxPlace(fault: Fault, text: string): Place {
  const [, line, column] = /line (\d+) column (\d+)/.exec(fault.message) ?? [];
  return line === undefined ? firstStranger(text) : { line: Number(line), column: Number(column) };
}
