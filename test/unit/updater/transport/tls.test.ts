/** TLS as the owner set it up: own authority, certificates on both sides, servers by name, and files that rotate. */
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { attempt, err, ok } from "../../../../runtime/kernel/result.ts";
import type { TlsIdentity } from "../../../../updater/client/connection.ts";
import { httpSource } from "../../../../updater/client/http.ts";
import { defaultLimits } from "../../../../updater/client/source.ts";
import { fault } from "../../../../updater/faults.ts";
import { makeAuthority } from "../../../fakes/certificates.ts";
import { faultOf } from "../site.ts";

const owner = makeAuthority("owner");
const stranger = makeAuthority("stranger");
const local = owner.issue({ subject: "updates", names: ["IP:127.0.0.1"] });
const board = owner.issue({ subject: "board-1", names: ["URI:spiffe://home/board-1"] });

/** A TLS server that tells who asked, its first answer when `first` is there, and a board with this identity. */
async function serve(server: ServerOptions, identity: () => TlsIdentity, first = Promise.resolve()) {
  const connections: string[] = [];
  const ended: Promise<string>[] = [];
  const listener = createServer(server, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    void (connections.length === 1 ? first : Promise.resolve()).then(() =>
      response.end(`hello ${String(subject?.CN ?? "nobody")}`),
    );
  });
  // Longer than any test, so that it is the board that ends connections.
  listener.keepAliveTimeout = 60_000;
  listener.on("secureConnection", (socket) =>
    connections.push(String(socket.getPeerCertificate().subject?.CN ?? "nobody")),
  );
  listener.on("secureConnection", (socket) =>
    ended.push(new Promise((resolve) => socket.on("close", () => resolve("ended")))),
  );
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits, { tls: () => ok(identity()) });
  onTestFinished(() => {
    source.close();
    listener.closeAllConnections();
    listener.close();
  });
  const ask = async () => {
    const body = await attempt(() => source.metadata("timestamp.json", 1000));
    return body.ok ? Buffer.from(body.value ?? []).toString() : faultOf(body).line();
  };
  return { ask, connections, ended };
}

describe("a server", () => {
  it("is believed with a certificate of the owner's authority for its address, and on one connection", async () => {
    const identity = { ca: owner.cert };
    const { ask, connections } = await serve(local, () => identity);
    expect([await ask(), await ask()]).toEqual(["hello nobody", "hello nobody"]);
    expect(connections).toHaveLength(1);
  });

  it("is refused with a stranger's certificate, an outdated one, one for another address, or none that is known", async () => {
    const refused = async (server: ServerOptions, identity: TlsIdentity = { ca: owner.cert }) =>
      (await serve(server, () => identity)).ask();
    expect(await refused(stranger.issue({ subject: "updates", names: ["IP:127.0.0.1"] }))).toMatch(/^UPDATE_TLS/);
    expect(await refused(owner.issue({ subject: "updates", names: ["IP:127.0.0.1"], days: -1 }))).toMatch(
      /^UPDATE_TLS/,
    );
    expect(await refused(owner.issue({ subject: "updates", names: ["IP:127.0.0.2"] }))).toMatch(/^UPDATE_TLS/);
    expect(await refused(local, {})).toMatch(/^UPDATE_TLS/);
  });

  it("is refused whatever the environment says about checking", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { ask } = await serve(local, () => ({ ca: stranger.cert }));
    expect(await ask()).toMatch(/^UPDATE_TLS/);
  });

  it("that the owner named is known by that name and not by its address", async () => {
    const named = owner.issue({ subject: "x", names: ["URI:spiffe://home/updates"] });
    const identity = { ca: owner.cert, serverNames: ["URI:spiffe://home/updates"] };
    expect(await (await serve(named, () => identity)).ask()).toBe("hello nobody");
    expect(await (await serve(local, () => identity)).ask()).toMatch(/^UPDATE_TLS.*wanted is URI:spiffe/);
    const forged = stranger.issue({ subject: "x", names: ["URI:spiffe://home/updates"] });
    expect(await (await serve(forged, () => identity)).ask()).toMatch(/^UPDATE_TLS/);
  });

  it("cannot smuggle the name in as a part of another", async () => {
    const forged = owner.issue({ subject: "x", names: ["DNS:a, URI:spiffe://home/updates, b", "IP:127.0.0.1"] });
    const identity = { ca: owner.cert, serverNames: ["URI:spiffe://home/updates"] };
    expect(await (await serve(forged, () => identity)).ask()).toMatch(/^UPDATE_TLS/);
  });
});

describe("a board's certificate", () => {
  const asking = { ...local, ca: owner.cert, requestCert: true, rejectUnauthorized: true };

  it("is shown to a server that asks for it", async () => {
    const { ask } = await serve(asking, () => ({ ca: owner.cert, ...board }));
    expect(await ask()).toBe("hello board-1");
  });

  it("that is missing or of another authority is a fault of TLS or of the line, never an answer", async () => {
    for (const identity of [{}, stranger.issue({ subject: "board-1" })]) {
      const { ask } = await serve(asking, () => ({ ca: owner.cert, ...identity }));
      expect(await ask()).toMatch(/^UPDATE_(TLS|NETWORK)/);
    }
  });

  it("that does not fit its key is refused before anything is sent", async () => {
    const { key } = owner.issue({ subject: "board-1" });
    const { ask, connections } = await serve(asking, () => ({ ca: owner.cert, cert: board.cert, key }));
    expect(await ask()).toMatch(/^UPDATE_TLS/);
    expect(connections).toEqual([]);
  });

  it("that cannot be had fails the request, and nothing is asked without it", async () => {
    const listener = createServer(local);
    let connections = 0;
    listener.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void listener.close());
    const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    const gone = fault("UPDATE_CLOSED");
    const source = httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits, { tls: () => err(gone) });
    const refused = faultOf(await attempt(() => source.metadata("timestamp.json", 1000)));
    expect([refused.code, refused.cause, connections]).toEqual(["UPDATE_TLS", gone, 0]);
  });

  it("that was renewed is shown with the next request, on a new connection", async () => {
    let identity: TlsIdentity = { ca: owner.cert, ...board };
    const { ask, connections, ended } = await serve(asking, () => identity);
    await ask();
    identity = { ca: owner.cert, ...owner.issue({ subject: "board-1b" }) };
    expect([await ask(), await ask()]).toEqual(["hello board-1b", "hello board-1b"]);
    expect(connections).toEqual(["board-1", "board-1b"]);
    expect(await ended[0]).toBe("ended");
  });

  it("that was renewed during a download lets it end in peace, and its connection with it", async () => {
    let identity: TlsIdentity = { ca: owner.cert, ...board };
    const answer = Promise.withResolvers<void>();
    const { ask, connections, ended } = await serve(asking, () => identity, answer.promise);
    const running = ask();
    await expect.poll(() => connections.length).toBe(1);
    identity = { ca: owner.cert, ...owner.issue({ subject: "board-1b" }) };
    expect(await ask()).toBe("hello board-1b");
    answer.resolve();
    expect(await running).toBe("hello board-1");
    expect(await ended[0]).toBe("ended");
  });
});
