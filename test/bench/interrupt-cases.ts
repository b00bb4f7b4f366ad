/** What does not end by itself, for the interrupt bench: guests that the epoch stops, and waits that end with the thread only. */
import { decodeModule } from "../../runtime/binary/decode.ts";
import { ByteWriter } from "../../runtime/binary/writer.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { instrument } from "../../runtime/metered/index.ts";
import { validateModule } from "../../runtime/validate/module.ts";
import { assemble } from "../guests/guests.ts";

export interface InterruptCase {
  /** Absent where only the end of the thread helps. */
  readonly wat?: string;
  readonly entry: "run" | "start" | "none";
  /** Size of the data segment that is written at instantiation; without one, it is a host call that waits. */
  readonly segmentMiB: number;
  /** Beside other cases: the time that it takes. */
  readonly runs: number;
}

export interface InterruptStart {
  readonly wasm: Uint8Array;
  readonly entry: InterruptCase["entry"];
  readonly segmentMiB: number;
  readonly shared: SharedArrayBuffer;
}

const DEEP = `(func $down (param $depth i32)
  (if (local.get $depth) (then (call $down (i32.sub (local.get $depth) (i32.const 1)))))
  (if (i32.lt_u (local.get $depth) (i32.const 40))
    (then (if (local.get $depth) (then (call $down (i32.sub (local.get $depth) (i32.const 1))))))))`;

const guest = (wat: string, entry: "run" | "start" = "run"): InterruptCase => ({
  wat,
  entry,
  segmentMiB: 0,
  runs: 200,
});
const thread = (segmentMiB: number, runs: number): InterruptCase => ({ entry: "none", segmentMiB, runs });

export const CASES: Readonly<Record<string, InterruptCase>> = {
  loop: guest('(module (func (export "run") (loop $on (br $on))))'),
  "loop over memory": guest(`(module (memory 1) (func (export "run") (local $at i32) (loop $on
    (local.set $at (i32.and (i32.add (local.get $at) (i32.load (local.get $at))) (i32.const 0xfffc))) (br $on))))`),
  "start function": guest("(module (func $it (loop $on (br $on))) (start $it))", "start"),
  "deep recursion": guest(`(module ${DEEP} (func (export "run") (call $down (i32.const 2000))))`),
  "memory.fill of 1 GiB": guest(`(module (memory 16384) (func (export "run") (loop $on
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000)) (br $on))))`),
  // The largest that the Loader lets in, nearly; and one that it does not.
  "data segment of 60 MiB": thread(60, 40),
  "data segment of 512 MiB": thread(512, 5),
  "blocked host call": thread(0, 40),
};

export function wasmOfCase({ wat }: InterruptCase): Uint8Array {
  if (wat === undefined) return new Uint8Array();
  const valid = unwrap(validateModule(unwrap(decodeModule(assemble(wat)))));
  return unwrap(instrument(valid, { epoch: true, fuel: "none", reentry: true })).bytes;
}

/** A module that at instantiation writes so many pages into the memory `m.memory`. */
export function hugeSegment(pages: number): Uint8Array {
  const bytes = pages * 65_536;
  const out = new ByteWriter(bytes + 128);
  out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  out.section(2, (body) => {
    body.u32(1);
    body.name("m");
    body.name("memory");
    body.raw(Uint8Array.of(2, 0));
    body.u32(pages);
  });
  const head = new ByteWriter();
  // One active segment at address 0.
  head.raw(Uint8Array.of(1, 0, 0x41, 0, 0x0b));
  head.u32(bytes);
  out.byte(11);
  out.u32(head.length + bytes);
  out.raw(head.bytes);
  out.raw(new Uint8Array(bytes));
  return out.bytes;
}
