/**
 * The embedded broker (aedes, MQTT 3.1.1) for one site, for tests and for the demo: loopback only, accounts with
 * passwords, and the two lines of access rules that the topic tree was made for. A device writes below its own `up/`
 * (its will included) and reads below its own `dn/`; an operator reads everything and writes below `dn/`.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { Aedes, type Client } from "aedes";
import { createPacketBound } from "../agent/wire/packet-bound.ts";

export interface Account {
  readonly username: string;
  readonly password: string;
  readonly kind: "device" | "operator";
  readonly tenant?: string | undefined;
  readonly device?: string | undefined;
}

export interface Broker {
  /** `mqtt://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const PAYLOAD_BYTES_MAX = 262_144;
/** Payload, topic and header. Aedes itself would collect 256 MB before it asks who is there. */
const PACKET_BYTES_MAX = PAYLOAD_BYTES_MAX + 65_536 + 16;
/** CONNACK code 5, MQTT 3.1.1 section 3.2.2.3. */
const NOT_AUTHORIZED = 5;

export async function startBroker(options: {
  readonly accounts: readonly Account[];
  readonly port?: number;
}): Promise<Broker> {
  const accounts = new Map(options.accounts.map((one) => [one.username, one]));
  const holders = new WeakMap<Client, Account>();
  const aedes = await Aedes.createBroker({
    maxClientsIdLength: 128,
    authenticate(client, username, password, done) {
      const account = accounts.get(username ?? "");
      // The comparison runs for unknown names too, so that timing does not tell which names exist.
      const good = sameSecret(account?.password ?? "", password?.toString() ?? "") && account !== undefined;
      if (good && account !== undefined && mayUseId(account, client.id)) {
        holders.set(client, account);
        done(null, true);
      } else done(Object.assign(new Error("not authorized"), { returnCode: NOT_AUTHORIZED }), false);
    },
    authorizePublish(client, packet, done) {
      const account = client === null ? undefined : holders.get(client);
      const size = Buffer.byteLength(packet.payload);
      done(
        account !== undefined && size <= PAYLOAD_BYTES_MAX && mayPublish(account, packet.topic)
          ? null
          : new Error("not authorized"),
      );
    },
    authorizeSubscribe(client, subscription, done) {
      const account = holders.get(client);
      const allowed = account !== undefined && maySubscribe(account, subscription.topic);
      // null: refused with 0x80 in the SUBACK, the connection stays.
      done(null, allowed ? subscription : null);
    },
    // Aedes stores a whole SUBSCRIBE for a lasting session when any one of its filters is allowed, and queues for all of
    // them while the client is away (measured, 1.2.0): what leaves for a client is judged again here.
    authorizeForward(client, packet) {
      const account = holders.get(client);
      return account !== undefined && maySubscribe(account, packet.topic) ? packet : null;
    },
  });
  const server = createServer(aedes.handle);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const withinBound = createPacketBound(PACKET_BYTES_MAX);
    socket.on("data", (chunk: Uint8Array) => void (withinBound(chunk) || socket.destroy()));
  });
  // A client that misbehaves is closed by aedes; that must not become an unhandled error event.
  aedes.on("clientError", () => undefined);
  aedes.on("connectionError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async close() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A client id takes over the session of the same id, so a device may use only its own. */
function mayUseId(account: Account, clientId: string): boolean {
  return account.kind === "operator" ? clientId.startsWith("operator-") : clientId === `sallyport-${account.device}`;
}

function prefix(account: Account): string {
  return `sp/1/${account.tenant}/${account.device}/`;
}

export function mayPublish(account: Account, topic: string): boolean {
  if (account.kind === "device") return topic.startsWith(`${prefix(account)}up/`);
  return /^sp\/1\/[^/]+\/[^/]+\/dn\/./.test(topic);
}

export function maySubscribe(account: Account, filter: string): boolean {
  return account.kind === "device" ? filter.startsWith(`${prefix(account)}dn/`) : filter.startsWith("sp/1/");
}

function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
