/**
 * Connections of the HTTP source: kept alive and shared by everything a board fetches, direct or through a proxy, with
 * the owner's CA and the board's certificate where TLS is asked for. `rejectUnauthorized` is set here and no variable of
 * the environment unsets it. When the certificate files changed, new connections use the new ones and old ones end.
 */
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { urlToHttpOptions } from "node:url";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import { fault } from "../faults.ts";
import { type ProxySettings, proxyAuthorization, proxyFor, shown } from "./proxy.ts";
import { refuseServer } from "./server-names.ts";

export interface TlsIdentity {
  /** PEM. In place of the authorities of the system. */
  readonly ca?: string | undefined;
  /** PEM of the board's own certificate and chain, and of its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Who the server may be, see server-names.ts; unless given, the host of the address. */
  readonly serverNames?: readonly string[] | undefined;
}

export interface ConnectorOptions {
  readonly clock: Clock;
  readonly proxy?: ProxySettings | undefined;
  /** Asked at each request to an https address; a new object is a new identity, a refusal fails that request. */
  tls?(): Result<TlsIdentity>;
  readonly headBytes: number;
  /** Longest wait for a proxy's tunnel, milliseconds. */
  readonly idleMs: number;
}

export interface Connector {
  /** An open request without a body, not yet ended. Throws what node:tls throws for certificates that are none. */
  request(method: "GET" | "HEAD", url: URL, headers: Readonly<Record<string, string>>): http.ClientRequest;
  /** Through whom this address is reached. */
  proxy(url: URL): URL | undefined;
  close(): void;
}

const AGENT = { keepAlive: true, maxSockets: 4, timeout: 120_000 };

export function createConnector(options: ConnectorOptions): Connector {
  const { proxy: proxies = {}, headBytes } = options;
  const plain = new http.Agent(AGENT);
  const nobody: TlsIdentity = {};
  let current: { readonly identity: TlsIdentity; readonly agent: SecureAgent } | undefined;

  function secureAgent(url: URL): SecureAgent {
    const asked = options.tls?.() ?? ok(nobody);
    if (!asked.ok) throw fault("UPDATE_TLS", { url: shown(url), reason: reasonOf(asked.error) }, asked.error);
    if (current?.identity !== asked.value) {
      current?.agent.retire();
      current = { identity: asked.value, agent: new SecureAgent(options, asked.value) };
    }
    return current.agent;
  }

  return {
    request(method, url, headers) {
      const common = { method, maxHeaderSize: headBytes };
      if (url.protocol === "https:") {
        const agent = secureAgent(url);
        return https.request({ ...urlToHttpOptions(url), ...common, headers, agent });
      }
      const proxy = proxyFor(proxies, url);
      if (proxy === undefined) return http.request({ ...urlToHttpOptions(url), ...common, headers, agent: plain });
      // RFC 9112 section 3.2.2: a proxy is asked for the whole address.
      const { auth } = urlToHttpOptions(url);
      const absolute = {
        ...withoutCredentials(proxy),
        ...common,
        ...(typeof auth === "string" ? { auth } : {}),
        path: shown(url) + url.search,
        headers: { ...headers, host: url.host, ...authorization(proxy) },
      };
      return proxy.protocol === "https:"
        ? https.request({ ...absolute, agent: secureProxyAgent })
        : http.request({ ...absolute, agent: plain });
    },
    proxy: (url) => proxyFor(proxies, url),
    close() {
      plain.destroy();
      current?.agent.destroy();
    },
  };
}

/** Connections to TLS proxies of plain addresses: none is kept, nobody has many of them. */
const secureProxyAgent = new https.Agent({ keepAlive: false, rejectUnauthorized: true, minVersion: "TLSv1.2" });

/** TLS connections, each through a tunnel of its own where a proxy leads there. Sessions are resumed in both cases. */
class SecureAgent extends https.Agent {
  readonly #options: ConnectorOptions;
  readonly #tunnels = new Set<http.ClientRequest>();
  #retired = false;

