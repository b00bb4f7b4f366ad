/**
 * `Module` → bytes: the Loader's counterpart, for tools that rewrite modules. A range of the decoded bytes may be replaced
 * by bytes of one's own, entries may be added. Everything but those ranges is written in its shortest form, and empty
 * sections are left out, so canonical input comes back byte for byte.
 */
import type { ByteRange, ExternKind, Module } from "../module/module.ts";
import { FUNCREF } from "../module/val-type.ts";
import { writeGlobalType, writeMemoryType, writeTableType, writeTypes, writeValType } from "./encode-types.ts";
import { ByteWriter } from "./writer.ts";

/** Facts of where an entry was read, and of what follows from others. */
type Derived = "at" | "localCount";

/** A part of a module where each range may also be bytes, and nothing needs an offset. */
export type Encodable<T> = T extends Uint8Array
  ? T
  : T extends Uint32Array
    ? ArrayLike<number>
    : T extends ByteRange
      ? ByteRange | Uint8Array
      : T extends readonly (infer E)[]
        ? readonly Encodable<E>[]
        : T extends object
          ? { readonly [K in keyof T as K extends Derived ? never : K]: Encodable<T[K]> }
          : T;

/** Every `Module` is one. */
export type EncodableModule = Encodable<Module>;

const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const KINDS: readonly ExternKind[] = ["function", "table", "memory", "global", "tag"];

/** Bytes of a module; valid when the parts are. */
export function encodeModule(module: EncodableModule): Uint8Array {
  const lengthOf = ({ body }: Part<"code">) => (body instanceof Uint8Array ? body.length : body.end - body.start);
  // A growing buffer is copied again and again, which for a large module is most of the work.
  const codeLength = module.code.reduce((sum, one) => sum + lengthOf(one) + 32, 16);
  const out = new ByteWriter(module.bytes.length + codeLength + 1024);
  const bytesOf = (part: ByteRange | Uint8Array) =>
    part instanceof Uint8Array ? part : module.bytes.subarray(part.start, part.end);
  const customs = (after: number) => {
    for (const one of module.customs) {
      if (one.after !== after) continue;
      out.section(0, (body) => {
        body.name(one.name);
        body.raw(bytesOf(one.bytes));
      });
    }
  };
  const section = (id: number, present: boolean, write: (body: ByteWriter) => void, capacity?: number) => {
    if (present) out.section(id, write, capacity);
    customs(id);
  };
  const list = <T>(id: number, entries: readonly T[], write: (body: ByteWriter, one: T) => void) =>
    section(id, entries.length > 0, (body) => body.vector(entries, (one) => write(body, one)));

  out.raw(HEADER);
  customs(0);
  section(1, module.groups.length > 0, (body) => writeTypes(body, module.types, module.groups));
  list(2, module.imports, writeImport);
  list(3, Array.from(module.functions), (body, type) => body.u32(type));
  list(4, module.tables, (body, { type, init }) => {
    if (init !== undefined) body.raw(Uint8Array.of(0x40, 0));
    writeTableType(body, type);
    if (init !== undefined) body.raw(bytesOf(init));
  });
  list(5, module.memories, (body, { type }) => writeMemoryType(body, type));
  list(13, module.tags, (body, { type }) => writeTag(body, type));
  list(6, module.globals, (body, { type, init }) => {
    writeGlobalType(body, type);
    body.raw(bytesOf(init));
  });
  list(7, module.exports, (body, { name, kind, index }) => {
    body.name(name);
    body.byte(KINDS.indexOf(kind));
    body.u32(index);
  });
  section(8, module.start !== undefined, (body) => body.u32(module.start?.function ?? 0));
  list(9, module.elements, (body, one) => writeElement(body, one, bytesOf));
  section(12, module.dataCount !== undefined, (body) => body.u32(module.dataCount ?? 0));
  const head = new ByteWriter(64);
  const code = (body: ByteWriter) => body.vector(module.code, (one) => writeCode(body, head, one, bytesOf));
  section(10, module.code.length > 0, code, codeLength);
  list(11, module.datas, (body, { mode, bytes }) => {
    if (mode.kind !== "active") body.byte(1);
    else {
      body.byte(mode.index === 0 ? 0 : 2);
      if (mode.index !== 0) body.u32(mode.index);
      body.raw(bytesOf(mode.offset));
    }
    body.block(bytesOf(bytes));
  });
  return out.bytes.slice();
}

type Part<K extends "imports" | "elements" | "code"> = EncodableModule[K][number];
type BytesOf = (part: ByteRange | Uint8Array) => Uint8Array;

function writeImport(body: ByteWriter, { module, name, desc }: Part<"imports">): void {
  body.name(module);
  body.name(name);
  body.byte(KINDS.indexOf(desc.kind));
  if (desc.kind === "function") body.u32(desc.type);
  else if (desc.kind === "table") writeTableType(body, desc.type);
  else if (desc.kind === "memory") writeMemoryType(body, desc.type);
  else if (desc.kind === "global") writeGlobalType(body, desc.type);
  else writeTag(body, desc.type);
}

function writeTag(body: ByteWriter, type: number): void {
  body.byte(0);
  body.u32(type);
}

/** Bit 0 passive or declarative, bit 1 an index or type (or declarative), bit 2 expressions. */
function writeElement(body: ByteWriter, { mode, type, items }: Part<"elements">, bytesOf: BytesOf): void {
  const expressions = "expressions" in items;
  const short = mode.kind === "active" && mode.index === 0 && (!expressions || type === FUNCREF);
  const form = mode.kind === "passive" ? 1 : mode.kind === "declarative" ? 3 : short ? 0 : 2;
  body.byte(form | (expressions ? 4 : 0));
  if (mode.kind === "active") {
    if (!short) body.u32(mode.index);
    body.raw(bytesOf(mode.offset));
  }
  if (expressions) {
    if (!short) writeValType(body, type);
    body.vector(items.expressions, (one) => body.raw(bytesOf(one)));
  } else {
    if (!short) body.byte(0);
    body.vector(Array.from(items.functions), (one) => body.u32(one));
  }
}

/** `head` is anybody's, and empty again afterwards. */
function writeCode(out: ByteWriter, head: ByteWriter, { locals, body }: Part<"code">, bytesOf: BytesOf): void {
  head.vector(locals, ({ count, type }) => {
    head.u32(count);
    writeValType(head, type);
  });
  const bytes = bytesOf(body);
  out.u32(head.length + bytes.length);
  out.raw(head.bytes);
  out.raw(bytes);
  head.clear();
}
