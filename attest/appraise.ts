/**
 * The appraiser (RFC 9334's verifier): judges what a board says of itself against what it should be and against what it
 * said before. Pure: the caller keeps `remembered` and hands it in with the board's next word. Whatever is refused, the
 * reasons come in one order, and what had no reference value is listed as not examined, so that `verified` never
 * sounds like more than it is.
 */
import { assert } from "../runtime/kernel/assert.ts";
import { fromUtf8 } from "../runtime/kernel/bytes.ts";
import { canonicalJson } from "../runtime/kernel/canonical.ts";
import { sha256 } from "../runtime/kernel/digest.ts";
import { envelopeShape, verifyEnvelope } from "../runtime/kernel/dsse.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../runtime/kernel/result.ts";
import { parsePublicKey } from "../runtime/kernel/signer.ts";
import { type AppraisalReason, type Checkable, CONTENT, CONTINUITY, FRESHNESS, run } from "./appraise-checks.ts";
import { fault } from "./appraise-faults.ts";
import { STATEMENT_PAYLOAD_TYPE } from "./bundle.ts";
import type { Reference, Remembered } from "./reference.ts";
import {
  RUNTIME_BYTES_MAX,
  RUNTIME_TYPE,
  type RuntimeStatement,
  runtimeStatementShape,
  subjectsOf,
} from "./runtime-statement.ts";
import { parseStatement } from "./statement.ts";
import { parseStrictJson } from "./strict-json.ts";
import { checkQuote, type Quoted } from "./tpm/quote.ts";

export interface AppraisalInput {
  /** The bytes of `up/att`; undefined where there are none. */
  readonly envelope: Uint8Array | undefined;
  readonly reference: Reference;
  /** What the last appraisal of this board returned. */
  readonly before: Remembered | undefined;
  /** Set when the board was asked: then the answer must carry it. */
  readonly nonce?: string | undefined;
  readonly nowMs: number;
}

export type AppraisalStatus =
  | "verified" // genuine, continuous with what was said before, fresh, and as the reference values have it
  | "stale" // the same, but too old or seen before
  | "mismatch" // genuine, but not what it should be
  | "unattested"; // nothing genuine was said

export interface Appraisal {
  readonly status: AppraisalStatus;
  readonly reasons: readonly AppraisalReason[];
  /** What the board said, where it is genuine. */
  readonly statement?: RuntimeStatement;
  /** For the next appraisal: moves on only with a statement that is genuine and continues what was said before. */
  readonly remembered?: Remembered;
}

const WHAT = "the attestation";

/** `before` must be of the same board. */
export function appraise(input: AppraisalInput): Appraisal {
  const { reference, before } = input;
  const { tenant, device } = reference;
  assert(before === undefined || (before.device === device && before.tenant === tenant), "one board's memory");
  const keep = before === undefined ? {} : { remembered: before };
  const genuine = readGenuine(input);
  if (!genuine.ok) {
    const { check, why } = genuine.error;
    return { status: "unattested", reasons: [refusal(check, why)], ...keep };
  }
  const { statement, digest } = genuine.value;
  const quoted = reference.tpm === undefined ? undefined : checkQuote(statement, reference.tpm);
  const checkable: Checkable = { ...input, statement, digest, quoted };
  const continuity = run(CONTINUITY, checkable);
  const freshness = run(FRESHNESS, checkable);
  const reasons = [
    { check: "signature", outcome: "passed", text: "the board's key signed this", facts: { digest } } as const,
    ...continuity,
    ...freshness,
    ...run(CONTENT, checkable),
  ];
  const isContinuous = continuity.every(({ outcome }) => outcome !== "refused");
  const chip = reasons.some(({ check, outcome }) => check === "quote" && outcome === "passed") ? quoted : undefined;
  const tpm = chip?.ok === true ? countsOf(chip.value) : before?.tpm;
  return {
    status: statusOf(reasons),
    reasons,
    statement,
    ...(isContinuous ? { remembered: rememberedOf(statement, digest, tpm) } : keep),
  };
}