  constructor(options: ConnectorOptions, identity: TlsIdentity) {
    super({ ...AGENT, ...tlsOptions(identity) });
    this.#options = options;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const host = options.host ?? options.hostname ?? "";
    const name = host.includes(":") ? `[${host}]` : host;
    const url = new URL(`https://${name}:${options.port ?? 443}/`);
    const proxy = proxyFor(this.#options.proxy ?? {}, url);
    if (proxy === undefined) return super.createConnection(options, callback);
    openTunnel(proxy, url, this.#options, this.#tunnels)
      .then((socket) => {
        try {
          return super.createConnection({ ...options, socket } as https.RequestOptions) as Duplex;
        } catch (error) {
          socket.destroy(); // Certificates that are none are found out here.
          throw error;
        }
      })
      .then(
        (secure) => callback?.(null, secure),
        (error: Error) => callback?.(error, undefined as unknown as Duplex),
      );
    return undefined;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return !this.#retired && (super.keepSocketAlive(socket) as unknown as boolean);
  }

  override destroy(): void {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    super.destroy();
  }

  /** What is under way ends in its own time; nothing is kept for another request. */
  retire(): void {
    this.#retired = true;
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** For the agent: with a check of its own a request's connection is never kept (Node 26). */
function tlsOptions(identity: TlsIdentity): https.AgentOptions {
  const { ca, cert, key, serverNames } = identity;
  return {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    checkServerIdentity: (host: string, peer: PeerCertificate) => {
      if (serverNames === undefined) return checkServerIdentity(host, peer);
      const wrong = refuseServer(peer.subjectaltname, serverNames);
      return wrong === undefined ? undefined : new WrongServer(wrong);
    },
  };
}

/** The server has a good certificate and is not the one the owner named. */
export class WrongServer extends Error {
  readonly code = "ERR_TLS_WRONG_SERVER";
}

/** A socket through the proxy to the host (RFC 9110 section 9.3.6). Rejects with UPDATE_PROXY. */
function openTunnel(proxy: URL, url: URL, options: ConnectorOptions, open: Set<http.ClientRequest>): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const target = `${url.hostname}:${url.port === "" ? 443 : url.port}`;
  const asked = {
    ...withoutCredentials(proxy),
    method: "CONNECT",
    path: target,
    headers: { host: target, ...authorization(proxy) },
    agent: false as const,
    maxHeaderSize: options.headBytes,
  };
  const request =
    proxy.protocol === "https:"
      ? https.request({ ...asked, rejectUnauthorized: true, minVersion: "TLSv1.2" })
      : http.request(asked);
  open.add(request);
  request.on("close", () => open.delete(request));
  const fail = (reason: string, cause?: unknown) => {
    patience();
    reject(fault("UPDATE_PROXY", { proxy: proxy.host, url: `https://${target}`, reason }, cause));
    request.destroy();
  };
  const patience = options.clock.after(options.idleMs, () => fail("no answer in time"));
  request.on("error", (error) => fail(reasonOf(error), error));
  request.on("response", (response) => fail(`status ${response.statusCode}`));
  request.on("connect", (response, socket, head) => {
    const { statusCode = 0 } = response;
    const refused =
      statusCode < 200 || statusCode > 299 ? `status ${statusCode}` : head.length > 0 ? "it speaks first" : "";
    if (refused !== "") {
      socket.destroy();
      return fail(refused);
    }
    patience();
    resolve(socket);
  });
  request.end();
  return promise;
}

function withoutCredentials(proxy: URL): https.RequestOptions {
  const { protocol, hostname, port } = urlToHttpOptions(proxy);
  return { protocol, hostname, port } as https.RequestOptions;
}

function authorization(proxy: URL): Record<string, string> {
  const value = proxyAuthorization(proxy);
  return value === undefined ? {} : { "proxy-authorization": value };
}

/** Codes of Node and OpenSSL that speak of certificates and of TLS itself, not of the line. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_|EPROTO)/;

/** The fault for what a request's `error` event brings, or what making it threw. */
export function connectionFault(url: URL, error: unknown, headBytes: number): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "HPE_HEADER_OVERFLOW") return fault("UPDATE_ENDLESS_DATA", { url: shown(url), max: headBytes }, error);
  const facts = { url: shown(url), reason: reasonOf(error) };
  return fault(TLS_CODE.test(code) ? "UPDATE_TLS" : "UPDATE_NETWORK", facts, error);
}
