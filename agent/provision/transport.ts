/**
 * How a board reaches its repositories, as its owner wrote it into device.json: proxy, certificates, bandwidth, download
 * window. Certificates are named as files and read again when these change; a renewal that is half done, or that does
 * not fit together, leaves the pair before in use.
 */
import { statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../../runtime/kernel/result.ts";
import {
  array,
  hidden,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { Log } from "../../runtime/kernel/world.ts";
import { isZone, type ProxySettings, type TlsIdentity, type TransportOptions, WEEKDAYS } from "../../updater/index.ts";
import { provisionFault } from "../faults.ts";

const proxyUrl = hidden(string({ min: 1, max: 2000 }));
const file = string({ min: 1, max: 1000 });
const time = refined(
  string({ min: 5, max: 5 }),
  (text) => /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text),
  "a time as HH:MM",
);
const serverName = refined(
  string({ min: 5, max: 500 }),
  (text) => /^(?:DNS|URI|IP Address):\S+$/.test(text),
  "a name as in a certificate, e.g. DNS:updates.internal or URI:spiffe://home/updates",
);

export const transportShape = object({
  /** Comes before the environment's. */
  proxy: optional(
    // Judged as a whole: a refusal shows the value that it refuses, and these hold passwords.
    refined(
      object({
        http: optional(proxyUrl),
        https: optional(proxyUrl),
        except: optional(array(string({ min: 1, max: 253 }), { max: 100 })),
      }),
      ({ http, https }) => [http, https].every((one) => one === undefined || isHttpUrl(one)),
      "proxies as http or https URLs",
    ),
  ),
  tls: optional(
    object({
      caFile: optional(file),
      certFile: optional(file),
      keyFile: optional(file),
      serverNames: optional(array(serverName, { min: 1, max: 16 })),
    }),
  ),
  /** Bytes per second, over both repositories. */
  bytesPerSMax: optional(integer({ min: 256, max: 2 ** 40 })),
  window: optional(
    object({
      zone: refined(string({ min: 1, max: 64 }), isZone, "a time zone of the IANA database"),
      open: array(object({ days: array(oneOf(...WEEKDAYS), { min: 1, max: 7 }), from: time, to: time }), {
        min: 1,
        max: 32,
      }),
      /** Modules and deltas up to this many bytes are fetched at any time. */
      freeBytes: integer({ min: 0, max: 2 ** 40 }),
    }),
  ),
});
export type TransportConfig = Infer<typeof transportShape>;

export interface TransportSeams {
  /** What the environment says of proxies. */
  readonly proxy: ProxySettings | undefined;
  readonly log: Log;
  /** An address behaves otherwise than before: it is left for the next, for this reason. */
  onLeft(address: string, why: Fault): void;
}

/** The updater's options from the board's configuration. */
export function transportOptions(
  config: TransportConfig | undefined,
  { proxy, log, onLeft }: TransportSeams,
): TransportOptions {
  const { tls } = config ?? {};
  const lastCode = new Map<string, string>();
  return {
    proxy: config?.proxy ?? proxy,
    bytesPerSMax: config?.bytesPerSMax,
    window: config?.window,
    ...(tls === undefined ? {} : { tls: identityFiles(tls, log) }),
    onLeft(address, why) {
      log("warn", "repository address left", { address, code: why.code, reason: why.message });
      if (lastCode.get(address) !== why.code) onLeft(address, why);
      lastCode.set(address, why.code);
    },
  };
}

type TlsConfig = NonNullable<TransportConfig["tls"]>;
const PEM_BYTES_MAX = 262_144;

/** Reads the files when they changed; the same object as long as they did not. */
function identityFiles(config: TlsConfig, log: Log): () => Result<TlsIdentity> {
  const { caFile, certFile, keyFile, serverNames } = config;
  let seen: string | undefined;
  let last: Result<TlsIdentity> | undefined;
  return () => {
    const state = [caFile, certFile, keyFile].map(stateOf).join(" ");
    if (last !== undefined && state === seen) return last;
    seen = state;
    const now = attemptSync((): TlsIdentity => {
      const identity = { ca: pem(caFile), cert: pem(certFile), key: pem(keyFile), serverNames };
      const wrong = misfit(identity);
      if (wrong !== undefined) throw provisionFault("PROVISION_CERTIFICATE", { reason: wrong });
      return identity;
    });
    if (!now.ok && last?.ok === true) log("warn", "certificate files left as they were", { reason: now.error.line() });
    else last = now;
    return last ?? now;
  };
}

/** Changes whenever the file does. */
function stateOf(path: string | undefined): string {
  if (path === undefined) return "none";
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch (error) {
    return reasonOf(error);
  }
}

function pem(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(unwrap(readBounded(path, PEM_BYTES_MAX)));
  // Without this, an empty file of authorities would mean those of the system.
  if (!text.includes("-----BEGIN ")) throw provisionFault("PROVISION_CERTIFICATE", { reason: `${path} is not PEM` });
  return text;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** What keeps these from being used together, or undefined. */
function misfit({ ca, cert, key }: TlsIdentity): string | undefined {
  if ((cert === undefined) !== (key === undefined)) return "a certificate and its key come together";
  try {
    createSecureContext({ ca, cert, key });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
