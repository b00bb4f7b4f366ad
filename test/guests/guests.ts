/**
 * Small guests in the text format, each with one habit: most of them bad. Assembled by binaryen when a test asks; the
 * common head imports what they need of the ABI and keeps strings at fixed places.
 */
import binaryen from "assemblyscript/binaryen";
import { type Manifest, parseManifest, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { enlarged } from "../bench/loader-module.ts";

export function assemble(wat: string): Uint8Array {
  const module = binaryen.parseText(wat);
  try {
    module.setFeatures(binaryen.Features.All);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

const HEAD = `
  (import "sallyport_v1" "log" (func $log (param i32 i32 i32) (result i32)))
  (import "sallyport_v1" "mqtt_publish" (func $publish (param i32 i32 i32 i32 i32) (result i32)))
  (import "sallyport_v1" "kv_get" (func $kv_get (param i32 i32 i32 i32) (result i32)))
  (import "sallyport_v1" "kv_set" (func $kv_set (param i32 i32 i32 i32) (result i32)))`;
const STRINGS = `(data (i32.const 16) "count") (data (i32.const 32) "n") (data (i32.const 256) "a line of the log that says little")`;
const handler = (
  body: string,
  more = "",
  memory = '(memory (export "memory") 1)',
) => `(module ${HEAD} ${memory} ${STRINGS} ${more}
  (func (export "sp_handle") (param $kind i32) (param $handle i32) (param $time i64) (param $arg i32) (result i32)
    (local $n i32) ${body}))`;

/** Only on ticks; the rest of the events is answered with 0. */
const onTick = (body: string) => `(if (i32.ne (local.get $kind) (i32.const 2)) (then (return (i32.const 0)))) ${body}`;

export const GUESTS = {
  /**
   * Counts in key "n" and publishes each number in decimal (ten digits) before it stores it: whatever is in "n" was
   * accepted for sending.
   */
  counter: handler(
    onTick(`
    (i32.store (i32.const 64) (i32.const 0))
    (drop (call $kv_get (i32.const 32) (i32.const 1) (i32.const 64) (i32.const 4)))
    (local.set $n (i32.add (i32.load (i32.const 64)) (i32.const 1)))
    (call $digits (local.get $n))
    (if (i32.lt_s (call $publish (i32.const 16) (i32.const 5) (i32.const 128) (i32.const 10) (i32.const 1)) (i32.const 0))
      (then (return (i32.const 0))))
    (i32.store (i32.const 64) (local.get $n))
    (call $kv_set (i32.const 32) (i32.const 1) (i32.const 64) (i32.const 4))`),
    `(func $digits (param $v i32) (local $i i32)
      (local.set $i (i32.const 9))
      (loop $next
        (i32.store8 (i32.add (i32.const 128) (local.get $i)) (i32.add (i32.const 48) (i32.rem_u (local.get $v) (i32.const 10))))
        (local.set $v (i32.div_u (local.get $v) (i32.const 10)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br_if $next (i32.ge_s (local.get $i) (i32.const 0)))))`,
  ),
  /** Publishes how many ticks it has seen, in decimal (ten digits); what it knows of them lies in a global and a table. */
  remember: handler(
    onTick(`(global.set $n (i32.add (global.get $n) (i32.const 1)))
    (call_indirect $t (type $digits) (global.get $n) (i32.const 1))
    (drop (call $publish (i32.const 16) (i32.const 5) (i32.const 128) (i32.const 10) (i32.const 1)))
    (i32.const 0)`),
    `(global $n (mut i32) (i32.const 0)) (type $digits (func (param i32))) (table $t 2 funcref)
    (elem declare func $digits) (start $begin)
    (func $begin (table.set $t (i32.const 1) (ref.func $digits)) (global.set $n (i32.const 7000)))
    (func $digits (param $v i32) (local $i i32)
      (local.set $i (i32.const 9))
      (loop $next
        (i32.store8 (i32.add (i32.const 128) (local.get $i)) (i32.add (i32.const 48) (i32.rem_u (local.get $v) (i32.const 10))))
        (local.set $v (i32.div_u (local.get $v) (i32.const 10)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br_if $next (i32.ge_s (local.get $i) (i32.const 0)))))`,
  ),
  loopForever: handler(onTick("(loop $for (br $for)) (i32.const 0)")),
  /** Grows until it is refused, touches what it got, then gives up. */
  growForever: handler(
    onTick("(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable"),
  ),
  /** Asks for as much as ever it can and goes on. */
  growQuietly: handler(
    onTick("(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size)"),
  ),
  /** 100 000 messages in one go, at QoS 1. */
  burst: handler(
    onTick(`(local.set $n (i32.const 100000))
    (loop $more
      (drop (call $publish (i32.const 16) (i32.const 5) (i32.const 256) (i32.const 10) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $more (local.get $n)))
    (i32.const 0)`),
  ),
  /** About 100 MB of log lines. */
  logFlood: handler(
    onTick(`(local.set $n (i32.const 50000))
    (loop $more
      (drop (call $log (i32.const 1) (i32.const 256) (i32.const 2000)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $more (local.get $n)))
    (i32.const 0)`),
  ),
  /** A few thousand instructions on a tick. */
  turns: handler(
    onTick(`(local.set $n (i32.const 1000))
    (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i32.const 0)`),
  ),
  /** Needs the feature saturating-float-to-int. */
  truncating: handler("(i32.trunc_sat_f32_s (f32.convert_i32_s (local.get $arg)))"),
  trapOnTick: handler(onTick("unreachable")),
  refuseStart: handler("(i32.const 0)", '(func (export "sp_init") (result i32) (i32.const -7))'),
  spinInStart: handler("(i32.const 0)", "(func $s (loop $for (br $for))) (start $s)"),
  trapInStart: handler("(i32.const 0)", "(func $s unreachable) (start $s)"),
  /** Returns what it is asked to: sp_handle gives back its argument. */
  echo: handler("(local.get $arg)"),
  noMemory: `(module (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.const 0)))`,
  foreignImport: `(module (import "env" "system" (func (param i32) (result i32))) (memory (export "memory") 1)
    (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.const 0)))`,
  wrongSignature: `(module (import "sallyport_v1" "gpio_set" (func (param i64 i32) (result i32))) (memory (export "memory") 1)
    (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (i32.const 0)))`,
} as const;
export type GuestName = keyof typeof GUESTS;

export interface GuestRelease {
  readonly module: Uint8Array;
  readonly manifest: Uint8Array;
  readonly parsed: Manifest;
}

export interface GuestOptions {
  readonly name: string;
  readonly version?: string;
  readonly everyMs?: number;
  readonly limits?: Partial<Manifest["limits"]>;
  readonly capabilities?: readonly unknown[];
  readonly engine?: unknown;
  /** So many bytes of code at least: its functions again and again. */
  readonly codeBytes?: number;
}

/** What the counting guests want. */
export const COUNTER_WISHES = [
  { cap: "publish", channel: "count", qos: 1, perMin: 60_000, maxBytes: 64 },
  { cap: "kv", bytes: 1024, writesPerMin: 60_000 },
];

/** A guest with a manifest of its own, ready to be attested and published. */
export function guestRelease(guest: GuestName, options: GuestOptions): GuestRelease {
  const { name, version = "1.0.0", everyMs = 50, limits = {}, capabilities = COUNTER_WISHES, engine } = options;
  const small = assemble(GUESTS[guest]);
  const plain = options.codeBytes === undefined ? small : enlarged(small, options.codeBytes);
  const stamp = utf8(`\u0007release${name} ${version}`);
  const module = Uint8Array.from([...plain, 0, stamp.length, ...stamp]);
  const manifest = utf8(
    JSON.stringify({
      schema: "sallyport.module/1",
      team: "acme",
      name,
      version,
      abi: "core-v1",
      entry: { path: releasePaths("acme", name, version).module, sha256: sha256(module), size: module.byteLength },
      limits: { memoryPages: 16, callMs: 200, ...limits },
      triggers: [{ on: "interval", everyMs, id: 1 }],
      capabilities,
      engine,
    }),
  );
  return { module, manifest, parsed: unwrap(parseManifest(manifest)) };
}
