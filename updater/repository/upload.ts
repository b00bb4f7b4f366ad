/**
 * Places for a verified copy that lie behind HTTP: any server that takes PUT, and stores that speak the S3 API. One
 * request at a time, in the order in which the copy comes, so that whoever reads meanwhile sees the old state or the
 * new one; a request that fails for a passing reason is repeated, a refusal ends the upload.
 */
import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { shown } from "../client/proxy.ts";
import type { CopyPlace } from "./copy.ts";
import { fault } from "./faults.ts";
import { type S3Account, signS3 } from "./s3-signature.ts";

export interface UploadPlace extends CopyPlace {
  close(): void;
}

export interface UploadOptions {
  /** Where the copy's base is: an http or https URL. */
  readonly base: string;
  /** Sent with every request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs each request for an S3 store. */
  readonly s3?: S3Account;
  now(): number;
}

const ATTEMPTS = 4;
const RETRY_MS = 500;
const TIMEOUT_MS = 120_000;

/** Throws REPO_UPLOAD for an address that is neither http nor https. */
export function uploadPlace(options: UploadOptions): UploadPlace {
  const base = URL.canParse(options.base) ? new URL(options.base) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    // Not shown: where there is no scheme, a user's name is taken for one, and a password for a path.
    throw fault("REPO_UPLOAD", { url: "what was given", reason: "it is not an http or https address" });
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const tls = base.protocol === "https:";
  const agent = tls ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });

  function once(method: "PUT" | "HEAD", url: URL, body: Uint8Array): Promise<http.IncomingMessage> {
    const type = { "content-type": url.pathname.endsWith(".json") ? "application/json" : "application/octet-stream" };
    const plain = { ...options.headers, ...(method === "PUT" ? type : {}) };
    const headers =
      options.s3 === undefined ? plain : { ...plain, ...signS3(options.s3, { method, url, body, at: options.now() }) };
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const settings = { method, agent, timeout: TIMEOUT_MS, headers: { ...headers, "content-length": body.byteLength } };
    const request = (tls ? https : http).request(url, settings, (response) => {
      response.resume();
      response.on("end", () => resolve(response));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer for ${TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
    request.end(body);
    return promise;
  }

  async function send(method: "PUT" | "HEAD", path: string, body: Uint8Array): Promise<http.IncomingMessage> {
    const url = new URL(path, base);
    let reason = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) await wait(RETRY_MS * 2 ** (attempt - 1));
      try {
        const response = await once(method, url, body);
        const status = response.statusCode ?? 0;
        if (status < 500 && status !== 429) return response;
        reason = `HTTP status ${status}`;
      } catch (error) {
        reason = reasonOf(error);
      }
    }
    throw fault("REPO_UPLOAD", { url: shown(url), reason });
  }

  return {
    async has(path, length) {
      const { statusCode, headers } = await send("HEAD", path, new Uint8Array());
      return statusCode === 200 && headers["content-length"] === String(length);
    },
    async put(path, bytes) {
      const { statusCode = 0 } = await send("PUT", path, bytes);
      if (statusCode < 200 || statusCode > 299) {
        throw fault("REPO_UPLOAD", { url: shown(new URL(path, base)), reason: `HTTP status ${statusCode}` });
      }
    },
    close: () => agent.destroy(),
  };
}
