/**
 * Custom sections that say where a module comes from: `producers` and `target_features` (tool-conventions of the
 * WebAssembly project). They are claims of whoever built it; reading is forgiving, like that of names.
 */
import { Reader } from "../binary/reader.ts";
import { attemptSync } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { Module } from "../module/module.ts";
import { lossy } from "./names.ts";

export interface Producer {
  /** `language`, `processed-by` or `sdk`, usually. */
  readonly field: string;
  readonly name: string;
  readonly version: string;
}

export interface TargetFeature {
  /** `+` used, `-` must not be used, `=` required of all that is linked. */
  readonly prefix: string;
  readonly name: string;
}

/** Entries that are read; a toolchain writes a handful. */
const ENTRIES_MAX = 1000;

export function readProducers(module: Pick<Module, "bytes" | "customs">): readonly Producer[] {
  const out: Producer[] = [];
  eachSection(module, "producers", (reader) => {
    for (let fields = reader.u32(); fields > 0; fields -= 1) {
      const field = text(reader);
      for (let left = reader.u32(); left > 0; left -= 1) {
        const name = text(reader);
        const version = text(reader);
        if (out.length === ENTRIES_MAX) return;
        out.push({ field, name, version });
      }
    }
  });
  return out;
}

export function readTargetFeatures(module: Pick<Module, "bytes" | "customs">): readonly TargetFeature[] {
  const out: TargetFeature[] = [];
  eachSection(module, "target_features", (reader) => {
    for (let left = reader.u32(); left > 0 && out.length < ENTRIES_MAX; left -= 1) {
      const prefix = String.fromCharCode(reader.byte());
      out.push({ prefix, name: text(reader) });
    }
  });
  return out;
}

function eachSection(
  { bytes, customs }: Pick<Module, "bytes" | "customs">,
  name: string,
  read: (reader: Reader) => void,
): void {
  for (const one of customs) {
    // What could be read before the malformed place stays.
    if (one.name === name) attemptSync(() => read(new Reader(bytes, one.bytes.start, one.bytes.end)));
  }
}

function text(reader: Reader): string {
  const length = reader.u32();
  const start = reader.at;
  reader.skip(length);
  return length > ENGINE_LIMITS.nameBytes ? "…" : lossy(reader.bytes.subarray(start, start + length));
}
