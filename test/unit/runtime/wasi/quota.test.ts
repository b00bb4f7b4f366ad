/** A directory's quota: what is there counts, what grows counts, names count, and nothing is given back meanwhile. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALL, folder, guestOf } from "./rig.ts";

const NAME = 4096;
const CREATE = 1;
const APPEND = 1;

const given = (root: string, quotaBytes: number, more: readonly string[] = []) =>
  guestOf({
    preopens: [
      { guestPath: "/", hostPath: root, quotaBytes },
      ...more.map((hostPath, n) => ({ guestPath: `/${n}`, hostPath, quotaBytes })),
    ],
  });

function opened(fd: number | string): number {
  expect(fd).toBeTypeOf("number");
  return Number(fd);
}

describe("a directory with a quota", () => {
  it("has what is left by the files, links and directories that are there", () => {
    const { root, outside } = folder();
    mkdirSync(join(root, "a", "b"), { recursive: true });
    writeFileSync(join(root, "a", "b", "file"), "x".repeat(1000));
    symlinkSync(outside, join(root, "link"));
    const used = 4 * NAME + 1000;
    expect(given(root, used + NAME).path("path_create_directory", "one")).toBe("success");
    expect(given(root, used + 2 * NAME - 1).path("path_create_directory", "two")).toBe("dquot");
  });

  it("counts what a file grows by, holes included, and not what is written over", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "x".repeat(100));
    const guest = given(root, NAME + 100 + 50);
    const fd = opened(guest.open("file", { rights: ALL }));
    expect(guest.call("fd_filestat_set_size", fd, 151n)).toBe("dquot");
    expect(guest.call("fd_allocate", fd, 0n, 151n)).toBe("dquot");
    expect(guest.call("fd_filestat_set_size", fd, 140n)).toBe("success");
    expect(guest.call("fd_filestat_set_size", fd, 0n)).toBe("success");
    expect(guest.call("fd_filestat_set_size", fd, 10n)).toBe("success");
    expect(guest.call("fd_filestat_set_size", fd, 11n)).toBe("dquot");
    // The next program has what this one made room for.
    expect(given(root, NAME + 100 + 50).open("more", { oflags: CREATE })).toBe("dquot");
    const next = given(root, NAME + 100 + 50);
    expect(next.call("fd_filestat_set_size", opened(next.open("file", { rights: ALL })), 150n)).toBe("success");
  });

  it("takes as much of a write as there is room for, then nothing, at its end as anywhere", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "x".repeat(10));
    const guest = given(root, NAME + 10 + 5);
    const fd = opened(guest.open("file", { rights: ALL }));
    expect(guest.write(fd, "y".repeat(10))).toBe(10);
    expect(guest.write(fd, "y".repeat(3))).toBe(3);
    const end = opened(guest.open("file", { rights: ALL, fdflags: APPEND }));
    expect(guest.write(end, "zzz")).toBe(2);
    expect(guest.write(end, "z")).toBe("dquot");
    expect(readFileSync(join(root, "file"), "utf8")).toBe(`${"y".repeat(13)}zz`);
    // Far behind the end lies a hole, for which there is no room.
    expect(guest.call("fd_seek", fd, 1000n, 0, guest.OUT)).toBe("success");
    expect(guest.write(fd, "z")).toBe("dquot");
  });

  it("takes no file from a directory with another", () => {
    const { root, outside } = folder();
    const guest = given(root, 1_000_000, [outside]);
    const [from, fromLength, to, toLength] = guest.lay("secret", "secret");
    expect(guest.call("path_rename", 4, from ?? 0, fromLength ?? 0, 3, to ?? 0, toLength ?? 0)).toBe("xdev");
    expect(guest.call("path_rename", 4, from ?? 0, fromLength ?? 0, 4, to ?? 0, toLength ?? 0)).toBe("success");
  });

  it("is full where there is more in it than is counted", () => {
    const { root } = folder();
    let deep = root;
    for (let n = 0; n < 70; n += 1) deep = join(deep, "d");
    mkdirSync(deep, { recursive: true });
    expect(given(root, 2 ** 40).path("path_create_directory", "one")).toBe("dquot");
  });
});
