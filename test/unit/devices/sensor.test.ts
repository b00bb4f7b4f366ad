/** Sensors through the broker: what was granted is read, at most as often as granted, and a broken one breaks nothing. */
import { describe, expect, it } from "vitest";
import { UNITS } from "../../../devices/index.ts";
import { EVENT, SP } from "../../../runtime/index.ts";
import { CAN, openRig, settled } from "./rig.ts";

describe("reading a sensor", () => {
  it("gives value, time, quality and unit as sallyport.h lays them out", async () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    const { value, out } = await guest.answer("sensor_read", [room], 24);
    expect(value).toBe(0);
    const view = new DataView((out ?? new Uint8Array(0)).buffer);
    expect(view.byteLength).toBe(24);
    expect(view.getFloat64(0, true)).toBe(21.5);
    expect(view.getBigInt64(8, true)).toBe(BigInt(clock.now()) * 1_000_000n);
    expect(view.getUint32(16, true)).toBe(2);
    expect(view.getUint32(20, true)).toBe(UNITS.celsius);
  });

  it("that is not granted, or does not exist, or has another's handle, gives nothing", async () => {
    const { admit } = openRig();
    const guest = admit("climate", [CAN.sensor("room"), CAN.in("button")]);
    expect(await guest.call("sensor_open", "silent")).toBe(SP.EDENIED);
    expect(await guest.call("sensor_open", "no-such-sensor")).toBe(SP.EDENIED);
    const button = await guest.open("gpio_open", "button", 0);
    expect(await guest.call("sensor_read", button)).toBe(SP.EBADF);
    expect(await guest.call("sensor_read", 4711)).toBe(SP.EBADF);
  });

  it("that is granted and not on this machine is absent", async () => {
    const guest = openRig().admit("climate", [CAN.sensor("absent")]);
    expect(await guest.call("sensor_open", "absent")).toBe(SP.ENOENT);
  });

  it("that has no value yet says so", async () => {
    const { admit, world } = openRig();
    const guest = admit("climate", [CAN.sensor("silent")]);
    const silent = await guest.open("sensor_open", "silent");
    expect(await guest.call("sensor_read", silent)).toBe(SP.EAGAIN);
    world.setSensor("silent", 400);
    expect(await guest.call("sensor_read", silent)).toBe(0);
  });

  it("happens no more often than granted", async () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room", 2)]);
    const room = await guest.open("sensor_open", "room");
    const codes = [];
    for (let n = 0; n < 5; n += 1) codes.push(await guest.call("sensor_read", room));
    expect(codes).toEqual([0, 0, SP.ERATE, SP.ERATE, SP.ERATE]);
    clock.advance(500);
    expect(await guest.call("sensor_read", room)).toBe(0);
    expect(guest.uses("sensor:room")).toMatchObject({ uses: 3, refused: 3 });
  });

  it("that fails is an error for the guest and a line for the operator, and next time it may work", async () => {
    const { admit, audits, board } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    breakOnce(board, "room", () => {
      throw new Error("bus is stuck");
    });
    expect(await guest.call("sensor_read", room)).toBe(SP.EIO);
    expect(JSON.stringify(audits)).toContain("bus is stuck");
    expect(await guest.call("sensor_read", room)).toBe(0);
  });

  it("that never answers costs the guest its time-out, not its life", async () => {
    const { admit, board, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    breakOnce(board, "room", () => new Promise(() => undefined));
    const answer = guest.call("sensor_read", room);
    await settled();
    clock.advance(1000);
    expect(await answer).toBe(SP.ETIMEDOUT);
  });

  it("by two modules at once touches the hardware once", async () => {
    const { admit, board } = openRig();
    const guests = [admit("climate", [CAN.sensor("room")]), admit("garden", [CAN.sensor("room")])];
    const room = board.sensors.get("room");
    const reading = room?.read();
    let touched = 0;
    Object.assign(room ?? {}, {
      async read() {
        touched += 1;
        return reading;
      },
    });
    const handles = await Promise.all(guests.map((one) => one.open("sensor_open", "room")));
    const answers = guests.map((one, index) => one.call("sensor_read", handles[index] ?? 0));
    expect(await Promise.all(answers)).toEqual([0, 0]);
    expect(touched).toBe(1);
    expect(await guests[0]?.call("sensor_read", handles[0] ?? 0)).toBe(0);
    expect(touched).toBe(2);
  });

  it("leaves no timer behind when it answers in time", async () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    await guest.call("sensor_read", await guest.open("sensor_open", "room"));
    expect(clock.waiting).toBe(0);
  });

  it("that answers after the revocation is nobody's reading any more", async () => {
    const { admit, board } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const real = board.sensors.get("room");
    breakOnce(board, "room", async () => {
      await promise;
      return real?.read();
    });
    const answer = guest.call("sensor_read", room);
    guest.holder.revoke("sensor:room", "r-1");
    resolve(undefined);
    expect(await answer).toBe(SP.EREVOKED);
  });
});

