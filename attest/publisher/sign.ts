/**
 * Keyless signing: a fresh key, a short-lived certificate for an OpenID Connect identity, an entry in a transparency
 * log, a timestamp. The identity token is the caller's business; it is a secret for as long as it is valid, so it never
 * enters a message. Signing with a key of one's own and interactive login are left out.
 */
import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, FulcioSigner, InternalError, RekorWitness, TSAWitness, type Witness } from "@sigstore/sign";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { STATEMENT_PAYLOAD_TYPE } from "../bundle.ts";
import { fault } from "../faults.ts";
import { parseStatement } from "../statement.ts";

export interface SignOptions {
  /** A JWT for Fulcio, audience `sigstore`. */
  readonly identityToken: string;
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  /** Version 2 logs sign no time, so they need `tsaUrl`. Default 1. */
  readonly rekorVersion?: 1 | 2;
  readonly tsaUrl?: string;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 2;

/** The bundle's bytes (version 0.3). Throws a Fault ATTEST_SIGN_* with the cause kept. */
export async function signKeyless(statement: Uint8Array, options: SignOptions): Promise<Uint8Array> {
  const fulcioBaseURL = serviceUrl("fulcioUrl", options.fulcioUrl);
  const rekorBaseURL = serviceUrl("rekorUrl", options.rekorUrl);
  const tsaBaseURL = options.tsaUrl === undefined ? undefined : serviceUrl("tsaUrl", options.tsaUrl);
  if (options.rekorVersion === 2 && tsaBaseURL === undefined) {
    throw fault("ATTEST_SIGN_INPUT", { reason: "a version 2 log signs no time: tsaUrl is needed" });
  }
  checkToken(options.identityToken);
  unwrap(parseStatement(statement));

  const fetching = { timeout: TIMEOUT_MS, retry: RETRIES };
  const identityProvider = { getToken: () => Promise.resolve(options.identityToken) };
  const witnesses: Witness[] = [
    new RekorWitness({ rekorBaseURL, majorApiVersion: options.rekorVersion ?? 1, ...fetching }),
    ...(tsaBaseURL === undefined ? [] : [new TSAWitness({ tsaBaseURL, ...fetching })]),
  ];
  const builder = new DSSEBundleBuilder({
    signer: new FulcioSigner({ fulcioBaseURL, identityProvider, ...fetching }),
    witnesses,
  });
  try {
    const bundle = await builder.create({ data: Buffer.from(statement), type: STATEMENT_PAYLOAD_TYPE });
    return utf8(JSON.stringify(bundleToJSON(bundle)));
  } catch (error) {
    throw signFault(error, options);
  }
}

function signFault(error: unknown, { fulcioUrl, rekorUrl, tsaUrl = "" }: SignOptions): Fault {
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

/** Looked at before anything is sent: the same conditions the library has, said without quoting the token. */
function checkToken(token: string): void {
  const claims = claimsOf(token);
  if (claims === undefined) throw fault("ATTEST_SIGN_TOKEN", { reason: "it is not a JWT" });
  const { sub, email, email_verified } = claims;
  if (email !== undefined && email_verified !== true) {
    throw fault("ATTEST_SIGN_TOKEN", { reason: "its issuer did not verify the e-mail address" });
  }
  if (email === undefined && typeof sub !== "string") {
    throw fault("ATTEST_SIGN_TOKEN", { reason: "it has no subject" });
  }
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, body, signature] = token.split(".");
  if (body === undefined || signature === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(fromUtf8(Buffer.from(body, "base64url")) ?? "");
    return typeof claims === "object" && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined; // Whatever JSON.parse says would quote the token.
  }
}

/** The clients append their paths to it, so a final slash goes. */
function serviceUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return text.replace(/\/+$/, "");
  throw fault("ATTEST_SIGN_INPUT", { reason: `${name} is not an http(s) URL` });
}
