/** Does an external value have the type that an import asks for? Core specification, sections 3.3.9 to 3.3.13 and 4.7.1. */
import type { ImportType, Limits } from "../module/module.ts";
import type { TypeRegistry } from "../module/registry.ts";
import {
  concrete,
  heapOf,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  typeName,
  type ValType,
} from "../module/val-type.ts";
import type { Extern } from "./instances.ts";

export function matchesImport(registry: TypeRegistry, canon: Int32Array, wanted: ImportType, found: Extern): boolean {
  const canonical = (type: ValType): ValType => {
    if (!isRef(type) || !isConcrete(heapOf(type))) return type;
    return refType(concrete(canon[typeIndexOf(heapOf(type))] as number), isNullable(type));
  };
  const same = (a: ValType, b: ValType) => registry.matches(a, b) && registry.matches(b, a);
  switch (wanted.kind) {
    case "function":
      return found.kind === "function" && registry.isSubtype(found.type, canon[wanted.type] as number);
    case "tag":
      return found.kind === "tag" && found.type === canon[wanted.type];
    case "global": {
      if (found.kind !== "global" || found.type.mutable !== wanted.type.mutable) return false;
      const type = canonical(wanted.type.type);
      return wanted.type.mutable ? same(found.type.type, type) : registry.matches(found.type.type, type);
    }
    case "table":
      return (
        found.kind === "table" &&
        limitsMatch(BigInt(found.elements.length), found.type.limits, wanted.type.limits) &&
        same(found.type.element, canonical(wanted.type.element))
      );
    case "memory":
      return (
        found.kind === "memory" &&
        found.type.shared === wanted.type.shared &&
        found.type.pageSizeLog2 === wanted.type.pageSizeLog2 &&
        limitsMatch(BigInt(found.pages), found.type.limits, wanted.type.limits)
      );
  }
}

/** `size` is what the memory or table has now. */
function limitsMatch(size: bigint, found: Limits, wanted: Limits): boolean {
  if (found.address !== wanted.address || size < wanted.min) return false;
  return wanted.max === undefined || (found.max !== undefined && found.max <= wanted.max);
}

export function externTypeName(extern: Extern): string {
  switch (extern.kind) {
    case "function":
      return `function (${extern.params.map(typeName).join(" ")}) -> (${extern.results.map(typeName).join(" ")})`;
    case "global":
      return `global ${extern.type.mutable ? "mut " : ""}${typeName(extern.type.type)}`;
    case "table":
      return `table of ${extern.elements.length} ${typeName(extern.type.element)}`;
    case "memory":
      return `memory of ${extern.pages} pages`;
    case "tag":
      return "tag";
  }
}
