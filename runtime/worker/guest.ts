/**
 * The thread that runs one module. It does what it is told, one call at a time, and answers; everything that could
 * harm the rest is outside: the leash is in host.ts. It touches no file and no network, and gets no environment.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { GuestCode, GuestImport, GuestTier, PreparedCode } from "../guest-code.ts";
import { assert } from "../kernel/assert.ts";
import type { Command } from "./command.ts";
import { createGuestLog } from "./guest-log.ts";
import { createAuthority, localFunctions } from "./local.ts";
import { type EventMessage, type FromGuest, type GuestStart, shared, type ToGuest, WORD } from "./protocol.ts";
import { crossingStub, localStub } from "./stubs.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker");
const start = (workerData as GuestStart | null) ?? (await startOfSpare(port));
const block = shared(start.buffer);
const tell = (message: FromGuest) => port.postMessage(message);

// Only the tier in use is loaded: a module's start is part of a board's start.
let tier = await loadTier();
const commands = start.command === undefined ? undefined : await import("./command.ts");
let command: Command | undefined;
let code: GuestCode | undefined;
let current: EventMessage | undefined;
const perCall = start.grade.fuelPerCall ?? Number.POSITIVE_INFINITY;

const EMPTY = new Uint8Array(0);
const memoryNow = () => code?.memory() ?? EMPTY;
const log = createGuestLog(
  start.logLinesPerMin,
  // Not `performance`, which is loaded when it is first named: a guest that reads no clock does without.
  () => Number(process.hrtime.bigint()) / 1e6,
  (lines, dropped) => tell({ op: "log", lines, dropped }),
);
const authority = createAuthority(start, block);
const local = localFunctions({ start, authority, log, event: () => current });

/** A thread that was started ahead of its guest has loaded what it will need when it learns whose it is. */
async function startOfSpare(from: MessagePort): Promise<GuestStart> {
  const { promise, resolve } = Promise.withResolvers<GuestStart>();
  from.once("message", resolve);
  await import("../metered/guest-code.ts");
  return promise;
}

function imports(): Readonly<Record<string, GuestImport>> {
  const table: Record<string, GuestImport> = {};
  for (const [index, fn] of start.host.functions.entries()) {
    table[fn.name] =
      fn.answered.by === "worker"
        ? localStub(fn, local[fn.answered.with], memoryNow)
        : crossingStub(fn, index, memoryNow, block, () => tell({ op: "cross" }));
  }
  return table;
}

async function loadTier(): Promise<GuestTier> {
  switch (start.tier) {
    case "metered":
    case "auto":
      // The instrumenter is ten times the rest of this thread: another one has it.
      return (await import("../metered/guest-code.ts")).meteredTier();
    case "interpreter":
      return (await import("../interpret/guest-code.ts")).interpreterTier;
    case "v8":
      return (await import("../v8/guest-code.ts")).v8Tier;
  }
}

function instantiate(prepared: PreparedCode | undefined): number {
  if (commands !== undefined && start.command !== undefined) {
    command = commands.openCommand(start.command, start, authority, log, memoryNow);
    code = tier.make(start.wasm, commands.WASI_MODULE, command.functions, prepared, perCall);
  } else code = tier.make(start.wasm, start.host.name, imports(), prepared, perCall);
  tell({ op: "made", leash: code.leash, stays: code.stays });
  code.refuel?.(perCall);
  code.begin?.();
  code.refuel?.(perCall);
  code.call("_initialize");
  return 0;
}

/** For a guest that begins there: whatever has been prepared by then is started without it. */
async function loadInterpreter(): Promise<void> {
  try {
    tier = (await import("../auto/guest-code.ts")).autoTier(start.wasm);
    tell({ op: "done", value: 0 });
  } catch (error) {
    tell({ op: "trap", trap: tier.trapOf(error, undefined) });
  }
}

/** Each call finds the tank full; what runs while the code is made has a tank of its own. */
function run(message: Exclude<ToGuest, { readonly op: "load" }>): number {
  code?.refuel?.(perCall);
  switch (message.op) {
    case "instantiate":
      return instantiate(message.prepared);
    case "move":
      tell({ op: "moved", stays: code?.move?.(message.prepared), leash: code?.leash });
      return 0;
    case "init":
      return code?.call("sp_init") ?? 0;
    case "run":
      assert(command !== undefined, "only a command is run");
      return command.run(() => void code?.call("_start"));
    case "handle":
      current = message;
      try {
        return code?.call("sp_handle", message.kind, message.handle, message.timeNs, message.arg) ?? 0;
      } finally {
        current = undefined;
      }
  }
}

port.on("message", (message: ToGuest) => {
  if (message.op === "load") return void loadInterpreter();
  let answer: FromGuest;
  try {
    answer = { op: "done", value: run(message) };
  } catch (error) {
    answer = { op: "trap", trap: tier.trapOf(error, code) };
  }
  block.words[WORD.pages] = memoryNow().byteLength / 65_536;
  log.flush();
  tell(answer);
});
tell({ op: "up" });
