/** Types, imports, functions and exports: as much of the module as linking needs to know before anything is compiled. */
import type { ExternKind, FunctionType } from "../engine.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { Reader } from "./reader.ts";

const VALUE_TYPES: Readonly<Record<number, string>> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
  112: "funcref",
  111: "externref",
};

const KINDS: readonly ExternKind[] = ["function", "table", "memory", "global", "tag"];

export function readTypes(reader: Reader): readonly FunctionType[] {
  return entries(reader, () => {
    const at = reader.at;
    const form = reader.byte();
    if (form !== 0x60) throw reader.unsupported("a type that is not a function type", at);
    return { params: valueTypes(reader), results: valueTypes(reader) };
  });
}

export function readImports(reader: Reader, types: readonly FunctionType[]) {
  return entries(reader, () => {
    const module = reader.name();
    const name = reader.name();
    const at = reader.at;
    const kind = KINDS[reader.byte()];
    if (kind === undefined) throw reader.refuse("malformed import kind", at);
    if (kind !== "function") throw reader.unsupported(`an imported ${kind} (${module}.${name})`, at);
    return { module, name, ...typeAt(reader, types) };
  });
}

export function readFunctions(reader: Reader, types: readonly FunctionType[]): readonly FunctionType[] {
  return entries(reader, () => typeAt(reader, types));
}

/** `functions`: the function index space, imports first. */
export function readExports(reader: Reader, functions: readonly FunctionType[]) {
  return entries(reader, () => {
    const name = reader.name();
    const at = reader.at;
    const kind = KINDS[reader.byte()];
    if (kind === undefined) throw reader.refuse("malformed export kind", at);
    const index = reader.u32();
    if (kind !== "function") return { name, kind };
    const type = functions[index];
    if (type === undefined) throw reader.refuse("unknown function", at);
    return { name, kind, type };
  });
}

function entries<T>(reader: Reader, read: () => T): readonly T[] {
  const out: T[] = [];
  for (let left = reader.count(); left > 0; left -= 1) out.push(read());
  if (!reader.done) throw reader.refuse("section size mismatch");
  return out;
}

function typeAt(reader: Reader, types: readonly FunctionType[]): FunctionType {
  const at = reader.at;
  const type = types[reader.u32()];
  if (type === undefined) throw reader.refuse("unknown type", at);
  return type;
}

function valueTypes(reader: Reader): readonly string[] {
  const at = reader.at;
  const count = reader.count();
  if (count > ENGINE_LIMITS.typeArity) throw reader.unsupported(`a function type of ${count} values`, at);
  return Array.from({ length: count }, () => {
    const where = reader.at;
    const type = VALUE_TYPES[reader.byte()];
    if (type === undefined)
      throw reader.unsupported("a value type beyond numbers, vectors and plain references", where);
    return type;
  });
}
