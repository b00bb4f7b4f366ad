/** Authority that ends: at the next call, for good, with outputs safe, whatever the guest still holds in its hands. */
import { describe, expect, it } from "vitest";
import { EVENT, SP } from "../../../runtime/index.ts";
import type { Capability } from "../../../runtime/kernel/authority/capability.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { BOARD, CAN, name, openRig } from "./rig.ts";

const NONE = new Map<string, string>();
const OUT = 1;
const CLOCK: Capability = { cap: "clock", resolution: "fine" };
const RANDOM: Capability = { cap: "random" };
const IDENTITY: Capability = { cap: "identity", what: ["device-id", "module"] };

describe("a revocation", () => {
  it("ends a module's hold on a line between two calls and leaves the line safe", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan", { safe: "low" }), CAN.sensor("room")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    await guest.call("gpio_set", fan, 1);
    expect(guest.holder.revoke("gpio:fan", "r-7")).toEqual(["gpio:fan"]);
    expect(world.level("fan")).toBe(0);
    expect(await guest.call("gpio_set", fan, 1)).toBe(SP.EREVOKED);
    expect(await guest.call("gpio_get", fan)).toBe(SP.EREVOKED);
    expect(await guest.call("gpio_open", "fan", OUT)).toBe(SP.EREVOKED);
    expect(await guest.call("cap_query", "gpio:fan")).toBe(SP.EREVOKED);
    expect(world.level("fan")).toBe(0);
    expect(guest.told).toEqual(["gpio:fan"]);
    // Nothing else is touched.
    expect(await guest.open("sensor_open", "room")).toBeGreaterThan(0);
  });

  it.each([
    ["low", 0],
    ["high", 1],
  ] as const)("drives a line whose safe level is %s to %i", async (safe, level) => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan", { safe })]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    await guest.call("gpio_set", fan, 1 - level);
    guest.holder.revoke("gpio:fan", "r-1");
    expect(world.level("fan")).toBe(level);
  });

  it("leaves a line that shall keep its level as it is", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan", { safe: "keep" })]);
    await guest.call("gpio_set", await guest.open("gpio_open", "fan", OUT), 1);
    guest.holder.revoke("gpio:fan", "r-1");
    expect(world.level("fan")).toBe(1);
  });

  it("reaches every kind of call", async () => {
    const { admit, world } = openRig();
    const capabilities = [CAN.sensor("room"), CAN.in("button"), CAN.publish("t"), CAN.subscribe("s"), CAN.kv()];
    const guest = admit("climate", capabilities);
    const room = await guest.open("sensor_open", "room");
    const button = await guest.open("gpio_open", "button", 0);
    await guest.call("gpio_watch", button, 3, 0);
    await guest.open("mqtt_subscribe", "s", 0);
    expect(guest.holder.revoke("*", "r-all")).toHaveLength(5);
    for (const [call, ...args] of [
      ["sensor_read", room],
      ["sensor_watch", room, 100],
      ["sensor_open", "room"],
      ["gpio_get", button],
      ["gpio_watch", button, 3, 0],
      ["mqtt_publish", "t", utf8("x"), 0],
      ["mqtt_subscribe", "s", 0],
      ["kv_get", "a"],
      ["kv_set", "a", utf8("1")],
      ["kv_delete", "a"],
    ] as const) {
      expect([call, await guest.call(call, ...args)]).toEqual([call, SP.EREVOKED]);
    }
    world.drive("button", 1);
    expect(guest.holder.deliver("s", utf8("late"))).toBe(false);
    expect(guest.services.published).toEqual([]);
    expect(guest.events.map((one) => one.kind)).toEqual(Array(5).fill(EVENT.REVOKED));
  });

  it("is reported with its id and the time, and counts once however often it is repeated", () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    expect(guest.holder.revoke("sensor:room", "r-1")).toEqual(["sensor:room"]);
    const at = clock.now();
    clock.advance(5000);
    expect(guest.holder.revoke("sensor:room", "r-2")).toEqual([]);
    expect(guest.holder.revoke("*", "r-3")).toEqual([]);
    expect(guest.holder.revoke("sensor:other", "r-4")).toEqual([]);
    expect(guest.holder.report().revoked).toEqual([{ id: "sensor:room", revocation: "r-1", t: at }]);
    expect(guest.told).toEqual(["sensor:room"]);
  });

  it("survives the module's restart: a new life begins without it", async () => {
    const { admit } = openRig();
    const guest = admit("climate", [CAN.out("fan"), CAN.kv()], new Map([["gpio:fan", "r-1"]]));
    expect(await guest.call("gpio_open", "fan", OUT)).toBe(SP.EREVOKED);
    expect(await guest.call("kv_set", "a", utf8("1"))).toBe(0);
    const all = admit("garden", [CAN.kv()], new Map([["*", "r-2"]]));
    expect(await all.call("kv_set", "a", utf8("1"))).toBe(SP.EREVOKED);
  });

  it("holds although the line itself cannot be driven any more, and the operator hears of that", async () => {
    const { admit, board, audits } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    const line = board.lines.get("fan");
    Object.assign(line ?? {}, {
      set() {
        throw new Error("expander gone");
      },
    });
    expect(await guest.call("gpio_set", fan, 1)).toBe(SP.EIO);
    expect(guest.holder.revoke("gpio:fan", "r-1")).toEqual(["gpio:fan"]);
    expect(await guest.call("gpio_set", fan, 1)).toBe(SP.EREVOKED);
    expect(audits.some((one) => one.capability === "gpio:fan" && one.code.includes("expander gone"))).toBe(true);
  });
});

