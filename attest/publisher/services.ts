/**
 * The services that witness a signature: a transparency log (Rekor, API version 1 or 2) and a timestamp authority
 * (RFC 3161). Their clients are the library's, except for a version 2 log and a bare key: for that one the library
 * always says that the key is a certificate (RekorWitness, 5.1.0).
 */
import { InternalError, RekorWitness, TSAWitness, type Witness } from "@sigstore/sign";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "./faults.ts";
import { keyWitness } from "./key-log.ts";

export interface Services {
  readonly rekorUrl?: string;
  /** Version 2 logs sign no time, so a certificate's signature needs `tsaUrl` too. Default 1. */
  readonly rekorVersion?: 1 | 2;
  readonly tsaUrl?: string;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 2;

/** For the library's clients. */
export const FETCHING = { timeout: TIMEOUT_MS, retry: RETRIES };

/** Which witnesses are asked, the log first. Throws a Fault ATTEST_SIGN_INPUT for an address that is none. */
export function witnessesOf(
  { rekorUrl, rekorVersion = 1, tsaUrl }: Services,
  signer: "certificate" | "key",
): Witness[] {
  const witnesses: Witness[] = [];
  if (rekorUrl !== undefined) {
    const rekorBaseURL = serviceUrl("rekorUrl", rekorUrl);
    const isOurs = rekorVersion === 2 && signer === "key";
    witnesses.push(
      isOurs
        ? keyWitness(rekorBaseURL, TIMEOUT_MS)
        : new RekorWitness({ rekorBaseURL, majorApiVersion: rekorVersion, ...FETCHING }),
    );
  }
  if (tsaUrl !== undefined) witnesses.push(new TSAWitness({ tsaBaseURL: serviceUrl("tsaUrl", tsaUrl), ...FETCHING }));
  return witnesses;
}

/** The clients append their paths to it, so a final slash goes. */
export function serviceUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return text.replace(/\/+$/, "");
  throw fault("ATTEST_SIGN_INPUT", { reason: `${name} is not an http(s) URL` });
}

/** Which service failed, with the cause kept. */
export function signFault(
  error: unknown,
  { fulcioUrl = "", rekorUrl = "", tsaUrl = "" }: Services & { fulcioUrl?: string },
): Fault {
  if (error instanceof Fault) return error; // A signer of ours has said what is wrong.
  const reason = reasonOf(error);
  if (!(error instanceof InternalError)) return fault("ATTEST_SIGN_FAILED", { reason }, error);
  switch (error.code) {
    case "CA_CREATE_SIGNING_CERTIFICATE_ERROR":
      return fault("ATTEST_SIGN_CERTIFICATE", { url: fulcioUrl, reason }, error);
    case "TLOG_CREATE_ENTRY_ERROR":
    case "TLOG_FETCH_ENTRY_ERROR":
      return fault("ATTEST_SIGN_LOG", { url: rekorUrl, reason }, error);
    case "TSA_CREATE_TIMESTAMP_ERROR":
      return fault("ATTEST_SIGN_TIMESTAMP", { url: tsaUrl, reason }, error);
    case "IDENTITY_TOKEN_PARSE_ERROR":
    case "IDENTITY_TOKEN_READ_ERROR":
      // The library's message quotes the token; only what lies beneath is kept.
      return fault("ATTEST_SIGN_TOKEN", { reason: reasonOf(error.cause) }, error.cause);
  }
}
