/**
 * Does the board's TPM vouch for this very statement? The quote must be signed by the recorded attestation key, made by
 * the TPM itself, over the statement it came in, and over registers whose values the statement lists.
 */
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { concatBytes, fromBase64, hex } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { fault } from "../appraise-faults.ts";
import type { Reference } from "../reference.ts";
import { type QuoteClaim, quotedDigest, type RuntimeStatement } from "../runtime-statement.ts";
import { parseAttestationKey } from "./attestation-key.ts";
import { type QuoteStructure, readQuote } from "./quote-structure.ts";

/** What a quote that holds says, and the id of the attestation key that signed it. */
export interface Quoted extends QuoteStructure {
  readonly key: Sha256;
}

export function checkQuote(
  statement: RuntimeStatement,
  expected: NonNullable<Reference["tpm"]>,
): Result<Quoted, Fault> {
  const refused = (reason: string) => err(fault("APPRAISE_QUOTE", { reason }));
  const claim = statement.predicate.claims.find((one): one is QuoteClaim => one.kind === "tpm-quote");
  if (claim === undefined) return refused("there is no quote");
  const key = unwrap(parseAttestationKey(expected.key));
  if (claim.key !== key.keyId) return refused(`it is quoted by the key ${claim.key}, expected ${key.keyId}`);
  const attested = fromBase64(claim.attested);
  const signature = fromBase64(claim.signature);
  if (attested === undefined || signature === undefined) return refused("the quote is not canonical base64");
  if (!key.verify(attested, signature)) return refused("its signature does not hold");
  const quote = readQuote(attested);
  if (quote === undefined) return refused("what is signed is no quote of the SHA-256 bank made by a TPM");
  if (hex(quote.extraData) !== quotedDigest(statement)) return refused("it is over another statement");
  const measured = measurements(claim, quote);
  if (measured === undefined) return refused("the quoted registers are not those that the statement lists");
  if (hex(quote.pcrDigest) !== measured) return refused("the listed measurements are not those that were quoted");
  for (const [register, value] of Object.entries(expected.pcrs ?? {})) {
    const found = claim.pcrs[register];
    if (found !== value) return refused(`register ${register} is ${found ?? "not quoted"}, expected ${value}`);
  }
  return ok({ ...quote, key: key.keyId });
}

/** The digest over the listed values in the order of the quote; undefined unless both name the same registers. */
function measurements({ pcrs }: QuoteClaim, { registers }: QuoteStructure): Sha256 | undefined {
  const values = registers.map((register) => pcrs[String(register)]).filter((one) => one !== undefined);
  if (values.length !== registers.length || Object.keys(pcrs).length !== registers.length) return undefined;
  return sha256(concatBytes(...values.map((value) => Buffer.from(value, "hex"))));
}
