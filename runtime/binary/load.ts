/**
 * The Loader: bytes → a module whose imports, exports and limits are known, with every memory and table clamped. It walks
 * the sections, reads what linking needs and rewrites two of them; bodies and segments pass as they are and are the
 * Validator's business. The full decoder, section by section, takes this place next.
 */
import type { FunctionType, LoadedModule } from "../engine.ts";
import { loadFault } from "../faults.ts";
import { sha256 } from "../kernel/digest.ts";
import type { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { type ClampLimits, clampMemories, clampTables } from "./limits.ts";
import { leb, Reader } from "./reader.ts";
import { readExports, readFunctions, readImports, readTypes } from "./sections.ts";

const SECTION = { type: 1, import: 2, function: 3, table: 4, memory: 5, export: 7 } as const;
const LAST_SECTION = 13;
const MAGIC_AND_VERSION = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Loads a core module. LOAD_MALFORMED with the offset, LOAD_UNSUPPORTED, LOAD_TOO_LARGE, LOAD_MEMORY_LIMIT, LOAD_TABLE_LIMIT. */
export function load(bytes: Uint8Array, limits: ClampLimits): Result<LoadedModule, Fault> {
  return attemptSync(() => {
    const size = bytes.byteLength;
    if (size > ENGINE_LIMITS.moduleBytes) throw loadFault("LOAD_TOO_LARGE", { size, max: ENGINE_LIMITS.moduleBytes });
    const reader = new Reader(bytes);
    for (const [offset, byte] of MAGIC_AND_VERSION.entries()) {
      const found = reader.byte();
      if (found !== byte)
        throw reader.refuse(offset < 4 ? "magic header not detected" : "unknown binary version", offset < 4 ? 0 : 4);
    }
    const parts: Uint8Array[] = [bytes.subarray(0, MAGIC_AND_VERSION.length)];
    let types: readonly FunctionType[] = [];
    let imports: LoadedModule["imports"] = [];
    let functions: readonly FunctionType[] = [];
    let exports: LoadedModule["exports"] = [];
    while (!reader.done) {
      const start = reader.at;
      const id = reader.byte();
      if (id > LAST_SECTION) throw reader.refuse("malformed section id", start);
      const body = reader.slice(reader.u32());
      const untouched = bytes.subarray(start, reader.at);
      let replaced: readonly number[] | undefined;
      if (id === SECTION.type) types = readTypes(body);
      else if (id === SECTION.import) imports = readImports(body, types);
      else if (id === SECTION.function) functions = [...imports, ...readFunctions(body, types)];
      else if (id === SECTION.table) replaced = clampTables(body, limits);
      else if (id === SECTION.memory) replaced = clampMemories(body, limits);
      else if (id === SECTION.export) exports = readExports(body, functions.length === 0 ? imports : functions);
      if (replaced === undefined) parts.push(untouched);
      else {
        if (!body.done) throw body.refuse("section size mismatch");
        parts.push(Uint8Array.from([id, ...leb(replaced.length), ...replaced]));
      }
    }
    return { bytes: new Uint8Array(Buffer.concat(parts)), sha256: sha256(bytes), imports, exports };
  });
}
