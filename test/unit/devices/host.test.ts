/** The table of host functions and the bridge behind it: hostile calls end as numbers, and the operator is told in measure. */
import { describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { SP, signatureOf } from "../../../runtime/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { CAN, openRig } from "./rig.ts";

describe("the table of host functions", () => {
  it("has exactly the functions of sallyport.h, with their flat types", () => {
    const types = hostModule.functions.map((one) => {
      const { params, results } = signatureOf(one);
      return [one.name, `${params.join(" ")} -> ${results.join(" ")}`];
    });
    expect(Object.fromEntries(types)).toEqual({
      abi_version: " -> i32",
      log: "i32 i32 i32 -> i32",
      clock_now: "i32 -> i64",
      random_get: "i32 i32 -> i32",
      identity_get: "i32 i32 i32 -> i32",
      cap_query: "i32 i32 -> i32",
      gpio_open: "i32 i32 i32 -> i32",
      gpio_get: "i32 -> i32",
      gpio_set: "i32 i32 -> i32",
      gpio_watch: "i32 i32 i32 -> i32",
      sensor_open: "i32 i32 -> i32",
      sensor_read: "i32 i32 -> i32",
      sensor_watch: "i32 i32 -> i32",
      mqtt_publish: "i32 i32 i32 i32 i32 -> i32",
      mqtt_subscribe: "i32 i32 i32 -> i32",
      kv_get: "i32 i32 i32 i32 -> i32",
      kv_set: "i32 i32 i32 i32 -> i32",
      kv_delete: "i32 i32 -> i32",
      event_read: "i32 i32 i32 -> i32",
      handle_close: "i32 -> i32",
    });
  });

  it("is plain data, so that it can be sent to a worker", () => {
    expect(structuredClone(hostModule)).toEqual(hostModule);
  });

  it("promises nothing that the broker does not answer", async () => {
    const guest = openRig().admit("climate", []);
    for (const { name, answered } of hostModule.functions) {
      const value = await guest.call(name);
      if (answered.by === "broker") expect([name, value]).not.toEqual([name, SP.ENOSUP]);
      else expect([name, value]).toEqual([name, SP.ENOSUP]);
    }
  });
});

describe("a hostile call", () => {
  it.each([["gpio_burn"], ["__proto__"], ["constructor"], ["toString"], [""]])(
    "to %s is not supported",
    async (call) => {
      expect(
        await openRig()
          .admit("climate", [CAN.out("fan")])
          .call(call, "fan", 1),
      ).toBe(SP.ENOSUP);
    },
  );

  it("without its arguments, or with absurd ones, is a number and nothing else", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [
      CAN.out("fan"),
      CAN.sensor("room"),
      CAN.publish("t"),
      CAN.subscribe("s"),
      CAN.kv(),
    ]);
    const before = world.history().length;
    for (const { name } of hostModule.functions) {
      for (const args of [
        [],
        [-1, -1, -1],
        [2 ** 31, 2 ** 31],
        ["\0"],
        ["x".repeat(64), 1],
        [new Uint8Array([0xff]), 1],
      ]) {
        expect(await guest.call(name, ...args)).toBeLessThanOrEqual(0);
      }
    }
    expect(world.history()).toHaveLength(before);
  });

  it("with a handle of another kind or another module gets nowhere", async () => {
    const { admit, world } = openRig();
    const victim = admit("climate", [CAN.out("fan")]);
    const fan = await victim.open("gpio_open", "fan", 1);
    const thief = admit("garden", [CAN.subscribe("s"), CAN.kv()]);
    for (let guess = 0; guess < 4096; guess += 1) {
      if ((await thief.call("gpio_set", guess, 1)) !== SP.EBADF) throw new Error(`handle ${guess} was taken`);
    }
    expect(await thief.call("gpio_set", fan, 1)).toBe(SP.EBADF);
    const own = await thief.open("mqtt_subscribe", "s", 0);
    expect(await thief.call("gpio_set", own, 1)).toBe(SP.EBADF);
    expect(world.level("fan")).toBe(0);
  });

  it("that opens handles without end gets 64 and then a quota", async () => {
    const guest = openRig().admit("climate", [CAN.sensor("room")]);
    for (let n = 0; n < 64; n += 1) await guest.open("sensor_open", "room");
    expect(await guest.call("sensor_open", "room")).toBe(SP.EQUOTA);
  });
});

describe("asking for a capability", () => {
  it("tells granted from denied, and denied from nothing at all not", async () => {
    const guest = openRig().admit("climate", [CAN.out("fan"), CAN.kv(), { cap: "clock", resolution: "coarse" }]);
    for (const id of ["gpio:fan", "kv", "clock"]) expect([id, await guest.call("cap_query", id)]).toEqual([id, 0]);
    for (const id of ["gpio:pump", "gpio:no-such-line", "random"]) {
      expect([id, await guest.call("cap_query", id)]).toEqual([id, SP.EDENIED]);
    }
    expect(await guest.call("cap_query", "*")).toBe(SP.EINVAL);
  });
});

describe("the audit trail", () => {
  it("has the first refusal of a kind at once, then one line a minute that counts the rest", async () => {
    const { admit, audits, clock } = openRig();
    const guest = admit("climate", []);
    for (let n = 0; n < 50; n += 1) await guest.call("kv_get", "a");
    expect(audits).toEqual([{ module: "climate", capability: "kv", code: "SP_EDENIED", count: 1 }]);
    clock.advance(60_000);
    await guest.call("kv_get", "a");
    expect(audits.at(-1)).toMatchObject({ code: "SP_EDENIED", count: 50 });
    expect(audits).toHaveLength(2);
  });

  it("is not flooded by a guest that makes up names", async () => {
    const { admit, audits } = openRig();
    const guest = admit("climate", []);
    for (let n = 0; n < 500; n += 1) await guest.call("gpio_open", `line-${n}`, 1);
    expect(audits.length).toBeLessThan(10);
  });

  it("is not flooded by a driver that fails", async () => {
    const { admit, audits } = openRig();
    const guest = admit("climate", [CAN.kv(100, 600_000)]);
    for (let n = 0; n < 500; n += 1) {
      guest.services.breaks = new Error(`write ${n} failed`);
      expect(await guest.call("kv_set", "a", utf8("1"))).toBe(SP.EIO);
    }
    expect(audits.length).toBeGreaterThan(0);
    expect(audits.length).toBeLessThan(10);
  });

  it("keeps kinds apart: a revocation is not hidden behind yesterday's rate", async () => {
    const { admit, audits } = openRig();
    const guest = admit("climate", [CAN.sensor("room", 1)]);
    const room = await guest.open("sensor_open", "room");
    for (let n = 0; n < 3; n += 1) await guest.call("sensor_read", room);
    guest.holder.revoke("sensor:room", "r-1");
    await guest.call("sensor_read", room);
    expect(audits.map((one) => one.code)).toEqual(["SP_ERATE", "SP_EREVOKED"]);
  });
});
