/**
 * Which proxy leads to an address. The settings come from the composition root, which may have them from the usual
 * environment variables. Credentials stay inside: texts show a proxy as host and port.
 */
import { fault } from "../faults.ts";

export interface ProxySettings {
  /** `http://` or `https://` URL of the proxy for http addresses, with credentials if it wants them. */
  readonly http?: string | undefined;
  /** The same for https addresses, which are reached through a tunnel (CONNECT). */
  readonly https?: string | undefined;
  /**
   * What is reached without: `*`, a host, a domain with all below it (`.example` or `example`), an IP address, each
   * with `:port` or without.
   */
  readonly except?: readonly string[];
}

/**
 * The proxy for this address, or undefined for a direct connection. Throws UPDATE_PROXY for a proxy's address that is
 * none, without showing it: it may hold a password.
 */
export function proxyFor(settings: ProxySettings, url: URL): URL | undefined {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const text = settings[scheme];
  if (text === undefined || (settings.except ?? []).some((one) => matches(one.trim().toLowerCase(), url))) {
    return undefined;
  }
  return parseProxy(text, scheme);
}

/** The value of Proxy-Authorization (RFC 9110 section 11.7.2, Basic), if the proxy's address has credentials. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

/** An address for texts: without credentials and without query. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function parseProxy(text: string, scheme: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "" || !isDecodable(url)) {
    const reason = "its address is not an http or https URL";
    throw fault("UPDATE_PROXY", { proxy: "that is set", url: `${scheme} addresses`, reason });
  }
  return url;
}

function isDecodable(url: URL): boolean {
  try {
    return decodeURIComponent(url.username + url.password) !== undefined;
  } catch {
    return false;
  }
}

function matches(rule: string, url: URL): boolean {
  if (rule === "") return false;
  if (rule === "*") return true;
  const [, bare = rule, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(rule) ?? [];
  const actualPort = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (port !== undefined && port !== actualPort) return false;
  const host = unbracketed(url.hostname.toLowerCase());
  const wanted = unbracketed(bare.replace(/^\*?\./, ""));
  if (host === wanted) return true;
  // Below a domain; numbers have no parts that stand below each other.
  return !/^[\d.]+$/.test(host) && !host.includes(":") && host.endsWith(`.${wanted}`);
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
