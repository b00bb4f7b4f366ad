/** Channels and the key-value store: names are exact, sizes, rates and quotas are the granted ones. */
import { describe, expect, it } from "vitest";
import { EVENT, SP } from "../../../runtime/index.ts";
import { fromUtf8, utf8 } from "../../../runtime/kernel/bytes.ts";
import { CAN, openRig } from "./rig.ts";

const RETAIN = 4;
const NOT_UTF8 = new Uint8Array([0xff, 0xfe]);

describe("publishing", () => {
  it("reaches the channel that was granted, with quality and retain as asked", async () => {
    const guest = openRig().admit("climate", [CAN.publish("temperature")]);
    expect(await guest.call("mqtt_publish", "temperature", utf8("21"), 0)).toBe(0);
    expect(await guest.call("mqtt_publish", "temperature", utf8("22"), 1 | RETAIN)).toBe(0);
    expect(guest.services.published).toEqual([
      { channel: "temperature", text: "21", qos: 0, retain: false },
      { channel: "temperature", text: "22", qos: 1, retain: true },
    ]);
  });

  it.each([
    ["another channel", "humidity"],
    ["a longer name with the granted one in front", "temperature.raw"],
    ["a wildcard", "+"],
    ["a topic above", "../temperature"],
    ["no name", ""],
  ])("to %s is denied", async (_, channel) => {
    const guest = openRig().admit("climate", [CAN.publish("temperature")]);
    expect(await guest.call("mqtt_publish", channel, utf8("x"), 0)).toBe(SP.EDENIED);
    expect(guest.services.published).toEqual([]);
  });

  it("with a name that is not text is refused", async () => {
    const guest = openRig().admit("climate", [CAN.publish("temperature")]);
    expect(await guest.call("mqtt_publish", NOT_UTF8, utf8("x"), 0)).toBeLessThan(0);
    expect(guest.services.published).toEqual([]);
  });

  it.each([[2], [3], [8], [-1], [1 | 8]])("with the flags %i is refused", async (flags) => {
    const guest = openRig().admit("climate", [CAN.publish("temperature")]);
    expect(await guest.call("mqtt_publish", "temperature", utf8("x"), flags)).toBe(SP.EINVAL);
    expect(guest.services.published).toEqual([]);
  });

  it("above the granted quality or size goes nowhere", async () => {
    const guest = openRig().admit("climate", [CAN.publish("temperature", { qos: 0, maxBytes: 3 })]);
    expect(await guest.call("mqtt_publish", "temperature", utf8("x"), 1)).toBe(SP.EDENIED);
    expect(await guest.call("mqtt_publish", "temperature", utf8("1234"), 0)).toBe(SP.ETOOBIG);
    expect(await guest.call("mqtt_publish", "temperature", utf8("123"), 0)).toBe(0);
    expect(guest.services.published).toHaveLength(1);
  });

  it("stops at the granted number a minute", async () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.publish("temperature", { perMin: 6 })]);
    for (let n = 0; n < 20; n += 1) await guest.call("mqtt_publish", "temperature", utf8("x"), 0);
    expect(guest.services.published).toHaveLength(6);
    clock.advance(10_000);
    expect(await guest.call("mqtt_publish", "temperature", utf8("x"), 0)).toBe(0);
    expect(await guest.call("mqtt_publish", "temperature", utf8("x"), 0)).toBe(SP.ERATE);
  });

  it("cannot be speeded up by refreshing the same grants again and again", async () => {
    const { admit } = openRig();
    const grants = [CAN.publish("temperature", { perMin: 6 })];
    const guest = admit("climate", grants);
    for (let n = 0; n < 20; n += 1) {
      await guest.call("mqtt_publish", "temperature", utf8("x"), 0);
      guest.holder.renew(grants, new Map());
    }
    expect(guest.services.published).toHaveLength(6);
  });
});

