/**
 * Guests that take all they can get, each in a store of its own; run in a process with a small heap. Prints one JSON
 * object: how each call ended, and the process's resident memory at its highest, in MiB.
 */
import { readFileSync } from "node:fs";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { type Instance, Store, type StoreOptions } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { ANYREF, concrete, FUNCREF, I32, I64, refType, type ValType } from "../../../../runtime/module/val-type.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { body, build, func, type Parts, struct, sub } from "../validate/build.ts";

const MIB = 1024 * 1024;
const outcomes: Record<string, string> = {};

function run(name: string, bytes: Uint8Array, options: StoreOptions = {}): void {
  const limits = { gcBytes: 8 * MIB, memoryBytes: 16 * MIB, tableElements: 10_000, ...options.limits };
  const store = new Store({ fuel: 2e7, ...options, limits });
  const valid = unwrap(validateModule(unwrap(decodeModule(bytes)), { registry: store.registry }));
  let instance: Instance | undefined;
  const made = store.instantiate(valid, (_module, field) => {
    if (field !== "again") return undefined;
    return store.hostFunction([], [], () => {
      const f = instance?.exports.get("f");
      if (f?.kind === "function") unwrap(store.invoke(f, []));
      return [];
    });
  });
  if (!made.ok) {
    outcomes[name] = made.error.code;
    return;
  }
  instance = made.value;
  const f = instance.exports.get("f");
  if (f?.kind !== "function") throw new Error(`${name} exports no f`);
  const done = store.invoke(f, []);
  outcomes[name] = done.ok
    ? `returned ${done.value.map((one) => ("value" in one ? String(one.value) : "?")).join()}`
    : done.error.code;
}

const exported: Parts = { exports: [{ name: "f", kind: "function", index: 0 }] };
const one = (instructions: readonly number[], parts: Parts = {}) => body(instructions, { ...exported, ...parts });
const locals = (count: number, type: ValType, instructions: readonly number[]): Parts => ({
  code: [{ locals: [{ count, type }], body: Uint8Array.of(...instructions, 0x0b) }],
});
const returning: Parts = { types: [[func([], [I32])]] };
const memory = (min: bigint, max?: bigint) => ({
  type: { limits: { min, max, address: "i32" as const }, shared: false, pageSizeLog2: 16 },
});
const table = (min: bigint, max?: bigint) => ({
  type: { element: FUNCREF, limits: { min, max, address: "i32" as const } },
  init: undefined,
});

// call 0, without end; in itself, with 50 000 locals, through a table, through the host
run("recursion", one([0x10, 0]));
run("recursion with 50 000 locals", one([], locals(50_000, I64, [0x10, 0])));
run("endless tail calls", one([0x12, 0]));
run(
  "recursion through the host",
  build({
    types: [[func()]],
    imports: [{ module: "", name: "again", desc: { kind: "function", type: 0 } }],
    functions: [0],
    exports: [{ name: "f", kind: "function", index: 1 }],
    code: [{ locals: [], body: Uint8Array.of(0x10, 0, 0x0b) }],
  }),
);
// A list that holds all its members: local 0 = struct.new 1 (local 0), again and again. Then the same, held by nobody.
const LIST: Parts = { types: [[func()], [struct([refType(concrete(1), true), I64])]] };
const grow = (keep: boolean) => [
  0x03,
  0x40,
  ...(keep ? [0x20, 0] : [0xd0, 1]),
  0x42,
  0,
  0xfb,
  0,
  1,
  ...(keep ? [0x21, 0] : [0x1a]),
  0x0c,
  0,
  0x0b,
];
const list = (keep: boolean) => one([], { ...LIST, ...locals(1, refType(concrete(1), true), grow(keep)) });
run("a list without end", list(true), { fuel: 1e9 });
run("garbage without end", list(false));
const ARRAY: Parts = { types: [[func()], [sub({ kind: "array", field: { type: I64, mutable: true } })]] };
// array.new_default of 2^31 - 1, of 2^32 - 1 elements
run("an array of 16 GiB", one([0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0xfb, 7, 1, 0x1a], ARRAY));
run("an array of 32 GiB", one([0x41, 0x7f, 0xfb, 7, 1, 0x1a], ARRAY));
// memory.grow and table.grow by one until they fail; then by 2^32 - 1
const until = (grow1: readonly number[]) => [0x03, 0x40, ...grow1, 0x41, 0x7f, 0x47, 0x0d, 0, 0x0b];
run("memory.grow without end", one([...until([0x41, 1, 0x40, 0]), 0x3f, 0], { ...returning, memories: [memory(0n)] }));
run("memory.grow by 2^32 - 1", one([0x41, 0x7f, 0x40, 0], { ...returning, memories: [memory(1n)] }));
const tableGrow = (count: number) => [0xd0, 0x70, 0x41, count, 0xfc, 15, 0];
run("table.grow without end", one([...until(tableGrow(1)), 0xfc, 16, 0], { ...returning, tables: [table(0n)] }));
run("a memory of 4 GiB", one([], { memories: [memory(65_536n)] }));
run("a table of a million", one([], { tables: [table(1_000_000n)] }));
// br_table of a million labels, 1000 blocks inside each other
run("a br_table of a million", one([0x41, 7, 0x0e, 0xc0, 0x84, 0x3d, ...new Uint8Array(1_000_001)]));
run("1000 blocks", one([...Array.from({ length: 1000 }, () => [0x02, 0x40]).flat(), ...new Array(1000).fill(0x0b)]));
run("50 000 locals", one([], locals(50_000, ANYREF, [])));

// Not `resourceUsage().maxRSS`: that begins with what the parent had.
const [, peakKiB = "Infinity"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
process.stdout.write(JSON.stringify({ outcomes, maxRssMiB: Math.round(Number(peakKiB) / 1024) }));
