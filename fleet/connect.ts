/** The operators' one connection to MQTT: as simple as a tool needs, it reconnects by the library's own means. */
import { randomBytes } from "node:crypto";
import mqtt from "mqtt";
import { declareFaults, reasonOf } from "../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("FLEET", {
  FLEET_BROKER: {
    kind: "network",
    says: "cannot reach the broker {url}: {reason}",
    means: "The MQTT broker could not be reached, or refused the user name and password.",
    todo: "Check the URL, --username and --password-file.",
  },
  FLEET_REFUSED: {
    kind: "refusal",
    says: "the broker refused to subscribe {filter}",
    means: "The account may not read this device's topics.",
    todo: "Use an operator's account.",
  },
});

export interface Connection {
  subscribe(filter: string): Promise<void>;
  publish(topic: string, payload: Uint8Array): Promise<void>;
  onMessage(then: (topic: string, payload: Uint8Array) => void): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 8_000;

export async function connectMqtt(options: {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}): Promise<Connection> {
  const { url, username, password } = options;
  const client = mqtt.connect(url, {
    clientId: `operator-${randomBytes(6).toString("hex")}`,
    username,
    password,
    // 3.1.1 is spoken by every broker, and a tool of some seconds' life gains nothing from 5.
    protocolVersion: 4,
    clean: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 1_000,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("the connection was closed")));
    });
  } catch (error) {
    client.end(true);
    throw fault("FLEET_BROKER", { url, reason: reasonOf(error) }, error);
  }
  client.on("error", () => undefined);
  return {
    async subscribe(filter) {
      const granted = await client.subscribeAsync(filter, { qos: 1 });
      if (granted.some((one) => one.qos === 128)) throw fault("FLEET_REFUSED", { filter });
    },
    async publish(topic, payload) {
      await client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    },
    onMessage: (then) => void client.on("message", (topic, payload) => then(topic, new Uint8Array(payload))),
    close: () => client.endAsync(true),
  };
}
