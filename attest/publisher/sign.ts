/**
 * Keyless signing: a fresh key, a short-lived certificate for an OpenID Connect identity, an entry in a transparency
 * log, a timestamp. The identity token is the caller's business; it is a secret for as long as it is valid, so it never
 * enters a message. Interactive login is left out; keys of one's own are in managed.ts.
 */
import { FulcioSigner } from "@sigstore/sign";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { bundleOf, type Progress } from "./builder.ts";
import { fault } from "./faults.ts";
import { FETCHING, type Services, serviceUrl, witnessesOf } from "./services.ts";
import { checkSignable } from "./statement.ts";

export interface SignOptions extends Services {
  /** A JWT for Fulcio, audience `sigstore`. */
  readonly identityToken: string;
  readonly fulcioUrl: string;
  /** Without a log entry no board accepts a certificate. */
  readonly rekorUrl: string;
  readonly onProgress?: Progress;
}

/** The bundle's bytes (version 0.3). Throws a Fault ATTEST_SIGN_* with the cause kept. */
export async function signKeyless(statement: Uint8Array, options: SignOptions): Promise<Uint8Array> {
  const fulcioBaseURL = serviceUrl("fulcioUrl", options.fulcioUrl);
  const witnesses = witnessesOf(options, "certificate");
  if (options.rekorVersion === 2 && options.tsaUrl === undefined) {
    throw fault("ATTEST_SIGN_INPUT", { reason: "a version 2 log signs no time: tsaUrl is needed" });
  }
  checkToken(options.identityToken);
  checkSignable(statement);
  const identityProvider = { getToken: () => Promise.resolve(options.identityToken) };
  const signer = new FulcioSigner({ fulcioBaseURL, identityProvider, ...FETCHING });
  return bundleOf(statement, { signer, witnesses }, options);
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