describe("rights that the guest's worker answers by itself", () => {
  it("are what was granted and not revoked", () => {
    const { admit } = openRig();
    const guest = admit("climate", [CLOCK, RANDOM, IDENTITY], new Map([["random", "r-1"]]));
    expect(guest.holder.local).toEqual({ clock: "fine", identity: ["device-id", "module"] });
    expect(admit("garden", []).holder.local).toEqual({});
  });

  it("end in the worker when they are revoked", () => {
    const guest = openRig().admit("climate", [CLOCK, RANDOM]);
    const ended: string[] = [];
    guest.holder.bindLocal((right) => void ended.push(right));
    guest.holder.revoke("clock", "r-1");
    expect(ended).toEqual(["clock"]);
    guest.holder.revoke("*", "r-2");
    expect(ended).toEqual(["clock", "random"]);
  });

  it("end also when they were revoked while the worker was still starting", () => {
    const guest = openRig().admit("climate", [CLOCK]);
    const granted = guest.holder.local;
    guest.holder.revoke("clock", "r-1");
    const ended: string[] = [];
    guest.holder.bindLocal((right) => void ended.push(right));
    expect(granted.clock).toBe("fine");
    expect(ended).toEqual(["clock"]);
  });

  it("are those of the moment for a life's next worker, which is told only what ends after that", () => {
    const guest = openRig().admit("climate", [CLOCK, RANDOM]);
    guest.holder.bindLocal(() => undefined);
    guest.holder.revoke("clock", "r-1");
    guest.holder.unbindLocal();
    expect(guest.holder.local).toEqual({ random: true });
    guest.holder.revoke("random", "r-2");
    const ended: string[] = [];
    guest.holder.bindLocal((right) => void ended.push(right));
    expect(ended).toEqual(["random"]);
  });

  it("have directories among them, where the board has them", () => {
    const board = { ...BOARD, dataDirectory: "/srv/data", directories: [{ name: "spool" }] };
    const spool = { cap: "dir", name: name("spool"), mode: "rw", bytes: 4096 } as const;
    const guest = openRig(board).admit("job", [spool, { ...spool, name: name("elsewhere") }]);
    const granted = { name: "spool", hostPath: "/srv/data/spool", mode: "rw", bytes: 4096 };
    expect(guest.holder.local).toEqual({ directories: [granted] });
    const ended: string[] = [];
    guest.holder.bindLocal((right) => void ended.push(right));
    guest.holder.renew([{ ...spool, bytes: 5000 }], NONE);
    expect(ended).toEqual(["dir:elsewhere"]);
    guest.holder.renew([{ ...spool, bytes: 4000 }], NONE);
    expect(ended).toEqual(["dir:elsewhere", "dir:spool"]);
    expect(guest.holder.local).toEqual({ directories: [{ ...granted, bytes: 4000 }] });
    guest.holder.revoke("*", "r-1");
    expect(guest.holder.local).toEqual({});
  });

  it("end when new grants give less of them: a worker knows no half", () => {
    const guest = openRig().admit("climate", [CLOCK, IDENTITY, RANDOM]);
    const ended: string[] = [];
    guest.holder.bindLocal((right) => void ended.push(right));
    guest.holder.renew([{ cap: "clock", resolution: "coarse" }, IDENTITY, RANDOM], NONE);
    expect(ended).toEqual(["clock"]);
    guest.holder.renew([{ cap: "clock", resolution: "coarse" }, { cap: "identity", what: ["module"] }, RANDOM], NONE);
    expect(ended).toEqual(["clock", "identity"]);
  });
});

