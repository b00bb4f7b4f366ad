/** poll_oneoff over clocks, input and what can never be; and sockets that the embedder opened. */
import { describe, expect, it } from "vitest";
import type { WasiSocket } from "../../../../runtime/wasi/index.ts";
import { type Guest, guestOf } from "./rig.ts";

describe("waiting", () => {
  const clockOf = () => {
    let now = 0n;
    const waits: number[] = [];
    return {
      waits,
      clocks: { realtime: () => 1_000_000_000n + now, monotonic: () => now },
      wait: (ms: number): undefined => {
        waits.push(ms);
        now += BigInt(Math.ceil(ms * 1e6));
      },
    };
  };

  function subscribe(
    guest: Guest,
    n: number,
    kind: "clock" | "read" | "write",
    value: number,
    at = 0n,
    absolute = false,
    id = 1,
  ) {
    const base = n * 48;
    guest.bytes.fill(0, base, base + 48);
    guest.view.setBigUint64(base, BigInt(n + 100), true);
    guest.bytes[base + 8] = kind === "clock" ? 0 : kind === "read" ? 1 : 2;
    guest.view.setUint32(base + 16, kind === "clock" ? id : value, true);
    if (kind === "clock") guest.view.setBigUint64(base + 24, at, true);
    if (kind === "clock") guest.view.setUint16(base + 40, absolute ? 1 : 0, true);
  }

  const events = (guest: Guest, at: number) =>
    Array.from({ length: guest.out() }, (_, n) => [
      guest.view.getBigUint64(at + n * 32, true),
      guest.view.getUint16(at + n * 32 + 8, true),
    ]);

  it("ends with the first clock, relative or absolute, of either kind", () => {
    const world = clockOf();
    const guest = guestOf(world);
    subscribe(guest, 0, "clock", 0, 9_000_000n);
    subscribe(guest, 1, "clock", 0, 5_000_000n);
    expect(guest.call("poll_oneoff", 0, 4096, 2, guest.OUT)).toBe("success");
    expect(world.waits).toEqual([5]);
    expect(events(guest, 4096)).toEqual([[101n, 0]]);
    subscribe(guest, 0, "clock", 0, 1_007_000_000n, true, 0);
    expect(guest.call("poll_oneoff", 0, 4096, 1, guest.OUT)).toBe("success");
    expect(world.waits).toEqual([5, 2]);
  });

  it("does not begin when something is ready, and says what can never be", () => {
    const world = clockOf();
    const guest = guestOf({ ...world, stdin: { read: () => 0, ready: () => false } });
    subscribe(guest, 0, "write", 1);
    subscribe(guest, 1, "read", 0);
    subscribe(guest, 2, "read", 77);
    subscribe(guest, 3, "clock", 0, 5n, false, 9);
    expect(guest.call("poll_oneoff", 0, 4096, 4, guest.OUT)).toBe("success");
    expect(events(guest, 4096)).toEqual([
      [100n, 0],
      [102n, 8],
      [103n, 28],
    ]);
    expect(world.waits).toEqual([]);
    expect(guest.call("poll_oneoff", 0, 4096, 0, guest.OUT)).toBe("inval");
    expect(guest.call("poll_oneoff", 0, 4096, 1_000_000, guest.OUT)).toBe("inval");
  });

  it("waits for input as long as a clock allows", () => {
    const world = clockOf();
    const waited: number[] = [];
    const ready = (ms: number) => {
      waited.push(ms);
      world.wait(ms);
      return false;
    };
    const guest = guestOf({ ...world, stdin: { read: () => 0, ready } });
    subscribe(guest, 0, "read", 0);
    subscribe(guest, 1, "clock", 0, 3_000_000n);
    expect(guest.call("poll_oneoff", 0, 4096, 2, guest.OUT)).toBe("success");
    expect(Math.max(...waited)).toBe(3);
    expect(events(guest, 4096)).toEqual([[101n, 0]]);
  });

  it("is broken off when the embedder says so", () => {
    const guest = guestOf({ ...clockOf(), wait: () => "stop" });
    subscribe(guest, 0, "clock", 0, 1n << 60n);
    expect(guest.call("poll_oneoff", 0, 4096, 1, guest.OUT)).toBe("intr");
  });
});

describe("sockets", () => {
  it("that were opened by the embedder receive, send, accept and end; nothing else is a socket", () => {
    const sent: string[] = [];
    const ended: string[] = [];
    let pending: WasiSocket | undefined = {
      receive: (into) => {
        into.set([104, 105]);
        return 2;
      },
      send: (bytes) => {
        sent.push(new TextDecoder().decode(bytes));
        return bytes.length;
      },
      shutdown: (how) => ended.push(how),
    };
    const listener: WasiSocket = {
      accept: () => {
        const one = pending;
        pending = undefined;
        return one;
      },
    };
    const guest = guestOf({ sockets: [listener] });
    expect(guest.call("sock_accept", 3, 0, guest.OUT)).toBe("success");
    const fd = guest.out();
    expect(guest.call("sock_accept", 3, 0, guest.OUT)).toBe("again");
    expect(guest.read(fd)).toBe("hi");
    expect(guest.write(fd, "yes")).toBe(3);
    expect(guest.call("sock_recv", fd, 0, 1, 0, guest.OUT, guest.OUT + 4)).toBe("success");
    expect(guest.call("sock_send", fd, 0, 0, 0, guest.OUT)).toBe("success");
    expect(guest.call("sock_shutdown", fd, 3)).toBe("success");
    expect({ sent, ended }).toEqual({ sent: ["yes"], ended: ["both"] });
    expect(guest.call("sock_shutdown", 1, 3)).toBe("notsock");
    expect(guest.call("sock_recv", 77, 0, 1, 0, 0, 0)).toBe("badf");
    expect(guest.call("fd_seek", fd, 0n, 0, guest.OUT)).toBe("spipe");
  });
});
