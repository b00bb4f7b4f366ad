/**
 * The one place that imports the MQTT library. MQTT 5 by preference, 3.1.1 where the broker refuses it: a broker that
 * speaks only 3.1.1 answers CONNACK "unacceptable protocol version" or just closes, so after an attempt that reached a
 * broker and was not accepted the next one asks for the other version. A broker that cannot be reached says nothing
 * about versions. The session outlives the connection, so that a command sent meanwhile is delivered on return; that it
 * may be delivered twice is what sequence numbers are for.
 */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import type { Cancel, Clock, Log, Random } from "../../runtime/kernel/world.ts";
import { createPacketBound } from "../wire/packet-bound.ts";

export interface LinkOptions {
  readonly url: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  /** Subscribed with every connection. At QoS 1 the broker keeps messages while the board is away. */
  readonly subscriptions: Readonly<Record<string, { readonly qos: 0 | 1 }>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  onMessage(topic: string, payload: Uint8Array): void;
  onOnline(): void;
}

export interface Link {
  readonly online: boolean;
  /** Resolves on PUBACK at QoS 1, when written at QoS 0; rejects when the connection is lost before. */
  publish(
    topic: string,
    payload: Uint8Array,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): Promise<void>;
  end(): Promise<void>;
}

const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 30;
/** A connection that held this long was a good one: the next pause starts from the shortest again. */
const STABLE_MS = 30_000;
/** Nobody was there to refuse a version. */
const UNREACHED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
/** How long a broker may take to let us go in order. */
const END_MS = 2_000;
/** How long a broker keeps our session (MQTT 5; 3.1.1 leaves it to the broker): as long as a command may be valid. */
const SESSION_S = 8 * 86_400;
/** A command has 16 KiB at most, a channel's message 64; nothing honest is longer. */
const INCOMING_BYTES_MAX = 262_144;

export function openLink(options: LinkOptions): Link {
  const { clock, random, log } = options;
  let version: 4 | 5 = 5;
  let client: MqttClient | undefined;
  let retry: Cancel | undefined;
  let failures = 0;
  let online = false;
  let closed = false;
  /** Publishes that wait for their acknowledgement; a lost connection rejects them all. */
  const unanswered = new Set<(reason: Error) => void>();

  function attempt(): void {
    if (closed) return;
    const mine = mqtt.connect(options.url, settings(options, version));
    client = mine;
    let reached = true;
    let accepted = false;
    let acceptedAt = 0;
    let reason = "the broker closed the connection";
    const withinBound = createPacketBound(INCOMING_BYTES_MAX);
    mine.stream.on("data", (chunk: Uint8Array) => {
      if (withinBound(chunk)) return;
      reason = `the broker sent a packet of more than ${INCOMING_BYTES_MAX} bytes`;
      mine.stream.destroy();
    });
    mine.on("connect", () => {
      accepted = true;
      acceptedAt = clock.monotonic();
      mine.subscribe({ ...options.subscriptions }, (error) => {
        if (error !== null && error !== undefined) {
          reason = reasonOf(error);
          mine.end(true);
          return;
        }
        online = true;
        log("info", "broker", { url: options.url, mqtt: version === 5 ? "5" : "3.1.1" });
        options.onOnline();
      });
    });
    mine.on("message", (topic, payload) => options.onMessage(topic, new Uint8Array(payload)));
    mine.on("error", (error) => {
      reason = reasonOf(error);
      if ("code" in error && UNREACHED.has(error.code)) reached = false;
      // A refused CONNECT leaves the socket to us; without this the library would keep it.
      mine.end(true);
    });
    mine.once("close", () => {
      mine.end(true);
      if (client !== mine) return;
      client = undefined;
      for (const reject of unanswered) reject(new Error("the connection was lost before the acknowledgement"));
      unanswered.clear();
      online = false;
      if (closed) return;
      if (accepted && clock.monotonic() - acceptedAt >= STABLE_MS) failures = 0;
      if (reached && !accepted) version = version === 5 ? 4 : 5;
      failures += 1;
      // The first refusal may only be about the version: ask again at once with the other one.
      const delay =
        failures === 1 && reached && !accepted
          ? 0
          : Math.min(RETRY_FIRST_MS * 2 ** Math.max(0, failures - 2), RETRY_LONGEST_MS);
      if (delay > 0) log("warn", "broker lost", { url: options.url, reason });
      retry = clock.after(delay * (0.5 + random.fraction()), attempt);
    });
  }
  attempt();

  return {
    get online() {
      return online;
    },
    async publish(topic, payload, { qos, retain }) {
      if (client === undefined || !online) throw new Error("not connected");
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      unanswered.add(reject);
      client.publish(topic, Buffer.from(payload), { qos, retain }, (error) => {
        unanswered.delete(reject);
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
      return promise;
    },
    async end() {
      closed = true;
      retry?.();
      const last = client;
      client = undefined;
      online = false;
      if (last === undefined) return;
      // The library waits for every acknowledgement before it says DISCONNECT; a broker that withholds one must not
      // hold us up. What was not acknowledged is still in the outbox.
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      last.end(false, () => resolve());
      const cancel = clock.after(END_MS, () => {
        last.stream.destroy();
        resolve();
      });
      await gone;
      cancel();
      for (const reject of unanswered) reject(new Error("the link was ended before the acknowledgement"));
      unanswered.clear();
    },
  };
}

function settings(options: LinkOptions, version: 4 | 5): IClientOptions {
  const { clientId, username, password, will } = options;
  return {
    clientId,
    username,
    password,
    protocolVersion: version,
    clean: false,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Retrying is ours: with jitter, a bound, and the other protocol version.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    ...(version === 5
      ? { properties: { maximumPacketSize: INCOMING_BYTES_MAX, sessionExpiryInterval: SESSION_S } }
      : {}),
  };
}