describe("new grants for a running module", () => {
  it("that leave a line out end it like a revocation", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan"), CAN.kv()]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    await guest.call("gpio_set", fan, 1);
    guest.holder.renew([CAN.kv()], NONE);
    expect(world.level("fan")).toBe(0);
    expect(await guest.call("gpio_set", fan, 1)).toBe(SP.EREVOKED);
    expect(guest.told).toEqual(["gpio:fan"]);
    expect(await guest.call("kv_set", "a", utf8("1"))).toBe(0);
  });

  it("that lift a revocation give the line back, without a restart", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    guest.holder.revoke("gpio:fan", "r-1");
    guest.holder.renew([CAN.out("fan")], new Map([["gpio:fan", "r-1"]]));
    expect(await guest.call("gpio_open", "fan", OUT)).toBe(SP.EREVOKED);
    guest.holder.renew([CAN.out("fan")], NONE);
    const fan = await guest.open("gpio_open", "fan", OUT);
    expect(await guest.call("gpio_set", fan, 1)).toBe(0);
    expect(world.level("fan")).toBe(1);
  });

  it("with another rate or size apply to the next call, and counters go on", async () => {
    const { admit } = openRig();
    const guest = admit("climate", [CAN.publish("t", { maxBytes: 100 })]);
    await guest.call("mqtt_publish", "t", utf8("12345"), 0);
    guest.holder.renew([CAN.publish("t", { maxBytes: 3 })], NONE);
    expect(await guest.call("mqtt_publish", "t", utf8("12345"), 0)).toBe(SP.ETOOBIG);
    expect(guest.uses("publish:t")).toMatchObject({ refused: 1, detail: { maxBytes: 3 } });
    expect(guest.uses("publish:t")?.uses).toBeGreaterThanOrEqual(1);
  });

  it("free a line they leave out for the next module", () => {
    const { admit, tryAdmit } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    guest.holder.renew([], NONE);
    expect(tryAdmit("garden", [CAN.out("fan")]).ok).toBe(true);
  });

  it("never give two modules one output, and say so to the operator", async () => {
    const { admit, world, audits } = openRig();
    const holder = admit("climate", [CAN.out("fan")]);
    const other = admit("garden", [CAN.kv()]);
    other.holder.renew([CAN.kv(), CAN.out("fan")], NONE);
    expect(await other.call("gpio_open", "fan", OUT)).toBeLessThan(0);
    expect(audits.some((one) => one.module === "garden" && one.capability === "gpio:fan")).toBe(true);
    // Nor does the loser's end touch the winner's line.
    const fan = await holder.open("gpio_open", "fan", OUT);
    await holder.call("gpio_set", fan, 1);
    other.holder.release("stop");
    expect(world.level("fan")).toBe(1);
  });

  it("that add a free line claim it against everybody else", async () => {
    const { admit, tryAdmit } = openRig();
    const guest = admit("climate", [CAN.kv()]);
    guest.holder.renew([CAN.kv(), CAN.out("fan")], NONE);
    await guest.open("gpio_open", "fan", OUT);
    const second = tryAdmit("garden", [CAN.out("fan")]);
    expect(second.ok ? undefined : second.error.code).toBe("DEVICE_LINE_IN_USE");
  });
});

