/**
 * Times of files to the nanosecond. Node's own functions take seconds as a double, which near today's date cannot tell
 * 200 ns apart; the C library's can. Where it cannot be called (an older Node, or one that is not allowed to), the double
 * is what there is.
 */
import { utimesSync } from "node:fs";

/** Leave as it is, set to now, or nanoseconds since 1970. */
export type FileTime = "omit" | "now" | bigint;

const UTIME_NOW = 0x3fff_ffffn;
const UTIME_OMIT = 0x3fff_fffen;
const AT_FDCWD = -100;
const SECOND = 1_000_000_000n;

type SetTimes = (path: string) => boolean;

/** What the C library is given: made once and never let go, since its address is handed out. */
const words = new BigInt64Array(new ArrayBuffer(32));

/** Of what a descriptor refers to, opened in whatever way; a symbolic link included. */
export function setTimes(fd: number, atime: FileTime, mtime: FileTime): void {
  const path = `/proc/self/fd/${fd}`;
  if (typeof atime === "bigint" || typeof mtime === "bigint") {
    exact ??= exactTimes();
    words.set([...timespec(atime), ...timespec(mtime)]);
    if (exact(path)) return;
  }
  // Also says what was wrong when the exact way failed.
  utimesSync(path, nodeTime(atime), nodeTime(mtime));
}

let exact: SetTimes | undefined;

function exactTimes(): SetTimes {
  const { emitWarning } = process;
  try {
    // Would say on standard error, once, that it is experimental: not the program's business that is run.
    process.emitWarning = () => undefined;
    const ffi = process.getBuiltinModule("node:ffi");
    // A C library of 32 bits has a timespec of its own.
    if (ffi === undefined || !["x64", "arm64", "riscv64", "ppc64", "s390x", "loong64"].includes(process.arch)) {
      return () => false;
    }
    const library = ffi.dlopen(null, {
      utimensat: { arguments: ["i32", "string", "pointer", "i32"], return: "i32" },
    });
    const times = ffi.getRawPointer(words);
    return (path) => library.functions.utimensat(AT_FDCWD, path, times, 0) === 0;
  } catch {
    return () => false;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function timespec(time: FileTime): readonly [bigint, bigint] {
  if (time === "now") return [0n, UTIME_NOW];
  return time === "omit" ? [0n, UTIME_OMIT] : [time / SECOND, time % SECOND];
}

/** Node hands NaN and infinity on to libuv, which reads them as "leave" and "now". */
function nodeTime(time: FileTime): Date | string | number {
  if (time === "now") return "Infinity";
  return time === "omit" ? new Date(Number.NaN) : Number(time) / 1e9;
}
