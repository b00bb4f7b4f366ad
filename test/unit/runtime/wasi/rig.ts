/**
 * WASI called as a guest calls it: over a memory of one page, with paths and lists laid into it. Error numbers come back as
 * their names. Directories are real ones, made for the test.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { createWasi, errnoName, nodeWorld, type WasiName, type WasiOptions } from "../../../../runtime/wasi/index.ts";
import { DIRECTORY_RIGHTS, FILE_RIGHTS, type RightName, rightsOf } from "../../../../runtime/wasi/preview1.ts";

export const ALL = BigInt(DIRECTORY_RIGHTS | FILE_RIGHTS);
export const rights = (...names: readonly RightName[]): bigint => BigInt(rightsOf(...names));
export const READ = rights("fd_read", "fd_seek", "fd_tell", "fd_filestat_get");
export const WRITE = rights("fd_write", "fd_seek", "fd_tell", "fd_filestat_get");

/** Where answers are written. */
const OUT = 60_000;
const SCRATCH = 1024;

const made: string[] = [];
afterAll(() => {
  for (const one of made) rmSync(one, { recursive: true, force: true });
});

/** A folder with `root/` that a guest is given and `outside/secret` that it is not. */
export function folder(): { readonly root: string; readonly outside: string } {
  const path = mkdtempSync(join(tmpdir(), "sallyport-wasi-"));
  made.push(path);
  const root = join(path, "root");
  const outside = join(path, "outside");
  for (const one of [root, outside]) mkdirSync(one);
  writeFileSync(join(outside, "secret"), "secret");
  return { root, outside };
}

export type Guest = ReturnType<typeof guestOf>;

export const guestIn = (root: string, options: WasiOptions = {}) =>
  guestOf({ preopens: [{ guestPath: "/", hostPath: root }], ...options });

export function guestOf(options: WasiOptions) {
  const mistakes: unknown[] = [];
  const wasi = unwrap(createWasi({ ...nodeWorld, onMistake: (one) => mistakes.push(one), ...options }));
  const bytes = new Uint8Array(65_536);
  const view = new DataView(bytes.buffer);
  wasi.bind(() => bytes);
  const call = (name: WasiName, ...args: readonly (number | bigint)[]): string => {
    const errno = wasi.functions[name](...args);
    if (mistakes.length > 0) throw mistakes[0];
    return errnoName(errno);
  };
  /** Texts one after the other in the memory; pointer and length of each. */
  const lay = (...texts: readonly (string | Uint8Array)[]): number[] => {
    let at = SCRATCH;
    return texts.flatMap((one) => {
      const encoded = typeof one === "string" ? utf8(one) : one;
      bytes.set(encoded, at);
      at += encoded.length;
      return [at - encoded.length, encoded.length];
    });
  };
  const [zero, one] = [0, 1];
  const path = (name: WasiName, text: string | Uint8Array, fd = 3): string => call(name, fd, ...lay(text));
  return {
    wasi,
    bytes,
    view,
    call,
    lay,
    path,
    out: () => view.getUint32(OUT, true),
    OUT,
    /** The descriptor's number, or why there is none. */
    open(
      text: string | Uint8Array,
      with_: {
        fd?: number;
        follow?: boolean;
        oflags?: number;
        rights?: bigint;
        inheriting?: bigint;
        fdflags?: number;
      } = {},
    ): number | string {
      const { fd = 3, follow = true, oflags = 0, rights: base = READ, inheriting = 0n, fdflags = 0 } = with_;
      const [at = 0, length = 0] = lay(text);
      const errno = call("path_open", fd, follow ? one : zero, at, length, oflags, base, inheriting, fdflags, OUT);
      return errno === "success" ? view.getUint32(OUT, true) : errno;
    },
    /** The text read from a descriptor, or why not. */
    read(fd: number, most = 4096): string {
      view.setUint32(0, 8192, true);
      view.setUint32(4, most, true);
      const errno = call("fd_read", fd, 0, 1, OUT);
      return errno === "success"
        ? new TextDecoder().decode(bytes.slice(8192, 8192 + view.getUint32(OUT, true)))
        : errno;
    },
    write(fd: number, text: string): number | string {
      const [at = 0, length = 0] = lay(text);
      view.setUint32(0, at, true);
      view.setUint32(4, length, true);
      const errno = call("fd_write", fd, 0, 1, OUT);
      return errno === "success" ? view.getUint32(OUT, true) : errno;
    },
    stat(text: string | Uint8Array, follow = true): { type: number; size: bigint; mtim: bigint } | string {
      const [at = 0, length = 0] = lay(text);
      const errno = call("path_filestat_get", 3, follow ? 1 : 0, at, length, OUT);
      if (errno !== "success") return errno;
      return {
        type: bytes[OUT + 16] ?? 0,
        size: view.getBigUint64(OUT + 32, true),
        mtim: view.getBigUint64(OUT + 48, true),
      };
    },
    symlink: (target: string, at: string) => {
      const [a = 0, b = 0, c = 0, d = 0] = lay(target, at);
      return call("path_symlink", a, b, 3, c, d);
    },
    link: (from: string, to: string, flags = 0) => {
      const [a = 0, b = 0, c = 0, d = 0] = lay(from, to);
      return call("path_link", 3, flags, a, b, 3, c, d);
    },
    rename: (from: string, to: string) => {
      const [a = 0, b = 0, c = 0, d = 0] = lay(from, to);
      return call("path_rename", 3, a, b, 3, c, d);
    },
    /** Names in a directory. */
    names(fd: number, room = 4096): readonly string[] | string {
      const names: string[] = [];
      let cookie = 0n;
      for (;;) {
        const errno = call("fd_readdir", fd, 8192, room, cookie, OUT);
        if (errno !== "success") return errno;
        const used = view.getUint32(OUT, true);
        let at = 8192;
        while (at + 24 <= 8192 + used) {
          const length = view.getUint32(at + 16, true);
          if (at + 24 + length > 8192 + used) break;
          names.push(new TextDecoder().decode(bytes.slice(at + 24, at + 24 + length)));
          cookie = view.getBigUint64(at, true);
          at += 24 + length;
        }
        if (used < room) return names;
      }
    },
  };
}
