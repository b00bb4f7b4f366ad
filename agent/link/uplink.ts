/**
 * The board's end of MQTT: presence, birth, and the outbox's way out. A row leaves the outbox on PUBACK only; rows in
 * flight when the connection breaks are sent again (QoS 1: at least once). Nothing polls: the pump runs when it is
 * kicked, when an acknowledgement makes room, and when the connection comes up.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Clock, Log, Random } from "../../runtime/kernel/world.ts";
import type { Outbox } from "../store/outbox.ts";
import type { BirthMessage, StateMessage, Topics } from "../wire/index.ts";
import { type Link, openLink } from "./connect.ts";

export interface UplinkOptions {
  readonly broker: { readonly url: string; readonly username: string; readonly password: string };
  readonly device: DeviceId;
  readonly topics: Topics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: Pick<Outbox, "next" | "rows">;
  /** Deletes an acknowledged row; many acknowledgements may share a commit. */
  acked(id: number): Promise<unknown>;
  readonly boot: number;
  readonly agent: string;
  birth(): Omit<BirthMessage, "agent" | "boot" | "commands" | "t">;
}

export interface Uplink {
  start(): void;
  /** There may be rows to send. Cheap; call it after every append. */
  kick(): void;
  /** QoS 0: now or never. */
  publishNow(topic: string, payload: Uint8Array, retain: boolean): void;
  onMessage(then: (topic: string, payload: Uint8Array) => void): void;
  stop(): Promise<void>;
}

const IN_FLIGHT_MAX = 16;
const DRAIN_AT_STOP_MS = 2_000;

export function createUplink(options: UplinkOptions): Uplink {
  const { topics, clock, outbox } = options;
  const inFlight = new Set<number>();
  let link: Link | undefined;
  let take: (topic: string, payload: Uint8Array) => void = () => undefined;
  let sentUpTo = 0;
  let pumping = false;
  let drained: (() => void) | undefined;

  const state = (s: StateMessage["s"]): Uint8Array =>
    utf8(
      JSON.stringify({
        s,
        boot: options.boot,
        agent: options.agent,
        ...(s === "lost" ? {} : { t: clock.now() }),
      } satisfies StateMessage),
    );

  function online(): void {
    inFlight.clear();
    sentUpTo = 0;
    const birth: BirthMessage = {
      ...options.birth(),
      agent: options.agent,
      boot: options.boot,
      commands: ["revoke", "restart", "refresh", "attest"],
      t: clock.now(),
    };
    // Lost with the connection, they are said again with the next one.
    void link?.publish(topics.birth, utf8(JSON.stringify(birth)), { qos: 1, retain: true }).catch(() => undefined);
    void link?.publish(topics.state, state("ready"), { qos: 1, retain: true }).catch(() => undefined);
    kick();
  }

  function kick(): void {
    if (pumping || link === undefined) return;
    pumping = true;
    // After the turn that appended: a transaction that is still open must commit before its rows may leave.
    queueMicrotask(pump);
  }

  function pump(): void {
    pumping = false;
    if (link === undefined || !link.online) return;
    const room = IN_FLIGHT_MAX - inFlight.size;
    if (room <= 0) return;
    const rows = outbox.next(sentUpTo, room);
    for (const row of rows) {
      sentUpTo = row.id;
      inFlight.add(row.id);
      link.publish(row.topic, row.payload, { qos: 1, retain: row.retain }).then(
        async () => {
          inFlight.delete(row.id);
          kick();
          await options.acked(row.id);
          if (outbox.rows === 0) drained?.();
        },
        // It stays in the outbox; `online` starts again from the first row. A broker of MQTT 5 may refuse one message
        // and stay: the others go on.
        () => {
          inFlight.delete(row.id);
          kick();
        },
      );
    }
  }

  /** Waits for `done`, and no longer than that: a broker must not be able to keep the agent from stopping. */
  async function atMost(ms: number, begin: (done: () => void) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ms, resolve);
    begin(resolve);
    await promise;
    cancel();
  }

  return {
    kick,
    start() {
      link = openLink({
        ...options.broker,
        clientId: `sallyport-${options.device}`,
        will: { topic: topics.state, payload: state("lost") },
        // What waited for a module while the board was away is old news; a command is not.
        subscriptions: { [topics.hint]: { qos: 1 }, [topics.commands]: { qos: 1 }, [topics.channels]: { qos: 0 } },
        clock,
        random: options.random,
        log: options.log,
        onMessage: (topic, payload) => take(topic, payload),
        onOnline: online,
      });
    },
    publishNow(topic, payload, retain) {
      if (link?.online === true) void link.publish(topic, payload, { qos: 0, retain }).catch(() => undefined);
    },
    onMessage(then) {
      take = then;
    },
    async stop() {
      if (link?.online === true) {
        if (outbox.rows > 0) {
          await atMost(DRAIN_AT_STOP_MS, (done) => {
            drained = done;
            kick();
          });
        }
        const goodbye = link.publish(topics.state, state("disconnected"), { qos: 1, retain: true });
        await atMost(DRAIN_AT_STOP_MS, (done) => void goodbye.then(done, done));
      }
      await link?.end();
      link = undefined;
    },
  };
}
