/** What the past is kept in: the host's answers, and marks that grow fewer. */
import { describe, expect, it } from "vitest";
import { HISTORY_LIMITS, History } from "../../../../runtime/debug/history.ts";
import { type GuestMemory, HostLog } from "../../../../runtime/debug/host-log.ts";

function memory(): GuestMemory & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(16);
  return {
    bytes,
    size: bytes.length,
    read: (address, length) => bytes.slice(address, address + length),
    write(address, from) {
      if (address + from.length > bytes.length) return false;
      bytes.set(from, address);
      return true;
    },
  };
}

describe("the host's answers", () => {
  it("are repeated with what was written to memory and what was thrown", () => {
    const log = new HostLog();
    let asked = 0;
    const host = (_: unknown, to: GuestMemory) => {
      asked += 1;
      to.write(asked, Uint8Array.of(asked));
      to.write(100, Uint8Array.of(1));
      if (asked === 3) throw new Error("enough");
      return [{ type: "i32", value: asked } as const];
    };
    const first = memory();
    const say = (to: GuestMemory) => log.call(host, [], to);
    expect([say(first), say(first)]).toEqual([[{ type: "i32", value: 1 }], [{ type: "i32", value: 2 }]]);
    expect(() => say(first)).toThrow("enough");
    log.rewind(1);
    const second = memory();
    expect(say(second)).toEqual([{ type: "i32", value: 2 }]);
    expect(() => say(second)).toThrow("enough");
    expect([...second.bytes.subarray(0, 4)]).toEqual([0, 0, 2, 3]);
    expect(asked).toBe(3);
    expect(log.atEnd).toBe(true);
  });

  it("are what the host wrote at the time, though it uses its buffer again", () => {
    const log = new HostLog();
    const buffer = Uint8Array.of(1);
    const host = (_: unknown, to: GuestMemory) => {
      to.write(0, buffer);
      buffer[0] = 99;
      return [];
    };
    log.call(host, [], memory());
    log.rewind(0);
    const again = memory();
    log.call(host, [], again);
    expect(again.bytes[0]).toBe(1);
  });

  it("can be forgotten from the front, and no further back than that is gone", () => {
    const log = new HostLog();
    for (let n = 0; n < 5; n += 1) log.call(() => [{ type: "i32", value: n }], [], memory());
    const whole = log.cost;
    log.forgetBefore(3);
    expect(log.cost).toBeLessThan(whole);
    expect(() => log.rewind(2)).toThrow("not in the log");
    log.rewind(3);
    expect(log.call(() => [], [], memory())).toEqual([{ type: "i32", value: 3 }]);
  });
});

describe("marks", () => {
  const mark = (position: number, size = 10) => ({
    position,
    file: new Uint8Array(size),
    answers: position,
    note: undefined,
  });

  it("stay few however long the run, the first among them, at growing distances", () => {
    const history = new History<undefined>({ ...HISTORY_LIMITS, marks: 8, distance: 100 });
    for (let position = 0; position < 1_000_000; position += 10) {
      if (position >= history.dueAt(0)) history.add(mark(position));
    }
    const positions = history.marks.map((one) => one.position);
    expect(positions.length).toBeLessThanOrEqual(8);
    expect(positions.length).toBeGreaterThanOrEqual(4);
    expect(positions[0]).toBe(0);
    const gaps = positions.slice(1).map((one, n) => one - (positions[n] ?? 0));
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThanOrEqual(2);
  });

  it("are further apart when there is much memory to write down", () => {
    const history = new History<undefined>({ ...HISTORY_LIMITS, distance: 100 });
    history.add(mark(0));
    expect(history.dueAt(65_536)).toBe(16_384);
  });

  it("take no more bytes than they may, as long as there are two", () => {
    const history = new History<undefined>({ ...HISTORY_LIMITS, bytes: 1000, distance: 1 });
    for (let position = 0; position < 50; position += 1) history.add(mark(position, 300));
    expect(history.marks.length).toBeLessThanOrEqual(3);
    history.add(mark(99, 5000));
    expect(history.marks.map(({ position }) => position)).toEqual([0]);
  });

  it("are given up from the oldest, but not the last", () => {
    const history = new History<undefined>(HISTORY_LIMITS);
    history.add(mark(0));
    history.add(mark(10));
    expect(history.forgetOldest()).toBe(10);
    expect(history.forgetOldest()).toBeUndefined();
  });
});
