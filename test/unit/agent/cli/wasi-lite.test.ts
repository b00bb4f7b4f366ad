/** The small WASI: what it gives a program, and that no address of the program's leads outside its memory. */
import { describe, expect, it } from "vitest";
import { GuestExit, WASI_MODULE, wasiLite } from "../../../../agent/cli/wasi-lite.ts";
import type { GuestMemory } from "../../../../runtime/debug/index.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";

function world(stdin = "") {
  const bytes = new Uint8Array(256);
  const written: string[] = [];
  const within = (address: number, length: number) => address + length <= bytes.length;
  const memory: GuestMemory = {
    size: bytes.length,
    read: (address, length) => (within(address, length) ? bytes.slice(address, address + length) : undefined),
    write(address, from) {
      if (!within(address, from.length)) return false;
      bytes.set(from, address);
      return true;
    },
  };
  const hosts = wasiLite({
    args: ["prog", "é"],
    env: ["A=1"],
    stdin: utf8(stdin),
    out: (one) => void written.push(`out ${new TextDecoder().decode(one)}`),
    err: (one) => void written.push(`err ${new TextDecoder().decode(one)}`),
    now: () => 1_700_000_000_000_000_000n,
    monotonic: () => 42n,
  });
  const call = (name: string, ...args: readonly number[]) => {
    const results = hosts(WASI_MODULE, name)?.(
      args.map((value) => ({ type: "i32", value })),
      memory,
    );
    const [result] = results ?? [];
    return result?.type === "i32" ? result.value : undefined;
  };
  const view = new DataView(bytes.buffer);
  return { call, bytes, view, written, hosts };
}

const FAULT = 21;

describe("the small WASI", () => {
  it("gives arguments and environment", () => {
    const { call, bytes, view } = world();
    expect(call("args_sizes_get", 0, 4)).toBe(0);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([2, 8]);
    expect(call("args_get", 8, 32)).toBe(0);
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([32, 37]);
    expect(new TextDecoder().decode(bytes.subarray(32, 40))).toBe("prog\0é\0");
    expect(call("environ_sizes_get", 0, 4)).toBe(0);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([1, 4]);
  });

  it("writes the parts of a vector in order, and reads its input once", () => {
    const { call, bytes, view, written } = world("hello");
    bytes.set(utf8("abcd"), 100);
    for (const [at, value] of [
      [0, 100],
      [4, 1],
      [8, 102],
      [12, 2],
    ] as const)
      view.setUint32(at, value, true);
    expect(call("fd_write", 1, 0, 2, 200)).toBe(0);
    expect(written).toEqual(["out a", "out cd"]);
    expect(view.getUint32(200, true)).toBe(3);
    for (const [at, value] of [
      [0, 100],
      [4, 3],
    ] as const)
      view.setUint32(at, value, true);
    const read = () => {
      expect(call("fd_read", 0, 0, 1, 200)).toBe(0);
      const count = view.getUint32(200, true);
      return new TextDecoder().decode(bytes.subarray(100, 100 + count));
    };
    expect([read(), read(), read()]).toEqual(["hel", "lo", ""]);
  });

  it("tells time, chance and that it has no files", () => {
    const { call, view, bytes } = world();
    expect(call("clock_time_get", 0, 0, 16)).toBe(0);
    expect(view.getBigUint64(16, true)).toBe(1_700_000_000_000_000_000n);
    expect(call("clock_time_get", 1, 0, 16)).toBe(0);
    expect(view.getBigUint64(16, true)).toBe(42n);
    expect(call("random_get", 64, 32)).toBe(0);
    expect(bytes.subarray(64, 96).some((one) => one !== 0)).toBe(true);
    expect(call("fd_prestat_get", 3, 0)).toBe(8);
    expect(call("path_open", 3, 0, 0, 0)).toBe(52);
  });

  it("leaves the program with its status", () => {
    expect(() => world().call("proc_exit", 3)).toThrow(GuestExit);
  });

  it("answers EFAULT to addresses outside memory, at every function and argument", () => {
    const { call, written } = world("x");
    for (const far of [253, 256, 0x7fff_ffff, -1]) {
      expect(call("args_get", far, 0)).toBe(FAULT);
      expect(call("args_get", 0, far)).toBe(FAULT);
      expect(call("args_sizes_get", 0, far)).toBe(FAULT);
      expect(call("fd_write", 1, far, 1, 0)).toBe(FAULT);
      expect(call("fd_write", 1, 0, -1, 0)).toBe(FAULT);
      expect(call("fd_read", 0, far, 1, 0)).toBe(FAULT);
      expect(call("fd_fdstat_get", 1, far)).toBe(FAULT);
      expect(call("random_get", far, 8)).toBe(FAULT);
      expect(call("random_get", 0, 257)).toBe(FAULT);
      expect(call("clock_time_get", 0, 0, far)).toBe(FAULT);
    }
    expect(written).toEqual([]);
  });

  it("knows nothing of other modules", () => {
    expect(world().hosts("env", "fd_write")).toBeUndefined();
    expect(world().call("constructor")).toBe(52);
  });
});
