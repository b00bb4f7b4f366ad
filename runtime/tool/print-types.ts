/** Types in the text format (core specification, section 6.4), with the module's own names for them. */
import type {
  CompositeType,
  FieldType,
  GlobalType,
  ImportType,
  Limits,
  MemoryType,
  SubType,
  TableType,
} from "../module/module.ts";
import {
  HEAP_NAMES,
  type HeapType,
  heapOf,
  isConcrete,
  isNullable,
  isRef,
  typeIndexOf,
  typeName,
  type ValType,
} from "../module/val-type.ts";
import type { Scope } from "./scope.ts";

export function heapText(scope: Scope, heap: HeapType): string {
  return isConcrete(heap) ? scope.use("type", typeIndexOf(heap)) : (HEAP_NAMES[heap] ?? "any");
}

export function refText(scope: Scope, heap: HeapType, nullable: boolean): string {
  return `(ref ${nullable ? "null " : ""}${heapText(scope, heap)})`;
}

export function valText(scope: Scope, type: ValType): string {
  if (!isRef(type) || !isConcrete(heapOf(type))) return typeName(type);
  return refText(scope, heapOf(type), isNullable(type));
}

/** ` (param i32 i32)`; empty for none. */
export function listText(scope: Scope, keyword: string, types: readonly ValType[]): string {
  return types.length === 0 ? "" : ` (${keyword} ${types.map((one) => valText(scope, one)).join(" ")})`;
}

/** The same with a clause of its own for each that has a name. */
export function namedText(
  scope: Scope,
  keyword: string,
  types: readonly ValType[],
  names: ReadonlyMap<number, string>,
  first = 0,
): string {
  let out = "";
  let run: ValType[] = [];
  const flush = () => {
    out += listText(scope, keyword, run);
    run = [];
  };
  for (const [n, type] of types.entries()) {
    const name = names.get(first + n);
    if (name === undefined) run.push(type);
    else {
      flush();
      out += ` (${keyword} ${name} ${valText(scope, type)})`;
    }
  }
  flush();
  return out;
}

function storageText(scope: Scope, { type, mutable }: FieldType): string {
  return mutable ? `(mut ${valText(scope, type)})` : valText(scope, type);
}

function compositeText(scope: Scope, index: number, type: CompositeType): string {
  switch (type.kind) {
    case "func":
      return `(func${listText(scope, "param", type.params)}${listText(scope, "result", type.results)})`;
    case "array":
      return `(array ${storageText(scope, type.field)})`;
    case "struct": {
      const fields = type.fields.map((one, n) => {
        const name = scope.field(index, n);
        return ` (field ${name === undefined ? "" : `${name} `}${storageText(scope, one)})`;
      });
      return `(struct${fields.join("")})`;
    }
  }
}

export function subTypeText(scope: Scope, index: number, { final, supers, composite }: SubType): string {
  const inner = compositeText(scope, index, composite);
  if (final && supers.length === 0) return `(type ${scope.define("type", index)} ${inner})`;
  // A valid type has one supertype at most.
  const above = supers.map((one) => ` ${supers.length > 1 ? one : scope.use("type", one)}`).join("");
  return `(type ${scope.define("type", index)} (sub${final ? " final" : ""}${above} ${inner}))`;
}

function limitsText({ min, max, address }: Limits): string {
  return `${address === "i64" ? "i64 " : ""}${min}${max === undefined ? "" : ` ${max}`}`;
}

export function memoryText({ limits, shared, pageSizeLog2, pageSizeStated }: MemoryType): string {
  const page = pageSizeLog2 === 16 && pageSizeStated !== true ? "" : ` (pagesize ${2n ** BigInt(pageSizeLog2)})`;
  return `${limitsText(limits)}${shared ? " shared" : ""}${page}`;
}

export const tableText = (scope: Scope, { limits, element }: TableType): string =>
  `${limitsText(limits)} ${valText(scope, element)}`;

export const globalText = (scope: Scope, { type, mutable }: GlobalType): string =>
  storageText(scope, { type, mutable });

/** ` (type 3) (param i32) (result i32)`. */
export function typeUse(scope: Scope, type: number, names: ReadonlyMap<number, string> = new Map()): string {
  const found = scope.signature(type);
  const inline =
    found === undefined
      ? ""
      : namedText(scope, "param", found.params, names) + listText(scope, "result", found.results);
  return ` (type ${scope.use("type", type)})${inline}`;
}

/** `(func $name (;0;) (type 3) …)` of an import. `index` is that of its own index space. */
export function importText(scope: Scope, desc: ImportType, index: number): string {
  switch (desc.kind) {
    case "function":
      return `(func ${scope.define("function", index)}${typeUse(scope, desc.type, scope.locals(index))})`;
    case "table":
      return `(table ${scope.define("table", index)} ${tableText(scope, desc.type)})`;
    case "memory":
      return `(memory ${scope.define("memory", index)} ${memoryText(desc.type)})`;
    case "global":
      return `(global ${scope.define("global", index)} ${globalText(scope, desc.type)})`;
    case "tag":
      return `(tag ${scope.define("tag", index)}${typeUse(scope, desc.type)})`;
  }
}
