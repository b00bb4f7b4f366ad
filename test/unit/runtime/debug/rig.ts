/** Programs for the tests of the debugger: a C program with its lines, and small modules written by hand. */
import { readFileSync } from "node:fs";
import { Sources } from "../../../../agent/cli/debug/sources.ts";
import { wasiHosts } from "../../../../agent/cli/wasi-hosts.ts";
import {
  Debugger,
  type DebuggerOptions,
  Inspector,
  type Program,
  programOf,
  readNames,
  sourceInfoOf,
  valueText,
} from "../../../../runtime/debug/index.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";

const EXAMPLE = new URL("../../../../examples/debug/", import.meta.url).pathname;
const READINGS = readFileSync(`${EXAMPLE}readings.wasm`);

export const sources = new Sources([EXAMPLE]);
export const own = (file: string): boolean => file.endsWith("readings.c");

/** The C example, with what it has printed. Its clock goes on with every look. */
export function readings(...args: readonly string[]): { readonly program: Program; readonly printed: string[] } {
  const printed: string[] = [];
  let ticks = 0n;
  const print = (bytes: Uint8Array) => void printed.push(new TextDecoder().decode(bytes));
  const clock = () => {
    ticks += 1n;
    return ticks;
  };
  const sink = { terminal: true, write: print };
  const hosts = wasiHosts({
    args: ["readings", ...args],
    stdout: sink,
    stderr: sink,
    clocks: { realtime: clock, monotonic: clock },
  });
  return { program: unwrap(programOf(READINGS, hosts)), printed };
}

export function debuggerOf(program: Program, options: DebuggerOptions = {}): Debugger {
  const info = sourceInfoOf(program.valid.module);
  return unwrap(Debugger.open(program, "_start", [], { ...(info === undefined ? {} : { info }), own, ...options }));
}

export function inspectorOf({ instructions, lines }: Debugger): Inspector {
  const names = readNames(instructions.module).spaces.function;
  return new Inspector(instructions, lines.info, (f) => names.get(f));
}

/** Everything of a program that stands still, as one text. */
export function stateOf(one: Debugger): string {
  const { guest, here } = one;
  const inspector = inspectorOf(one);
  return JSON.stringify([
    here === undefined ? undefined : { ...here },
    sha256(guest.memory.read(0, guest.memory.size) ?? new Uint8Array(0)),
    inspector.frames(guest, 100).map((frame) => [frame, inspector.localsOf(guest, frame).map(valueText)]),
    guest.instance.globals.map((global) => valueText(global.get())),
  ]);
}

const section = (id: number, ...body: readonly number[]) => [id, body.length, ...body];
const text = (name: string) => [name.length, ...new TextEncoder().encode(name)];

/** One exported function `f` of one i32 to one i32 over a page of memory; it may call the imported `h.tick`. */
export function small(...body: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f),
    ...section(2, 1, ...text("h"), ...text("tick"), 0, 1),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 1, ...text("f"), 0, 1),
    ...section(10, 1, body.length + 2, 0, ...body, 0x0b),
  ]);
}
