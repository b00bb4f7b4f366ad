/**
 * AWS Signature Version 4 for single requests to an S3 store: a pure function from account, request and time to the
 * headers that authorise it. The body's hash is signed along.
 */
import { createHash, createHmac } from "node:crypto";

export interface S3Account {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For temporary credentials. */
  readonly sessionToken?: string;
}

export interface S3Request {
  readonly method: string;
  readonly url: URL;
  readonly body: Uint8Array;
  /** When it is sent, ms. */
  readonly at: number;
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Uint8Array, data: string) => createHmac("sha256", key).update(data).digest();

/** The headers to send, `authorization` among them. Signed are host, date, content hash and session token. */
export function signS3(account: S3Account, { method, url, body, at }: S3Request): Record<string, string> {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${account.region}/s3/aws4_request`;
  const own: Record<string, string> = {
    "x-amz-content-sha256": sha256(body),
    "x-amz-date": time,
    ...(account.sessionToken === undefined ? {} : { "x-amz-security-token": account.sessionToken }),
  };
  const signed = Object.entries({ host: url.host, ...own }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const request = [
    method,
    url.pathname.split("/").map(canonicalPart).join("/"),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    own["x-amz-content-sha256"],
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${account.secretAccessKey}`, day), account.region), "s3"), "aws4_request");
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const credential = `Credential=${account.accessKeyId}/${scope}`;
  return { ...own, authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}` };
}

/** A path component as the signature has it: everything but unreserved characters in upper-case percent form. */
function canonicalPart(part: string): string {
  return encoded(decodeURIComponent(part));
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
