/** GPIO through the broker: a module reaches the line it was granted, in the direction and at the rate it was granted. */
import { describe, expect, it } from "vitest";
import { EVENT, SP } from "../../../runtime/index.ts";
import { CAN, openRig } from "./rig.ts";

const RISING = 1;
const FALLING = 2;
const BOTH = 3;
const IN = 0;
const OUT = 1;

describe("an output", () => {
  it("that is granted is driven and read back", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    expect(await guest.call("gpio_set", fan, 1)).toBe(0);
    expect(world.level("fan")).toBe(1);
    expect(await guest.call("gpio_get", fan)).toBe(1);
    expect(guest.uses("gpio:fan")).toMatchObject({ uses: 2, refused: 0 });
  });

  it("that is not granted looks exactly like one that does not exist", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    expect(await guest.call("gpio_open", "pump", OUT)).toBe(SP.EDENIED);
    expect(await guest.call("gpio_open", "no-such-line", OUT)).toBe(SP.EDENIED);
    expect(world.history("pump").filter((one) => one.why !== "board opened")).toEqual([]);
  });

  it("takes no level but 0 and 1", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    for (const level of [2, -1, 255]) expect(await guest.call("gpio_set", fan, level)).toBe(SP.EINVAL);
    expect(world.level("fan")).toBe(0);
  });

  it("is not switched faster than granted: a relay has a life of so many cycles", async () => {
    const { admit, world, clock } = openRig();
    const guest = admit("climate", [CAN.out("fan", { maxHz: 1 })]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    expect(await guest.call("gpio_set", fan, 1)).toBe(0);
    expect(await guest.call("gpio_set", fan, 0)).toBe(SP.ERATE);
    expect(world.level("fan")).toBe(1);
    clock.advance(1000);
    expect(await guest.call("gpio_set", fan, 0)).toBe(0);
    expect(world.level("fan")).toBe(0);
  });

  it("is one module's at a time", () => {
    const { admit, tryAdmit } = openRig();
    admit("climate", [CAN.out("fan")]);
    const second = tryAdmit("garden", [CAN.out("pump"), CAN.out("fan")]);
    expect(second.ok ? undefined : second.error.code).toBe("DEVICE_LINE_IN_USE");
    expect(second.ok ? undefined : second.error.facts).toMatchObject({ line: "fan", holder: "climate" });
    // The refusal took nothing: the other line is still free.
    expect(tryAdmit("other", [CAN.out("pump")]).ok).toBe(true);
  });

  it("cannot be watched: it has no edges of its own", async () => {
    const guest = openRig().admit("climate", [CAN.out("fan")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    expect(await guest.call("gpio_watch", fan, BOTH, 0)).toBe(SP.ENOSUP);
  });
});

describe("a direction", () => {
  it("that was not granted is denied, whatever the guest asks for", async () => {
    const { admit } = openRig();
    const guest = admit("climate", [CAN.in("button"), CAN.out("fan")]);
    expect(await guest.call("gpio_open", "button", OUT)).toBe(SP.EDENIED);
    expect(await guest.call("gpio_open", "fan", IN)).toBe(SP.EDENIED);
    expect(await guest.call("gpio_open", "fan", 2)).toBe(SP.EINVAL);
    expect(await guest.call("gpio_open", "fan", -1)).toBe(SP.EINVAL);
  });

  it("that the wiring does not have is unsupported", async () => {
    const guest = openRig().admit("climate", [CAN.in("fan")]);
    expect(await guest.call("gpio_open", "fan", IN)).toBe(SP.ENOSUP);
  });

  it("in is never driven", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.in("button")]);
    const button = await guest.open("gpio_open", "button", IN);
    expect(await guest.call("gpio_set", button, 1)).toBe(SP.EDENIED);
    expect(world.level("button")).toBe(0);
  });

  it("changed from out to in by new grants leaves the old handle no way to drive", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.out("fan")]);
    const fan = await guest.open("gpio_open", "fan", OUT);
    await guest.call("gpio_set", fan, 1);
    guest.holder.renew([CAN.in("fan")], new Map());
    expect(world.level("fan")).toBe(0);
    expect(await guest.call("gpio_set", fan, 1)).toBeLessThan(0);
    expect(world.level("fan")).toBe(0);
  });
});

