/** Which proxy leads where, and that nobody reads its password in a text. */
import { describe, expect, it } from "vitest";
import { attemptSync } from "../../../../runtime/kernel/result.ts";
import { httpSource } from "../../../../updater/client/http.ts";
import { proxyAuthorization, proxyFor, shown } from "../../../../updater/client/proxy.ts";
import { defaultLimits } from "../../../../updater/client/source.ts";
import { faultOf } from "../site.ts";

const BOTH = { http: "http://plain:3128", https: "http://tunnel:3128" };
const via = (url: string, except: readonly string[] = []) => proxyFor({ ...BOTH, except }, new URL(url))?.hostname;

describe("the proxy for an address", () => {
  it("is the one of its scheme", () => {
    expect(via("http://updates.example/")).toBe("plain");
    expect(via("https://updates.example/")).toBe("tunnel");
    expect(proxyFor({ https: BOTH.https }, new URL("http://updates.example/"))).toBeUndefined();
  });

  it("is none for exceptions: hosts, domains with all below them, ports, addresses", () => {
    const direct = (url: string, ...except: string[]) => via(url, except) === undefined;
    expect(direct("https://updates.example/", "*")).toBe(true);
    expect(direct("https://updates.example/", " Updates.Example ")).toBe(true);
    expect(direct("https://eu.updates.example/", "updates.example")).toBe(true);
    expect(direct("https://eu.updates.example/", ".example")).toBe(true);
    expect(direct("https://eu.updates.example/", "*.example")).toBe(true);
    expect(direct("https://updates.example/", "updates.example:443")).toBe(true);
    expect(direct("https://[::1]:8443/", "::1")).toBe(true);
    expect(direct("https://[::1]:8443/", "[::1]:8443")).toBe(true);
    expect(direct("https://10.0.0.7/", "10.0.0.7")).toBe(true);
  });

  it("is not lost by something that only looks like an exception", () => {
    const direct = (url: string, ...except: string[]) => via(url, except) === undefined;
    expect(direct("https://updates.example/", "")).toBe(false);
    expect(direct("https://notupdates.example/", "updates.example")).toBe(false);
    expect(direct("https://updates.example.evil/", "updates.example")).toBe(false);
    expect(direct("https://updates.example/", "updates.example:80")).toBe(false);
    expect(direct("https://10.0.0.7/", "0.7")).toBe(false);
  });

  it("is told its credentials, decoded", () => {
    const value = proxyAuthorization(new URL("http://me:p%40ss%3A%C3%BC@proxy:1"));
    expect(Buffer.from(value?.replace("Basic ", "") ?? "", "base64").toString()).toBe("me:p@ss:ü");
    expect(proxyAuthorization(new URL("http://proxy:1"))).toBeUndefined();
  });

  it("that is none is refused, without its text", () => {
    for (const bad of ["socks5://me:secret@proxy:1080", "me:secret@proxy:3128", "http://me:%E0%A4%A@proxy"]) {
      const fault = faultOf(attemptSync(() => proxyFor({ https: bad }, new URL("https://updates.example/"))));
      expect(fault.code).toBe("UPDATE_PROXY");
      expect(fault.line()).not.toMatch(/secret|%E0/);
    }
  });
});

describe("an address in a text", () => {
  it("has no credentials and no query", () => {
    expect(shown(new URL("https://me:secret@host:8443/a/b?token=1#x"))).toBe("https://host:8443/a/b");
  });

  it("that is refused as a repository's shows none either", () => {
    for (const bad of ["ftp://me:secret@host/", "https://me:secret@ho st/"]) {
      const made = attemptSync(() => httpSource({ metadataUrl: bad, targetsUrl: bad }, defaultLimits));
      expect(faultOf(made).line()).not.toContain("secret");
    }
  });
});
