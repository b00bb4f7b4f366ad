/** The way up over a real broker: what is promised arrives, also when the broker goes away in the middle. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createUplink, type Uplink } from "../../../../agent/link/uplink.ts";
import { type Db, openDb } from "../../../../agent/store/db.ts";
import { createOutbox, type Outbox } from "../../../../agent/store/outbox.ts";
import { topicsOf } from "../../../../agent/wire/index.ts";
import { type Account, type Broker, connectOperator, type OperatorLink, startBroker } from "../../../../fleet/index.ts";
import { deviceId, tenantId } from "../../../../runtime/kernel/brand.ts";
import { fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";

const device = unwrap(parseShape(deviceId, "porch-1", "device"));
const tenant = unwrap(parseShape(tenantId, "demo", "tenant"));
const topics = topicsOf(tenant, device);
const accounts: readonly Account[] = [
  { username: "porch-1", password: "secret", kind: "device", tenant, device },
  { username: "operator", password: "secret", kind: "operator" },
];

let folder = "";
let db: Db;
let outbox: Outbox;
let broker: Broker;
let uplink: Uplink;
const links: OperatorLink[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "uplink-"));
  db = openDb(join(folder, "state.db"));
  outbox = createOutbox(db);
  broker = await startBroker({ accounts });
  uplink = createUplink({
    broker: { url: broker.url, username: "porch-1", password: "secret" },
    device,
    topics,
    clock: nodeClock,
    random: nodeRandom,
    log: () => undefined,
    outbox,
    acked: async (id) => outbox.acked(id),
    boot: 1,
    agent: "test",
    birth: () => ({ device, class: "c", region: "r", profile: "p", sensors: [], lines: [] }),
  });
});
afterEach(async () => {
  await uplink.stop();
  for (const link of links.splice(0)) await link.close();
  await broker.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Collects messages until the test is satisfied. */
async function watching(url: string) {
  const link = await connectOperator({ url, username: "operator", password: "secret", tenant });
  links.push(link);
  const seen: [topic: string, text: string][] = [];
  let look: () => void = () => undefined;
  await link.watch(device, (topic, payload) => {
    seen.push([topic, fromUtf8(payload) ?? ""]);
    look();
  });
  const until = (fits: (topic: string, text: string) => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (seen.some(([topic, text]) => fits(topic, text))) resolve();
      };
      look();
    });
  return { link, seen, until };
}
const promise = (n: number) => {
  outbox.append({ topic: topics.telemetry("m", "c"), payload: utf8(String(n)), retain: false, priority: 5 });
  uplink.kick();
};
const isLast = (n: number) => (topic: string, text: string) => topic.endsWith("/tm/m/c") && text === String(n);

describe("the uplink", () => {
  it("says ready and its birth, and sends what waited in the order it was promised", async () => {
    for (let n = 1; n <= 100; n += 1) promise(n);
    const { seen, until } = await watching(broker.url);
    uplink.start();
    await until(isLast(100));
    await until((topic, text) => topic === topics.state && text.includes('"ready"'));
    await until((topic) => topic === topics.birth);
    expect(seen.filter(([topic]) => topic.endsWith("/tm/m/c")).map(([, text]) => Number(text))).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  it("loses nothing when the broker is gone for a while, and forgets a row only when it was acknowledged", async () => {
    uplink.start();
    const before = await watching(broker.url);
    for (let n = 1; n <= 20; n += 1) promise(n);
    await before.until(isLast(20));
    const { port } = broker;
    await broker.close();
    for (let n = 21; n <= 60; n += 1) promise(n);
    expect(outbox.rows).toBeGreaterThanOrEqual(40);
    broker = await startBroker({ accounts, port });
    const after = await watching(broker.url);
    await after.until(isLast(60));
    const arrived = new Set(
      [...before.seen, ...after.seen].filter(([topic]) => topic.endsWith("/tm/m/c")).map(([, text]) => Number(text)),
    );
    expect([...arrived].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });

  it("is handed on return the command that was sent while it was away", async () => {
    const { link, until } = await watching(broker.url);
    uplink.start();
    await until((topic, text) => topic === topics.state && text.includes('"ready"'));
    await uplink.stop();
    await link.sendCommand(device, "revoke", utf8("take it away"));
    const arrived = new Promise<string>((resolve) =>
      uplink.onMessage((topic, payload) => resolve(`${topic} ${fromUtf8(payload)}`)),
    );
    uplink.start();
    expect(await arrived).toBe(`${topics.command("revoke")} take it away`);
  });

  it("leaves `disconnected` behind when it stops in order, not `lost`", async () => {
    const { seen, until } = await watching(broker.url);
    uplink.start();
    await until((topic, text) => topic === topics.state && text.includes('"ready"'));
    await uplink.stop();
    await until((topic, text) => topic === topics.state && text.includes('"disconnected"'));
    expect(seen.filter(([topic, text]) => topic === topics.state && text.includes('"lost"'))).toEqual([]);
  });
});

describe("the embedded broker", () => {
  it("lets nobody in with a wrong password, and no device in under another's client id", async () => {
    const wrong = connectOperator({ url: broker.url, username: "operator", password: "guess", tenant });
    await expect(wrong).rejects.toMatchObject({ code: "FLEET_BROKER" });
    const device2 = connectOperator({ url: broker.url, username: "porch-1", password: "secret", tenant });
    await expect(device2).rejects.toMatchObject({ code: "FLEET_BROKER" });
  });

  it("lets an operator command but not speak for a device", async () => {
    const { maySubscribe, mayPublish } = await import("../../../../fleet/broker.ts");
    const [porch, operator] = accounts;
    if (porch === undefined || operator === undefined) throw new Error("two accounts");
    expect([
      mayPublish(porch, topics.state),
      mayPublish(porch, topics.hint),
      mayPublish(porch, "sp/1/demo/porch-2/up/state"),
    ]).toEqual([true, false, false]);
    expect([mayPublish(operator, topics.hint), mayPublish(operator, topics.state)]).toEqual([true, false]);
    expect([
      maySubscribe(porch, topics.commands),
      maySubscribe(porch, "#"),
      maySubscribe(porch, "sp/1/demo/+/dn/#"),
      maySubscribe(operator, "$SYS/#"),
    ]).toEqual([true, false, false, false]);
  });
});