describe("a subscription", () => {
  it("brings the granted channel's messages and no others", async () => {
    const { admit } = openRig();
    const guest = admit("climate", [CAN.subscribe("target", 2), CAN.subscribe("mode")]);
    await guest.open("mqtt_subscribe", "target", 1);
    expect(guest.holder.deliver("target", utf8("19"))).toBe(true);
    expect(guest.holder.deliver("mode", utf8("not subscribed"))).toBe(false);
    expect(guest.holder.deliver("other", utf8("not granted"))).toBe(false);
    expect(guest.events).toHaveLength(1);
    const [event] = guest.events;
    expect(event).toMatchObject({ kind: EVENT.MESSAGE, queueLimit: 2 });
    expect(fromUtf8(event?.name ?? NOT_UTF8)).toBe("target");
    expect(fromUtf8(event?.payload ?? NOT_UTF8)).toBe("19");
  });

  it("to a channel that is not granted is denied and never reaches the services", async () => {
    const guest = openRig().admit("climate", [CAN.publish("target")]);
    expect(await guest.call("mqtt_subscribe", "target", 0)).toBe(SP.EDENIED);
    expect(guest.services.subscribed).toEqual([]);
  });

  it("ends when its handle is closed", async () => {
    const guest = openRig().admit("climate", [CAN.subscribe("target")]);
    const target = await guest.open("mqtt_subscribe", "target", 0);
    await guest.call("handle_close", target);
    expect(guest.holder.deliver("target", utf8("19"))).toBe(false);
  });

  it("of a quality that does not exist is refused", async () => {
    const guest = openRig().admit("climate", [CAN.subscribe("target")]);
    expect(await guest.call("mqtt_subscribe", "target", 2)).toBe(SP.EINVAL);
  });
});

describe("the key-value store", () => {
  it("gives back what was set; with a short buffer as much as fits, and the full length", async () => {
    const guest = openRig().admit("climate", [CAN.kv()]);
    expect(await guest.call("kv_set", "mode", utf8("heating"))).toBe(0);
    const { value, out } = await guest.answer("kv_get", ["mode"], 4);
    expect(value).toBe(7);
    expect(fromUtf8(out ?? NOT_UTF8)).toBe("heat");
    expect(await guest.call("kv_delete", "mode")).toBe(0);
    expect(await guest.call("kv_get", "mode")).toBe(SP.ENOENT);
    expect(await guest.call("kv_delete", "mode")).toBe(SP.ENOENT);
  });

  it("without a grant keeps and tells nothing", async () => {
    const guest = openRig().admit("climate", []);
    expect(await guest.call("kv_set", "a", utf8("1"))).toBe(SP.EDENIED);
    expect(await guest.call("kv_get", "a")).toBe(SP.EDENIED);
    expect(await guest.call("kv_delete", "a")).toBe(SP.EDENIED);
    expect(guest.services.rows.size).toBe(0);
  });

  it("holds no more bytes than granted, and counts the refusal", async () => {
    const guest = openRig().admit("climate", [CAN.kv(10)]);
    expect(await guest.call("kv_set", "a", utf8("123456789"))).toBe(0);
    expect(await guest.call("kv_set", "b", utf8("1"))).toBe(SP.EQUOTA);
    expect(guest.uses("kv")).toMatchObject({ refused: 1 });
  });

  it("is not written more often than granted: flash wears out", async () => {
    const guest = openRig().admit("climate", [CAN.kv(1000, 3)]);
    const codes = [];
    for (let n = 0; n < 5; n += 1) codes.push(await guest.call("kv_set", "a", utf8(`${n}`)));
    expect(codes).toEqual([0, 0, 0, SP.ERATE, SP.ERATE]);
    expect(await guest.call("kv_delete", "a")).toBe(SP.ERATE);
    expect(await guest.call("kv_get", "a")).toBe(1);
  });

  it("takes no empty key and no key that is not text", async () => {
    const guest = openRig().admit("climate", [CAN.kv()]);
    for (const key of ["", NOT_UTF8]) {
      expect(await guest.call("kv_set", key, utf8("1"))).toBe(SP.EINVAL);
      expect(await guest.call("kv_get", key)).toBe(SP.EINVAL);
      expect(await guest.call("kv_delete", key)).toBe(SP.EINVAL);
    }
  });

  it("that fails is an error for the guest and a line for the operator", async () => {
    const { admit, audits } = openRig();
    const guest = admit("climate", [CAN.kv(), CAN.publish("t"), CAN.subscribe("s")]);
    for (const [call, ...args] of [
      ["kv_set", "a", utf8("1")],
      ["kv_get", "a"],
      ["kv_delete", "a"],
      ["mqtt_publish", "t", utf8("1"), 0],
      ["mqtt_subscribe", "s", 0],
    ] as const) {
      guest.services.breaks = new Error("disk full");
      expect(await guest.call(call, ...args)).toBe(SP.EIO);
    }
    expect(JSON.stringify(audits)).toContain("disk full");
  });
});
