/**
 * The Loader's door for the agent: decodes a module, refuses what the compiled tier does not take, and rewrites the memory
 * and table sections with clamped maxima. Everything else passes as it is.
 */
import type { FunctionType, LoadedModule } from "../engine.ts";
import { loadFault } from "../faults.ts";
import { sha256 } from "../kernel/digest.ts";
import type { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../kernel/result.ts";
import type { Module } from "../module/module.ts";
import { typeName } from "../module/val-type.ts";
import { decodeModule } from "./decode.ts";
import { type ClampLimits, clampMemories, clampTables } from "./limits.ts";
import { leb, Reader } from "./reader.ts";

const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;

/** Loads a core module. LOAD_MALFORMED with the offset, LOAD_UNSUPPORTED, LOAD_TOO_LARGE, LOAD_MEMORY_LIMIT, LOAD_TABLE_LIMIT. */
export function load(bytes: Uint8Array, limits: ClampLimits): Result<LoadedModule, Fault> {
  return attemptSync(() => {
    const module = unwrap(decodeModule(bytes));
    const imports = importedFunctions(module);
    const functions = [...imports, ...Array.from(module.functions, (type) => functionType(module, type, 0))];
    const exports = module.exports.map(({ name, kind, index, at }) => {
      if (kind !== "function") return { name, kind };
      const type = functions[index];
      if (type === undefined) throw loadFault("LOAD_MALFORMED", { reason: "unknown function", offset: at });
      return { name, kind, type };
    });
    return { bytes: clamp(bytes, limits), sha256: sha256(bytes), imports, exports, module };
  });
}

function importedFunctions(module: Module): LoadedModule["imports"] {
  return module.imports.map(({ module: from, name, desc, at }) => {
    if (desc.kind !== "function") {
      throw loadFault("LOAD_UNSUPPORTED", { feature: `an imported ${desc.kind} (${from}.${name})`, offset: at });
    }
    return { module: from, name, ...functionType(module, desc.type, at) };
  });
}

function functionType(module: Module, index: number, at: number): FunctionType {
  const composite = module.types[index]?.composite;
  if (composite?.kind !== "func") throw loadFault("LOAD_MALFORMED", { reason: "unknown type", offset: at });
  return { params: composite.params.map(typeName), results: composite.results.map(typeName) };
}

/** The module with its memory and table sections written anew. The sections are known to be well-formed. */
function clamp(bytes: Uint8Array, limits: ClampLimits): Uint8Array {
  const reader = new Reader(bytes, HEADER_BYTES);
  const parts: Uint8Array[] = [bytes.subarray(0, HEADER_BYTES)];
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    const body = reader.slice(reader.u32());
    if (id === TABLE_SECTION || id === MEMORY_SECTION) {
      const replaced = id === TABLE_SECTION ? clampTables(body, limits) : clampMemories(body, limits);
      parts.push(Uint8Array.from([id, ...leb(replaced.length), ...replaced]));
    } else parts.push(bytes.subarray(start, reader.at));
  }
  return new Uint8Array(Buffer.concat(parts));
}