describe("an input", () => {
  it("that the board does not have, though it is granted, is absent", async () => {
    const guest = openRig().admit("climate", [CAN.in("window")]);
    expect(await guest.call("gpio_open", "window", IN)).toBe(SP.ENOENT);
  });

  it("tells of the edges that were asked for, with the line's name and the level", async () => {
    const { admit, world } = openRig();
    const guest = admit("bell", [CAN.in("button")]);
    const button = await guest.open("gpio_open", "button", IN);
    expect(await guest.call("gpio_watch", button, RISING, 0)).toBe(0);
    for (const level of [1, 0, 1] as const) world.drive("button", level);
    expect(guest.events.map((one) => [one.kind, one.handle, one.arg])).toEqual([
      [EVENT.EDGE, button, 1],
      [EVENT.EDGE, button, 1],
    ]);
    expect(await guest.call("gpio_watch", button, FALLING, 0)).toBe(0);
    world.drive("button", 0);
    expect(guest.events.map((one) => one.arg)).toEqual([1, 1, 0]);
  });

  it("is told once per press, however the contact bounces", async () => {
    const { admit, world, clock } = openRig();
    const guest = admit("bell", [CAN.in("button")]);
    const button = await guest.open("gpio_open", "button", IN);
    await guest.call("gpio_watch", button, BOTH, 5000);
    for (const level of [1, 0, 1, 0, 1] as const) {
      world.drive("button", level);
      clock.advance(1);
    }
    expect(guest.events).toEqual([]);
    clock.advance(5);
    expect(guest.events.map((one) => one.arg)).toEqual([1]);
    world.drive("button", 0);
    world.drive("button", 1);
    clock.advance(100);
    expect(guest.events).toHaveLength(1);
  });

  it("is told no more often than granted, and never left at a wrong level", async () => {
    const { admit, world, clock } = openRig();
    const guest = admit("bell", [CAN.in("button", 2)]);
    const button = await guest.open("gpio_open", "button", IN);
    await guest.call("gpio_watch", button, BOTH, 0);
    for (let n = 0; n < 1001; n += 1) world.drive("button", n % 2 === 0 ? 1 : 0);
    expect(guest.events).toHaveLength(2);
    expect(guest.events.at(-1)?.arg).toBe(0);
    clock.advance(2000);
    expect(guest.events.at(-1)?.arg).toBe(1);
    expect(guest.events.length).toBeLessThanOrEqual(6);
  });

  it("is silent once its handle is closed or its watch is taken back", async () => {
    const { admit, world, clock } = openRig();
    const guest = admit("bell", [CAN.in("button")]);
    const first = await guest.open("gpio_open", "button", IN);
    await guest.call("gpio_watch", first, BOTH, 0);
    await guest.call("gpio_watch", first, 0, 0);
    const second = await guest.open("gpio_open", "button", IN);
    await guest.call("gpio_watch", second, BOTH, 1000);
    world.drive("button", 1);
    expect(await guest.call("handle_close", second)).toBe(0);
    clock.advance(10_000);
    expect(guest.events).toEqual([]);
    expect(clock.waiting).toBe(0);
    expect(await guest.call("gpio_watch", second, BOTH, 0)).toBe(SP.EBADF);
  });

  it("takes no edges that do not exist", async () => {
    const guest = openRig().admit("bell", [CAN.in("button")]);
    const button = await guest.open("gpio_open", "button", IN);
    for (const edges of [-1, 4, 255]) expect(await guest.call("gpio_watch", button, edges, 0)).toBe(SP.EINVAL);
  });
});