describe("the end of a life", () => {
  it.each(["stop", "crash", "replace"] as const)("by %s leaves outputs safe and the port dead", async (why) => {
    const { admit, world, clock } = openRig();
    const guest = admit("climate", [
      CAN.out("fan"),
      CAN.sensor("room"),
      CAN.in("button"),
      CAN.kv(),
      CAN.subscribe("s"),
    ]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    const room = await guest.open("sensor_open", "room");
    const button = await guest.open("gpio_open", "button", 0);
    await guest.open("mqtt_subscribe", "s", 0);
    await guest.call("sensor_watch", room, 100);
    await guest.call("gpio_watch", button, 3, 0);
    await guest.call("gpio_set", fan, 1);
    guest.holder.release(why);
    expect(clock.waiting).toBe(0);
    expect(world.level("fan")).toBe(0);
    for (const [call, ...args] of [
      ["gpio_set", fan, 1],
      ["gpio_open", "fan", OUT],
      ["sensor_read", room],
      ["kv_set", "a", utf8("1")],
      ["handle_close", fan],
    ] as const) {
      expect([SP.EBADF, SP.EREVOKED]).toContain(await guest.call(call, ...args));
    }
    world.drive("button", 1);
    clock.advance(10_000);
    expect(guest.holder.deliver("s", utf8("late"))).toBe(false);
    expect(guest.events).toEqual([]);
    expect(guest.services.rows.size).toBe(0);
    expect(world.level("fan")).toBe(0);
  });

  it("cannot reach into the successor's life", async () => {
    const { admit, world } = openRig();
    const old = admit("climate", [CAN.out("fan")]);
    const stale = await old.open("gpio_open", "fan", OUT);
    old.holder.release("replace");
    const next = admit("climate", [CAN.out("fan")]);
    await next.call("gpio_set", await next.open("gpio_open", "fan", OUT), 1);
    await old.call("gpio_set", stale, 0);
    old.holder.release("crash");
    old.holder.revoke("*", "late");
    old.holder.renew([], NONE);
    expect(world.level("fan")).toBe(1);
    expect(old.told).toEqual([]);
  });

  it("is forced by the next life of the same module: there is never a second one beside it", async () => {
    const { admit, tryAdmit, world } = openRig();
    const old = admit("climate", [CAN.out("fan")]);
    const stale = await old.open("gpio_open", "fan", OUT);
    const next = admit("climate", [CAN.out("fan")]);
    const fan = await next.open("gpio_open", "fan", OUT);
    await next.call("gpio_set", fan, 1);
    expect(await old.call("gpio_set", stale, 0)).toBe(SP.EREVOKED);
    old.holder.release("stop");
    expect(world.level("fan")).toBe(1);
    // And the claim is the successor's, not lost with the old life.
    expect(tryAdmit("garden", [CAN.out("fan")]).ok).toBe(false);
  });

  it("frees its lines for others", () => {
    const { admit, tryAdmit } = openRig();
    admit("climate", [CAN.out("fan")]).holder.release("stop");
    expect(tryAdmit("garden", [CAN.out("fan")]).ok).toBe(true);
  });
});
