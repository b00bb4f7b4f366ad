/**
 * The thread that runs one module. It does what it is told, one call at a time, and answers; everything that could
 * harm the rest is outside: the leash is in host.ts. It touches no file and no network, and gets no environment.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../kernel/assert.ts";
import { trapOf } from "../v8/traps.ts";
import { createGuestLog } from "./guest-log.ts";
import { createAuthority, localFunctions } from "./local.ts";
import { type EventMessage, type FromGuest, type GuestStart, shared, type ToGuest, WORD } from "./protocol.ts";
import { crossingStub, localStub } from "./stubs.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker");
const start = workerData as GuestStart;
const block = shared(start.buffer);
const tell = (message: FromGuest) => port.postMessage(message);

let memory: WebAssembly.Memory | undefined;
let exported: Readonly<Record<string, unknown>> = {};
let current: EventMessage | undefined;

const EMPTY = new Uint8Array(0);
const memoryNow = () => (memory === undefined ? EMPTY : new Uint8Array(memory.buffer));
const log = createGuestLog(
  start.logLinesPerMin,
  () => performance.now(),
  (lines, dropped) => tell({ op: "log", lines, dropped }),
);
const authority = createAuthority(start, block);
const local = localFunctions({ start, authority, log, event: () => current });

function imports(): Record<string, Record<string, unknown>> {
  const table: Record<string, unknown> = {};
  for (const [index, fn] of start.host.functions.entries()) {
    table[fn.name] =
      fn.answered.by === "worker"
        ? localStub(fn, local[fn.answered.with], memoryNow)
        : crossingStub(fn, index, memoryNow, block, () => tell({ op: "cross" }));
  }
  return { [start.host.name]: table };
}

function instantiate(): number {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(start.wasm), imports());
  exported = instance.exports;
  // The link check has seen an exported memory; this only tells the compiler.
  if (exported["memory"] instanceof WebAssembly.Memory) memory = exported["memory"];
  call("_initialize");
  return 0;
}

function call(name: string, ...args: readonly (number | bigint)[]): number {
  const fn = exported[name];
  if (typeof fn !== "function") return 0;
  const value: unknown = fn(...args);
  return typeof value === "number" ? value : 0;
}

function run(message: ToGuest): number {
  switch (message.op) {
    case "instantiate":
      return instantiate();
    case "init":
      return call("sp_init");
    case "handle":
      current = message;
      try {
        return call("sp_handle", message.kind, message.handle, message.timeNs, message.arg);
      } finally {
        current = undefined;
      }
  }
}

port.on("message", (message: ToGuest) => {
  let answer: FromGuest;
  try {
    answer = { op: "done", value: run(message) };
  } catch (error) {
    answer = { op: "trap", trap: trapOf(error) };
  }
  block.words[WORD.pages] = memoryNow().byteLength / 65_536;
  log.flush();
  tell(answer);
});
tell({ op: "up" });
