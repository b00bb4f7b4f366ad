/**
 * Small WASI commands in the text format. Each says the error number of what it tries as a line of two digits, so that a
 * test reads its log.
 */
import { parseManifest, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { assemble, type GuestRelease } from "./guests.ts";

const HEAD = `
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $put (param $fd i32) (param $at i32) (param $length i32) (result i32)
    (i32.store (i32.const 8) (local.get $at)) (i32.store (i32.const 12) (local.get $length))
    (call $fd_write (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 16)))
  (func $say (param $n i32)
    (i32.store8 (i32.const 20) (i32.add (i32.const 48) (i32.div_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 21) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 22) (i32.const 10))
    (drop (call $put (i32.const 1) (i32.const 20) (i32.const 3))))
  (func $open (param $at i32) (param $length i32) (param $rights i64) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $at) (local.get $length) (i32.const 1) (local.get $rights)
      (i64.const 0) (i32.const 1) (i32.const 24)))
  (func $create (param $at i32) (param $length i32) (result i32)
    (call $open (local.get $at) (local.get $length) (i64.const 4194368)))
  (func $append (result i32) (call $put (i32.load (i32.const 24)) (i32.const 1024) (i32.const 6)))
  (data (i32.const 1024) "hello\\n")`;

const AT = 2048;

/** `$create NAME` opens or makes a file in the first directory for appending, `$append` writes a line to it. */
export const command = (body: string, more = ""): Uint8Array =>
  assemble(`(module ${HEAD} ${more} (func (export "_start") ${body}))`);

/** A text in the memory: its segment, and the two arguments that name it. */
export function text(value: string, at = AT): { readonly data: string; readonly args: string } {
  const escaped = [...Buffer.from(value)].map((one) => `\\${one.toString(16).padStart(2, "0")}`).join("");
  return {
    data: `(data (i32.const ${at}) "${escaped}")`,
    args: `(i32.const ${at}) (i32.const ${Buffer.byteLength(value)})`,
  };
}

const name = text("log.txt");
const link = text("link/secret", 3072);
const target = text("../outside", 2560);
const made = text("way", 2816);

export const COMMANDS = {
  /** Appends a line to log.txt. */
  append: command(`(call $say (call $create ${name.args})) (call $say (call $append))`, name.data),
  /** The same until it cannot, then ends with the number that it got. */
  appendForever: command(
    `(local $e i32) (call $say (call $create ${name.args}))
    (loop $more (br_if $more (i32.eqz (local.tee $e (call $append)))))
    (call $say (local.get $e)) (call $exit (local.get $e))`,
    name.data,
  ),
  /** By a link that is there, and by one that it makes. */
  leave: command(
    `(call $say (call $create ${link.args})) (call $say (call $path_symlink ${target.args} (i32.const 3) ${made.args}))`,
    link.data + target.data + made.data,
  ),
  clockAndRandom: command(
    "(call $say (call $clock (i32.const 0) (i64.const 0) (i32.const 64))) (call $say (call $random (i32.const 64) (i32.const 8)))",
  ),
  exit7: command("(call $exit (i32.const 7))"),
  exit0: command("(call $exit (i32.const 0)) unreachable"),
  trap: command("unreachable"),
  /** Makes log.txt, then waits for an hour. */
  sleep: command(
    `(call $say (call $create ${name.args})) (i32.store (i32.const 528) (i32.const 1))
    (i64.store (i32.const 536) (i64.const 3600000000000))
    (call $say (call $poll (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 700)))`,
    name.data,
  ),
  spin: command(`(call $say (call $create ${name.args})) (loop $for (br $for))`, name.data),
  /** Makes log.txt as large as its argument says not: 100 000 bytes. */
  grow: command(
    `(call $say (call $create ${name.args})) (call $say (call $set_size (i32.load (i32.const 24)) (i64.const 100000)))
    (call $say (call $append))`,
    name.data,
  ),
  /** Its arguments and its environment, one after the other with a zero behind each, in one write. */
  surroundings: command(
    `(drop (call $args (i32.const 128) (i32.const 512))) (drop (call $environ (i32.const 128) (i32.const 560)))
    (drop (call $put (i32.const 2) (i32.const 512) (i32.const 96)))`,
  ),
  /** 5000 bytes without a newline. */
  longLine: command("(drop (call $put (i32.const 1) (i32.const 4096) (i32.const 5000)))"),
} as const;

export type CommandName = keyof typeof COMMANDS;

/** What most of them want. */
export const SPOOL = { cap: "dir", name: "spool", mode: "rw", bytes: 1_000_000_000 };

/** A command with a manifest of its own, ready to be attested and published. */
export function commandRelease(
  which: CommandName,
  name: string,
  over: Readonly<Record<string, unknown>> = {},
): GuestRelease {
  const stamp = utf8(`\u0007release${name} 1.0.0`);
  const module = Uint8Array.from([...COMMANDS[which], 0, stamp.length, ...stamp]);
  const manifest = utf8(
    JSON.stringify({
      schema: "sallyport.module/1",
      team: "acme",
      name,
      version: "1.0.0",
      abi: "wasi-p1",
      entry: { path: releasePaths("acme", name, "1.0.0").module, sha256: sha256(module), size: module.byteLength },
      limits: { memoryPages: 16, callMs: 30_000 },
      triggers: [{ on: "boot" }],
      capabilities: [SPOOL],
      ...over,
    }),
  );
  return { module, manifest, parsed: unwrap(parseManifest(manifest)) };
}
