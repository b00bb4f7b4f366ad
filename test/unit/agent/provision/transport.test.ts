/** The board's way to its repositories as configuration: what is refused, and certificate files that are renewed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { proxyOfEnvironment } from "../../../../agent/cli/proxy-environment.ts";
import { provisionFault } from "../../../../agent/faults.ts";
import { transportOptions, transportShape } from "../../../../agent/provision/transport.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import type { Log } from "../../../../runtime/kernel/world.ts";
import { makeAuthority } from "../../../fakes/certificates.ts";
import { ROOT } from "../../../tree.ts";

const parse = (value: unknown) => parseShape(transportShape, value, "transport");
const night = { days: ["mon", "sun"], from: "22:00", to: "24:00" };
const window = { zone: "Europe/Berlin", open: [night], freeBytes: 65_536 };

describe("the transport settings of a board", () => {
  it("may say nothing, or everything", () => {
    expect(parse({}).ok).toBe(true);
    const all = {
      proxy: { http: "http://proxy:3128", https: "http://me:s3cret@proxy:3128", except: ["localhost"] },
      tls: { caFile: "/a", certFile: "/b", keyFile: "/c", serverNames: ["URI:spiffe://home/updates", "DNS:a.b"] },
      bytesPerSMax: 20_000,
      window,
    };
    expect(parse(all)).toEqual({ ok: true, value: all });
  });

  it("of the documentation are such settings", () => {
    const text = readFileSync(join(ROOT, "docs", "updater.md"), "utf8");
    const [, example = ""] = /### Settings of a board.*?```json\n(.*?)```/s.exec(text) ?? [];
    expect(parse(JSON.parse(example)).ok).toBe(true);
  });

  const wrong: Readonly<Record<string, unknown>> = {
    "a field nobody knows": { speed: 1 },
    "a zone nobody knows": { window: { ...window, zone: "Mars/Olympus" } },
    "a day nobody knows": { window: { ...window, open: [{ ...night, days: ["Monday"] }] } },
    "a time that is none": { window: { ...window, open: [{ ...night, to: "24:30" }] } },
    "a window that never opens": { window: { ...window, open: [] } },
    "a standstill": { bytesPerSMax: 0 },
    "a server's name of no kind": { tls: { serverNames: ["updates.internal"] } },
    "a proxy of another kind": { proxy: { https: "socks5://proxy:1080" } },
  };
  it.each(Object.keys(wrong))("do not take %s", (what) => {
    expect(parse(wrong[what]).ok).toBe(false);
  });

  it("show no password when they are refused", () => {
    const refused = parse({ proxy: { https: "socks5://me:s3cret@proxy:1080" } });
    expect(refused.ok ? "" : refused.error.line()).toMatch(/proxy must be proxies as http or https URLs/);
    expect(JSON.stringify(refused)).not.toContain("s3cret");
  });

  it("come before the environment where they name a proxy", () => {
    const environment = proxyOfEnvironment({ HTTPS_PROXY: "http://env:1" });
    const seams = { proxy: environment, log: () => undefined, onLeft: () => undefined };
    expect(transportOptions(undefined, seams).proxy?.https).toBe("http://env:1");
    const proxy = { https: "http://own:1" };
    expect(transportOptions({ proxy }, seams).proxy).toEqual(proxy);
  });

  it("report an address once for each reason to leave it, and log it each time", () => {
    const [logged, reported]: [unknown[], string[]] = [[], []];
    const { onLeft } = transportOptions(undefined, {
      proxy: undefined,
      log: (_, what) => logged.push(what),
      onLeft: (address, why) => reported.push(`${address} ${why.code}`),
    });
    const [gone, damaged] = (["PROVISION_EXISTS", "PROVISION_INCOMPLETE"] as const).map((code) => provisionFault(code));
    for (const why of [gone, gone, damaged, gone]) if (why !== undefined) onLeft?.("a", why);
    if (gone !== undefined) onLeft?.("b", gone);
    expect(reported).toEqual([
      "a PROVISION_EXISTS",
      "a PROVISION_INCOMPLETE",
      "a PROVISION_EXISTS",
      "b PROVISION_EXISTS",
    ]);
    expect(logged).toHaveLength(5);
  });
});

describe("the environment's proxies", () => {
  it("are those of the usual variables, small letters first, empty ones none", () => {
    expect(
      proxyOfEnvironment({ HTTP_PROXY: "http://a", http_proxy: "http://b", HTTPS_PROXY: "", NO_PROXY: "x, y.z,,  w" }),
    ).toEqual({ http: "http://b", https: undefined, except: ["x", "y.z", "w"] });
    expect(proxyOfEnvironment({})).toEqual({ http: undefined, https: undefined, except: [] });
  });
});

const seams = (log: Log) => ({ proxy: undefined, log, onLeft: () => undefined });

describe("a board's certificate files", () => {
  const owner = makeAuthority();
  const first = owner.issue({ subject: "board-1" });
  const second = owner.issue({ subject: "board-1" });

  function board() {
    const directory = mkdtempSync(join(tmpdir(), "sallyport-transport-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const path = (name: string) => join(directory, name);
    let written = 0;
    // Another length each time, so that a change shows however coarse the file system's clock is.
    const write = (name: string, text: string) => writeFileSync(path(name), `${text}${"\n".repeat(++written)}`);
    write("ca", owner.cert);
    write("cert", first.cert);
    write("key", first.key);
    const warnings: unknown[] = [];
    const tls = { caFile: path("ca"), certFile: path("cert"), keyFile: path("key"), serverNames: ["DNS:x"] };
    const options = transportOptions(
      { tls },
      seams((_, what, facts) => void warnings.push([what, facts])),
    );
    const ask = () => options.tls?.() ?? expect.fail("there are certificates");
    const certificate = () => {
      const found = ask();
      return found.ok ? found.value.cert?.trim() : found.error.line();
    };
    return { path, write, ask, certificate, warnings };
  }

  it("are read once as long as they stay the same", () => {
    const { ask, certificate } = board();
    expect(certificate()).toBe(first.cert.trim());
    const [one, two] = [ask(), ask()];
    expect(one.ok && two.ok && one.value === two.value).toBe(true);
  });

  it("are read again when they were renewed, and not while only one of a pair is there", () => {
    const { write, certificate, warnings } = board();
    certificate();
    write("cert", second.cert);
    expect(certificate()).toBe(first.cert.trim());
    expect(certificate()).toBe(first.cert.trim());
    expect(warnings).toHaveLength(1);
    write("key", second.key);
    expect(certificate()).toBe(second.cert.trim());
  });

  it("stay in use when the new ones are not readable", () => {
    const { path, certificate } = board();
    certificate();
    rmSync(path("key"));
    expect(certificate()).toBe(first.cert.trim());
  });

  it("that are not usable from the start are a refusal until they are, never a connection without them", () => {
    const { write, certificate } = board();
    write("ca", "");
    expect(certificate()).toMatch(/^PROVISION_CERTIFICATE.*not PEM/);
    write("ca", owner.cert);
    write("key", second.key);
    expect(certificate()).toMatch(/^PROVISION_CERTIFICATE/);
    write("key", first.key);
    expect(certificate()).toBe(first.cert.trim());
  });

  it("come in pairs", () => {
    const { path } = board();
    const options = transportOptions(
      { tls: { certFile: path("cert") } },
      seams(() => undefined),
    );
    const found = options.tls?.();
    expect(found?.ok === false && found.error.line()).toMatch(/come together/);
  });
});