function countsOf({ key, resets, restarts }: Quoted): Remembered["tpm"] {
  return { key, resets, restarts };
}

const STALE: ReadonlySet<string | undefined> = new Set(["APPRAISE_STALE", "APPRAISE_REPLAYED"]);

function statusOf(reasons: readonly AppraisalReason[]): AppraisalStatus {
  const refused = reasons.filter(({ outcome }) => outcome === "refused");
  if (refused.length === 0) return "verified";
  return refused.every(({ code }) => STALE.has(code)) ? "stale" : "mismatch";
}

interface Genuine {
  readonly statement: RuntimeStatement;
  readonly digest: Remembered["digest"];
}

/** From bytes to a statement that a key of this board signed, in the only encoding that it has. */
function readGenuine({
  envelope: bytes,
  reference,
}: AppraisalInput): Result<Genuine, { readonly check: "envelope" | "signature" | "statement"; readonly why: Fault }> {
  const { device } = reference;
  if (bytes === undefined || bytes.byteLength === 0) {
    return err({ check: "envelope", why: fault("APPRAISE_NOTHING", { device }) });
  }
  const unreadable = (cause: Fault) =>
    err({ check: "envelope", why: fault("APPRAISE_ENVELOPE", { reason: reasonOf(cause) }, cause) } as const);
  const envelope = parseStrictJson(envelopeShape, bytes, WHAT, RUNTIME_BYTES_MAX);
  if (!envelope.ok) return unreadable(envelope.error);
  const keys = reference.keys.map((pem) => unwrap(parsePublicKey(pem)));
  const rules = { what: WHAT, payloadType: STATEMENT_PAYLOAD_TYPE, keys, threshold: 1 };
  const verified = verifyEnvelope(envelope.value, rules);
  if (!verified.ok) {
    if (verified.error.code !== "DSSE_UNSIGNED") return unreadable(verified.error);
    const facts = { device, reason: reasonOf(verified.error) };
    return err({ check: "signature", why: fault("APPRAISE_SIGNATURE", facts, verified.error) });
  }
  const { payload } = verified.value;
  const statement = readStatement(payload);
  if (!statement.ok) return err({ check: "statement", why: statement.error });
  return ok({ statement: statement.value, digest: sha256(payload) });
}

function readStatement(payload: Uint8Array): Result<RuntimeStatement, Fault> {
  const refused = (reason: string, cause?: Fault) => err(fault("APPRAISE_STATEMENT", { reason }, cause));
  const any = parseStatement(payload);
  if (!any.ok) return refused(reasonOf(any.error), any.error);
  const { predicateType: found } = any.value;
  if (found !== RUNTIME_TYPE) return err(fault("APPRAISE_PREDICATE_TYPE", { found, expected: RUNTIME_TYPE }));
  const parsed = parseStrictJson(runtimeStatementShape, payload, WHAT, RUNTIME_BYTES_MAX);
  if (!parsed.ok) return refused(reasonOf(parsed.error), parsed.error);
  if (canonicalJson(parsed.value) !== fromUtf8(payload)) return refused("it is not in canonical JSON");
  const { subject, predicate } = parsed.value;
  const expected = subjectsOf(predicate);
  if (canonicalJson(subject) !== canonicalJson(expected)) {
    const reason = `${subject.length} named, ${expected.length} follow from the predicate`;
    return err(fault("APPRAISE_SUBJECTS", { reason }));
  }
  return parsed;
}

function rememberedOf(
  { predicate }: RuntimeStatement,
  digest: Remembered["digest"],
  tpm: Remembered["tpm"],
): Remembered {
  const { tenant, device, counter, boot, timeMs, timeFloorMs, policy, metadata } = predicate;
  return {
    schema: "sallyport.appraised/1",
    ...{ tenant, device, counter, digest, boot, timeMs, timeFloorMs },
    ...(policy === undefined ? {} : { policy }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tpm === undefined ? {} : { tpm }),
  };
}

function refusal(check: AppraisalReason["check"], why: Fault): AppraisalReason {
  return { check, outcome: "refused", code: why.code, text: why.message, facts: why.facts };
}
