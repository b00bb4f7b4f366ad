/**
 * The release's evidence file, put together: attestations from any files, one a line (in-toto attestation bundle,
 * spec/v1/bundle.md), in the order given. Sigstore bundles, DSSE envelopes, JSON Lines of both, and npm's answer about
 * a package's attestations are taken as they are. What every board would pass over is refused here.
 */
import { isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { concatBytes, fromBase64, fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { envelopeShape, preAuthEncoding } from "../../runtime/kernel/dsse.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { anything, array, parseShape } from "../../runtime/kernel/shape.ts";
import { bundleOf, isBareEnvelope, readAttestation, STATEMENT_PAYLOAD_TYPE, wrongPayloadType } from "../bundle.ts";
import { EVIDENCE_BYTES_MAX, ITEMS_MAX, splitEvidence } from "../container.ts";
import { hasCertificate } from "../evidence.ts";
import { fault as boardFault } from "../faults.ts";
import { checkStatementType, parseStatement } from "../statement.ts";
import { parseStrictJson } from "../strict-json.ts";
import { tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";

/** More than an evidence file may have: an answer of npm's holds two attestations, a file to be taken apart may be long. */
const FILE_BYTES_MAX = 8 * EVIDENCE_BYTES_MAX;

export interface EvidenceSource {
  /** As a person calls it: a path. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The bytes of each attestation in a file. Refuses with ATTEST_BUNDLE_INVALID or SHAPE_*. */
export function attestationsIn(bytes: Uint8Array): Result<readonly Uint8Array[], Fault> {
  const answer = npmAnswer(bytes);
  return answer === undefined ? splitEvidence(bytes) : ok(answer.map((one) => utf8(JSON.stringify(one))));
}

/** The evidence file's bytes. Refuses with ATTEST_MERGE, which names the file and the place in it. */
export function mergeEvidence(sources: readonly EvidenceSource[]): Result<Uint8Array, Fault> {
  const lines: Uint8Array[] = [];
  const seen = new Map<string, string>();
  for (const { name, bytes } of sources) {
    const parts = attestationsIn(bytes);
    if (!parts.ok) return refuse(name, reasonOf(parts.error), parts.error);
    for (const [index, part] of parts.value.entries()) {
      const what = parts.value.length === 1 ? name : `${name}, attestation ${index + 1},`;
      const key = signatureOf(part);
      if (!key.ok) return refuse(what, reasonOf(key.error), key.error);
      const before = seen.get(key.value);
      if (before !== undefined) return refuse(what, `it is the same signed statement as ${before}`);
      seen.set(key.value, what.replace(/,$/, ""));
      lines.push(onOneLine(part));
    }
  }
  if (lines.length === 0 || lines.length > ITEMS_MAX) {
    return refuse("this", `there are ${lines.length} attestations, from 1 to ${ITEMS_MAX} make a file`);
  }
  const file = concatBytes(...lines);
  if (file.byteLength <= EVIDENCE_BYTES_MAX) return ok(file);
  return refuse("all of this", `it has ${file.byteLength} bytes, boards read at most ${EVIDENCE_BYTES_MAX}`);
}

/** Whether boards find in this file what they read: refuses with ATTEST_MERGE what `mergeEvidence` would, or would change. */
export function checkEvidence(source: EvidenceSource): Result<undefined, Fault> {
  if (npmAnswer(source.bytes) !== undefined)
    return refuse(source.name, "it is npm's answer; boards read its bundles only");
  const merged = mergeEvidence([source]);
  return merged.ok ? ok(undefined) : merged;
}

/** What makes an attestation itself, whatever is wrapped around it: what was signed, and the signatures. */
function signatureOf(part: Uint8Array): Result<string, Fault> {
  const json = readAttestation(part);
  if (!json.ok) return json;
  const signed = isBareEnvelope(json.value) ? readEnvelope(json.value) : readBundle(json.value);
  if (!signed.ok) return signed;
  const { payload, signatures } = signed.value;
  const statement = parseStatement(payload);
  if (!statement.ok) return statement;
  const typed = checkStatementType(statement.value);
  if (!typed.ok) return typed;
  const sorted = signatures.map((one) => sha256(one)).sort();
  return ok(sha256(concatBytes(preAuthEncoding(STATEMENT_PAYLOAD_TYPE, payload), utf8(sorted.join()))));
}

interface Signed {
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

function readBundle(json: unknown): Result<Signed, Fault> {
  if (typeof json === "object" && json !== null && Object.hasOwn(json, "base64Signature")) {
    return invalid("it is a bundle of cosign's old form; have cosign write it with --new-bundle-format");
  }
  const bundle = bundleOf(json);
  if (!bundle.ok) return bundle;
  if (!isBundleWithDsseEnvelope(bundle.value)) return invalid("it signs bare bytes, not an in-toto statement");
  const wrong = wrongPayloadType(bundle.value);
  if (wrong !== undefined) return invalid(wrong);
  const { payload, signatures } = bundle.value.content.dsseEnvelope;
  return ok({ payload: new Uint8Array(payload), signatures: signatures.map((one) => one.sig) });
}

function readEnvelope(json: { readonly signatures: unknown }): Result<Signed, Fault> {
  if (hasCertificate(json)) {
    const reason = "it is a bare DSSE envelope signed by a certificate, without log entry and timestamp";
    return err(boardFault("ATTEST_NO_TIME", { reason }));
  }
  const envelope = parseShape(envelopeShape, json, "the envelope");
  if (!envelope.ok) return envelope;
  const { payloadType, payload, signatures } = envelope.value;
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) return invalid(`its payload type is ${payloadType}`);
  const [statement, ...signed] = [payload, ...signatures.map((one) => one.sig)].map(fromBase64);
  const bytes = signed.filter((one) => one !== undefined);
  if (statement !== undefined && bytes.length === signatures.length)
    return ok({ payload: statement, signatures: bytes });
  return invalid("its payload or a signature is not canonical base64");
}

/** What npm's registry says at /-/npm/v1/attestations/NAME@VERSION: bundles with their predicate types. */
function npmAnswer(bytes: Uint8Array): readonly object[] | undefined {
  const answer = parseStrictJson(
    tolerant({ attestations: array(anything, { max: 1_000 }) }),
    bytes,
    "",
    FILE_BYTES_MAX,
  );
  if (!answer.ok) return undefined;
  return answer.value.attestations.map((one) => {
    const bundle = typeof one === "object" && one !== null && "bundle" in one ? one.bundle : undefined;
    return typeof bundle === "object" && bundle !== null ? bundle : {};
  });
}

/** A document over several lines is written on one; any other stays as it is, byte for byte. */
function onOneLine(part: Uint8Array): Uint8Array {
  const text = (fromUtf8(part) ?? "").trim();
  return utf8(`${/[\r\n]/.test(text) ? JSON.stringify(JSON.parse(text)) : text}\n`);
}

function invalid(reason: string): Result<never, Fault> {
  return err(boardFault("ATTEST_BUNDLE_INVALID", { reason }));
}

function refuse(what: string, reason: string, cause?: unknown): Result<never, Fault> {
  return err(fault("ATTEST_MERGE", { what, reason }, cause));
}
