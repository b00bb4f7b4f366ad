/**
 * A WASI command in its guest's thread: what it is given of directories, clocks, chance and output, each asked about at
 * every use. Its output is its log, line by line; it has no input, and reaches nothing else.
 */
import type { CommandStart, DirectoryGrant } from "../engine.ts";
import type { AuthorityPort, DirectoryRight, LocalRight } from "../host-module.ts";
import { unwrap } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { createWasi } from "../wasi/create.ts";
import { nodeClocks, nodeRandom, nodeWait } from "../wasi/node-options.ts";
import { type WasiAuthority, WasiExit, type WasiFunction, type WasiSink } from "../wasi/options.ts";
import { WASI_MODULE } from "../wasi/preview1.ts";
import type { GuestLog } from "./guest-log.ts";
import type { GuestStart } from "./protocol.ts";

export { WASI_MODULE };

/** Levels of the log. */
const INFO = 1;
const WARN = 2;
const NEWLINE = 0x0a;
/** Coarse: whole milliseconds, as for other modules. */
const COARSE_NS = 1_000_000n;
/** What fits a worker's heap. */
const QUOTAS = { descriptors: 64, directoryEntries: 8192, randomCallBytes: 1024 * 1024 };

export interface Command {
  readonly functions: Readonly<Record<string, WasiFunction>>;
  /** Runs it to its end: the exit status. What it had open is closed, whatever happened. */
  run(start: () => void): number;
}

/** Throws the Fault WASI_PREOPEN. */
export function openCommand(
  { args, env }: CommandStart,
  { identity, local }: GuestStart,
  authority: AuthorityPort,
  log: GuestLog,
  memory: () => Uint8Array,
): Command {
  const { directories = [] } = local;
  const out = lineSink(INFO, log);
  const error = lineSink(WARN, log);
  const wasi = unwrap(
    createWasi({
      args: [identity.moduleName, ...args],
      env,
      stdout: out,
      stderr: error,
      preopens: directories.map(({ name, hostPath, mode, bytes }) => ({
        guestPath: `/${name}`,
        hostPath,
        noLink: true,
        ...(mode === "ro" ? { readonly: true } : { quotaBytes: bytes }),
      })),
      clocks: { ...nodeClocks, resolution: local.clock === "fine" ? 1n : COARSE_NS },
      random: nodeRandom,
      wait(ms) {
        // What it said before is not held back until it wakes.
        log.flush();
        return nodeWait(ms);
      },
      quotas: QUOTAS,
      authority: asked(authority, directories),
    }),
  );
  wasi.bind(memory);
  return {
    functions: wasi.functions,
    run(start) {
      try {
        start();
        return 0;
      } catch (thrown) {
        if (thrown instanceof WasiExit) return thrown.status;
        throw thrown;
      } finally {
        wasi.close();
        for (const sink of [out, error]) sink.end();
      }
    },
  };
}

function asked(authority: AuthorityPort, directories: readonly DirectoryGrant[]): WasiAuthority {
  const rights = new Map<string, LocalRight | DirectoryRight>([
    ["clock", "clock"],
    ["random", "random"],
    ...directories.map(({ name }) => [`/${name}`, `dir:${name}`] as const),
  ]);
  return {
    check(handle, _right, cost) {
      const right = rights.get(handle);
      // The log is everybody's.
      return right === undefined ? 0 : authority.check(right, cost);
    },
  };
}

/** A line at a time; one without an end is cut where the log would cut it. */
export function lineSink(level: number, log: Pick<GuestLog, "write">): WasiSink & { end(): void } {
  const waiting = new Uint8Array(ENGINE_LIMITS.logLineBytes);
  let length = 0;
  const end = () => {
    if (length > 0) log.write(level, waiting.subarray(0, length));
    length = 0;
  };
  return {
    end,
    write(bytes) {
      for (const byte of bytes) {
        if (byte === NEWLINE) end();
        else {
          waiting[length] = byte;
          length += 1;
        }
        if (length === waiting.length) end();
      }
    },
  };
}
