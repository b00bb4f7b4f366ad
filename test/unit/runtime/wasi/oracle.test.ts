/**
 * Random paths through random trees of directories, files and links: our walk and the kernel's own confined look-up
 * (openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS) find the same thing or refuse for the same reason.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errnoName } from "../../../../runtime/wasi/index.ts";
import { errnoOfSystem } from "../../../../runtime/wasi/preview1.ts";
import { folder, guestIn } from "./rig.ts";

const OPENAT2 = 437n;
const O_PATH = 0x20_0000n;
const RESOLVE_NO_MAGICLINKS = 2n;
const RESOLVE_BENEATH = 8n;
const ERRORS: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  13: "EACCES",
  18: "EXDEV",
  20: "ENOTDIR",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  40: "ELOOP",
};

/** The inode, or why there is none. */
type LookUp = (root: number, path: string, follow: boolean) => bigint | string;

/** Lives as long as its address is used. */
const how = new BigUint64Array(new ArrayBuffer(24));

function kernel(): LookUp {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    const ffi = process.getBuiltinModule("node:ffi");
    const { functions } = ffi.dlopen(null, {
      syscall: { arguments: ["i64", "i64", "string", "pointer", "i64"], return: "i64" },
      __errno_location: { arguments: [], return: "pointer" },
    });
    const pointer = ffi.getRawPointer(how);
    return (root, path, follow) => {
      how.set([O_PATH | (follow ? 0n : BigInt(constants.O_NOFOLLOW)), 0n, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS]);
      const fd = Number(functions.syscall(OPENAT2, BigInt(root), path, pointer, 24n));
      if (fd < 0) return ERRORS[ffi.getInt32(functions.__errno_location())] ?? "another error";
      const { ino } = fstatSync(fd, { bigint: true });
      closeSync(fd);
      return ino;
    };
  } finally {
    process.emitWarning = emitWarning;
  }
}

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const NAMES = ["a", "b", "c", "d"];

/** Ten or so directories, some files, and links to wherever. */
function grow(root: string, random: (below: number) => number): void {
  const directories = [""];
  for (let n = 0; n < 40; n += 1) {
    const parent = directories[random(directories.length)] ?? "";
    const path = join(parent, NAMES[random(NAMES.length)] ?? "");
    try {
      const kind = random(5);
      if (kind < 2) {
        mkdirSync(join(root, path));
        directories.push(path);
      } else if (kind === 2) writeFileSync(join(root, path), "");
      else symlinkSync(pathOf(random, 4), join(root, path));
    } catch {
      // The name is taken.
    }
  }
}

function pathOf(random: (below: number) => number, most: number): string {
  const parts = Array.from({ length: 1 + random(most) }, () => {
    const kind = random(12);
    if (kind < 2) return "..";
    if (kind === 2) return ".";
    return kind === 3 ? "" : (NAMES[random(NAMES.length)] ?? "");
  });
  const text = parts.join("/");
  return (random(30) === 0 ? `/${text}` : text) || ".";
}

describe("a path", () => {
  it.each([1, 2, 3, 4, 5, 6])("leads where the kernel's confined look-up leads (seed %d)", (seed) => {
    const random = numbers(seed);
    const { root } = folder();
    grow(root, random);
    const lookUp = kernel();
    const fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
    const guest = guestIn(root);
    const wrong: string[] = [];
    let found = 0;
    for (let n = 0; n < 1500; n += 1) {
      const path = pathOf(random, 8);
      const follow = random(2) === 0;
      const theirs = lookUp(fd, path, follow);
      if (theirs === "ENOSYS") return;
      const stat = guest.stat(path, follow);
      const ours = typeof stat === "string" ? stat : guest.view.getBigUint64(guest.OUT + 8, true);
      // The kernel says EXDEV of what we say EPERM of.
      const expected =
        typeof theirs === "bigint" ? theirs : errnoName(errnoOfSystem(theirs === "EXDEV" ? "EPERM" : theirs));
      if (typeof ours === "bigint") found += 1;
      if (ours !== expected) wrong.push(`${path} ${follow}: ours ${ours}, the kernel's ${expected}`);
    }
    closeSync(fd);
    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(50);
  });
});