describe("watching a sensor", () => {
  it("brings a sample each period until it is taken back", async () => {
    const { admit, clock, world } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    expect(await guest.call("sensor_watch", room, 100)).toBe(0);
    for (const value of [20, 21, 22]) {
      world.setSensor("room", value);
      clock.advance(100);
      await settled();
    }
    expect(guest.events.map((one) => [one.kind, one.handle])).toEqual(Array(3).fill([EVENT.SAMPLE, room]));
    const values = guest.events.map((one) =>
      new DataView((one.payload ?? new Uint8Array(24)).buffer).getFloat64(0, true),
    );
    expect(values).toEqual([20, 21, 22]);
    expect(await guest.call("sensor_watch", room, 0)).toBe(0);
    clock.advance(1000);
    await settled();
    expect(guest.events).toHaveLength(3);
    expect(clock.waiting).toBe(0);
  });

  it("with a period below the granted rate gives no more than granted", async () => {
    const { admit, clock } = openRig();
    const guest = admit("climate", [CAN.sensor("room", 2)]);
    const room = await guest.open("sensor_open", "room");
    await guest.call("sensor_watch", room, 1);
    for (let n = 0; n < 400; n += 1) {
      clock.advance(10);
      await settled();
    }
    expect(guest.events.length).toBeGreaterThan(5);
    expect(guest.events.length).toBeLessThanOrEqual(9);
  });

  it("that fails, at once or later, skips samples and goes on; the agent lives", async () => {
    const { admit, clock, board } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    await guest.call("sensor_watch", room, 100);
    breakOnce(board, "room", () => {
      throw new Error("at once");
    });
    clock.advance(100);
    await settled();
    breakOnce(board, "room", () => Promise.reject(new Error("later")));
    clock.advance(100);
    await settled();
    expect(guest.events).toEqual([]);
    clock.advance(100);
    await settled();
    expect(guest.events).toHaveLength(1);
  });

  it("ends with the revocation, also for a sample that is on its way", async () => {
    const { admit, clock, board } = openRig();
    const guest = admit("climate", [CAN.sensor("room")]);
    const room = await guest.open("sensor_open", "room");
    await guest.call("sensor_watch", room, 100);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const real = board.sensors.get("room");
    breakOnce(board, "room", async () => {
      await promise;
      return real?.read();
    });
    clock.advance(100);
    guest.holder.revoke("sensor:room", "r-1");
    resolve(undefined);
    await settled();
    clock.advance(1000);
    await settled();
    expect(guest.events.map((one) => one.kind)).toEqual([EVENT.REVOKED]);
    expect(clock.waiting).toBe(0);
  });
});

/** The next reading of a sensor of the board comes out otherwise; the one after that is its own again. */
function breakOnce(board: ReturnType<typeof openRig>["board"], name: string, read: () => unknown): void {
  const sensor = board.sensors.get(name);
  if (sensor === undefined) throw new Error(`the board has no ${name}`);
  const own = sensor.read.bind(sensor);
  Object.assign(sensor, {
    read() {
      Object.assign(sensor, { read: own });
      return read();
    },
  });
}
