/** The embedded broker against a client that does not keep to the rules. */
import { once } from "node:events";
import { connect } from "node:net";
import mqtt, { type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Account, type Broker, startBroker } from "../../../fleet/index.ts";

const accounts: readonly Account[] = [
  { username: "porch-1", password: "secret", kind: "device", tenant: "demo", device: "porch-1" },
  { username: "operator", password: "secret", kind: "operator" },
];
let broker: Broker;
const clients: MqttClient[] = [];
beforeEach(async () => {
  broker = await startBroker({ accounts });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true);
  await broker.close();
});

const join = async (username: string, clientId: string, onMessage: (topic: string) => void = () => undefined) => {
  const client = mqtt.connect(broker.url, {
    username,
    password: "secret",
    clientId,
    clean: false,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  clients.push(client);
  client.on("error", () => undefined);
  client.on("message", onMessage);
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return client;
};

describe("the embedded broker", () => {
  it("keeps nothing of another board for a client that slips its filter in beside an allowed one", async () => {
    const porch = await join("porch-1", "sallyport-porch-1");
    const mixed = porch.subscribeAsync({ "sp/1/demo/porch-1/dn/#": { qos: 1 }, "sp/1/demo/porch-2/dn/#": { qos: 1 } });
    await expect(mixed).rejects.toThrow("Subscribe error");
    await porch.endAsync();
    const operator = await join("operator", "operator-1");
    await operator.publishAsync("sp/1/demo/porch-2/dn/cmd/revoke", "for porch-2 only", { qos: 1 });
    await operator.publishAsync("sp/1/demo/porch-1/dn/hint", "first", { qos: 1 });
    const got: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await join("porch-1", "sallyport-porch-1", (topic) => {
      got.push(topic);
      if (topic === "sp/1/demo/porch-1/dn/hint") resolve();
    });
    await promise;
    expect(got).toEqual(["sp/1/demo/porch-1/dn/hint"]);
  });

  it("closes a connection that announces a packet no honest client sends, before anybody logged in", async () => {
    const socket = connect(broker.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    socket.resume();
    await once(socket, "close");
    await join("operator", "operator-1");
  });
});
