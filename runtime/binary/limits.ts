/**
 * The memory and the table section, rewritten with clamped maxima. V8's own resource limits do not cover a guest's
 * linear memory: a module that declares no maximum grows to 4 GiB. Here every memory gets one.
 */
import { loadFault } from "../faults.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { leb, type Reader } from "./reader.ts";

interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

/** Limits, section 5.3.7: flag 0 (minimum) or 1 (minimum and maximum). Shared and 64-bit ones are not admitted. */
function readLimits(reader: Reader, what: string): Limits {
  const at = reader.at;
  const flag = reader.byte();
  if (flag === 2 || flag === 3) throw reader.unsupported(`a shared ${what}`, at);
  if (flag >= 4 && flag <= 7) throw reader.unsupported(`a 64-bit ${what}`, at);
  if (flag > 7) throw reader.refuse("malformed limits flags", at);
  const initial = reader.u32();
  const maximum = flag === 1 ? reader.u32() : undefined;
  if (maximum !== undefined && maximum < initial)
    throw reader.refuse("size minimum must not be greater than maximum", at);
  return { initial, maximum };
}

export interface ClampLimits {
  readonly memoryPages: number;
  readonly tableElements: number;
}

/** Returns the new section body. */
export function clampMemories(reader: Reader, { memoryPages }: ClampLimits): readonly number[] {
  const at = reader.at;
  const count = reader.count();
  if (count > 1) throw reader.unsupported("more than one memory", at);
  const out = leb(count);
  for (let index = 0; index < count; index += 1) {
    const { initial, maximum = ENGINE_LIMITS.memoryPages } = readLimits(reader, "memory");
    if (initial > memoryPages) throw loadFault("LOAD_MEMORY_LIMIT", { initial, limit: memoryPages });
    // The memory clamp: whatever the module declares, it grows to what its manifest allows and no further.
    const clamped = Math.min(maximum, memoryPages);
    out.push(1, ...leb(initial), ...leb(clamped));
  }
  return out;
}

/** Returns the new section body. Only plain tables of function or external references. */
export function clampTables(reader: Reader, { tableElements }: ClampLimits): readonly number[] {
  const count = reader.count();
  const out = leb(count);
  for (let index = 0; index < count; index += 1) {
    const at = reader.at;
    const type = reader.byte();
    if (type !== 0x70 && type !== 0x6f)
      throw reader.unsupported("a table with an initial expression or a typed reference", at);
    const { initial, maximum = 2 ** 32 - 1 } = readLimits(reader, "table");
    if (initial > tableElements) throw loadFault("LOAD_TABLE_LIMIT", { initial, limit: tableElements });
    out.push(type, 1, ...leb(initial), ...leb(Math.min(maximum, tableElements)));
  }
  return out;
}
