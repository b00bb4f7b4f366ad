/**
 * A whole module: types, index spaces, constant expressions, then every body (core specification, sections 3.1.2 to
 * 3.1.5 and 3.5). What comes back is the proof that later parts ask for.
 */
import { validateFault } from "../faults.ts";
import type { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { type Feature, type FeatureSet, WASM_3 } from "../module/features.ts";
import type { Code, CompositeType, FieldType, Limits, MemoryType, Module, TableType } from "../module/module.ts";
import { createRegistry, type TypeRegistry } from "../module/registry.ts";
import {
  FUNCREF,
  heapOf,
  I32,
  I64,
  isConcrete,
  isDefaultable,
  isRef,
  typeIndexOf,
  typeName,
  type ValType,
} from "../module/val-type.ts";
import { CodeValidator } from "./code.ts";
import { Context, invalid } from "./context.ts";
import type { BlockObserver } from "./stack.ts";

export interface ValidModule {
  readonly module: Module;
  readonly registry: TypeRegistry;
  /** Type index → canonical id. */
  readonly canon: Int32Array;
  /** Canonical type id of every function, imports first. */
  readonly functionTypes: Int32Array;
  /** Functions that `ref.func` may name inside bodies. */
  readonly declared: ReadonlySet<number>;
  /** What the module uses, by the names that a policy turns off. */
  readonly features: readonly Feature[];
}

export interface ValidateOptions {
  /** Modules that are linked with each other share one. */
  readonly registry?: TypeRegistry;
  /** WebAssembly 3.0 unless given. */
  readonly features?: FeatureSet;
  /** Told of every block in every body, the body itself included. */
  readonly onBlock?: BlockObserver;
}

/** VALIDATE_INVALID with offset and reason, VALIDATE_FEATURE for what policy turns off, VALIDATE_LIMIT for our bounds. */
export function validateModule(module: Module, options: ValidateOptions = {}): Result<ValidModule, Fault> {
  const { registry = createRegistry(), features = WASM_3 } = options;
  return attemptSync(() => {
    checkTypeIndices(module);
    const canon = registry.add(module);
    const context = new Context(module, registry, canon, features);
    context.use("mvp", 0);
    types(context);
    imports(context);
    const validator = new CodeValidator(context);
    validator.stacks.onFrame = options.onBlock;
    definitions(context, validator);
    segments(context, validator);
    exportsAndStart(context);
    bodies(context, validator);
    const functionTypes = Int32Array.from(context.functions);
    return { module, registry, canon, functionTypes, declared: context.declared, features: context.features };
  });
}

// --- types

/** Every index names a type of an earlier group or of its own; a supertype comes before its subtypes. Section 3.2.5. */
function checkTypeIndices({ types: all, groups }: Module): void {
  const depths = new Uint8Array(all.length);
  for (const { start, count, at } of groups) {
    const end = start + count;
    const value = (type: ValType) => {
      if (isRef(type) && isConcrete(heapOf(type)) && typeIndexOf(heapOf(type)) >= end) {
        throw invalid(`unknown type ${typeIndexOf(heapOf(type))}`, at);
      }
    };
    for (let n = start; n < end; n += 1) {
      const one = all[n];
      if (one === undefined) break;
      if (one.supers.length > 1) throw invalid(`sub type ${n} has more than one super type`, at);
      for (const parent of one.supers) {
        if (parent >= n) throw invalid(`unknown type ${parent}`, at);
        depths[n] = (depths[parent] as number) + 1;
        if ((depths[n] as number) > ENGINE_LIMITS.subtypeDepth) {
          throw validateFault("VALIDATE_LIMIT", {
            what: "supertypes above a type",
            limit: ENGINE_LIMITS.subtypeDepth,
            offset: at,
          });
        }
      }
      valuesOf(one.composite).forEach(value);
    }
  }
}

function valuesOf(type: CompositeType): readonly ValType[] {
  if (type.kind === "func") return [...type.params, ...type.results];
  return type.kind === "struct" ? type.fields.map((one) => one.type) : [type.field.type];
}

function types(context: Context): void {
  const { module, registry, canon } = context;
  for (const { start, count, at } of module.groups) {
    if (count !== 1) context.use("gc", at);
    for (let n = start; n < start + count; n += 1) {
      const one = module.types[n];
      const id = canon[n];
      if (one === undefined || id === undefined) break;
      const { composite, parent } = registry.get(id);
      if (!one.final || parent !== -1 || composite.kind !== "func") context.use("gc", at);
      else if (composite.results.length > 1) context.use("multi-value", at);
      for (const type of valuesOf(composite)) context.useType(type, at);
      if (parent === -1) continue;
      const above = registry.get(parent);
      if (above.final || !matchesComposite(registry, composite, above.composite)) {
        throw invalid(`sub type ${n} does not match super type ${one.supers[0]}`, at);
      }
    }
  }
}

function matchesComposite(registry: TypeRegistry, sub: CompositeType, sup: CompositeType): boolean {
  const all = (a: readonly ValType[], b: readonly ValType[]) =>
    a.length === b.length && a.every((type, n) => registry.matches(type, b[n] as ValType));
  if (sub.kind === "func") return sup.kind === "func" && all(sup.params, sub.params) && all(sub.results, sup.results);
  if (sub.kind === "array") return sup.kind === "array" && matchesField(registry, sub.field, sup.field);
  return sup.kind === "struct" && sup.fields.every((field, n) => matchesField(registry, sub.fields[n], field));
}

function matchesField(registry: TypeRegistry, sub: FieldType | undefined, sup: FieldType): boolean {
  if (sub === undefined || sub.mutable !== sup.mutable) return false;
  if (sub.type === sup.type) return true;
  return registry.matches(sub.type, sup.type) && (!sub.mutable || registry.matches(sup.type, sub.type));
}

// --- index spaces

function imports(context: Context): void {
  for (const { desc, at } of context.module.imports) {
    switch (desc.kind) {
      case "function":
        context.func(desc.type, at);
        context.functions.push(context.typeId(desc.type, at));
        break;
      case "table":
        addTable(context, desc.type, at);
        break;
      case "memory":
        addMemory(context, desc.type, at);
        break;
      case "global":
        if (desc.type.mutable) context.use("mutable-globals", at);
        context.globals.push({ type: context.canonical(desc.type.type, at), mutable: desc.type.mutable });
        break;
      case "tag":
        addTag(context, desc.type, at);
    }
  }
}

function addTable(context: Context, { limits, element }: TableType, at: number): void {
  // One table of functions is as old as WebAssembly.
  if (context.tables.length > 0) context.use("reference-types", at);
  const canonical = element === FUNCREF ? element : context.canonical(element, at);
  minimumAndMaximum(limits, at);
  if (limits.address === "i64") context.use("memory64", at);
  context.tables.push({ limits, element: canonical });
}

function minimumAndMaximum({ min, max }: Limits, at: number): void {
  if (max !== undefined && min > max) throw invalid("size minimum must not be greater than maximum", at);
}

function addMemory(context: Context, type: MemoryType, at: number): void {
  const { limits, shared, pageSizeLog2 } = type;
  if (pageSizeLog2 !== 16 || type.pageSizeStated === true) context.use("custom-page-sizes", at);
  if (pageSizeLog2 !== 16 && pageSizeLog2 !== 0) throw invalid("invalid custom page size", at);
  const wide = limits.address === "i64";
  if (wide) context.use("memory64", at);
  const most = 1n << BigInt((wide ? 64 : 32) - pageSizeLog2);
  if (limits.min > most || (limits.max ?? 0n) > most) {
    throw invalid(
      wide ? `memory size must be at most ${most} pages` : `memory size must be at most ${most} pages (4GiB)`,
      at,
    );
  }
  minimumAndMaximum(limits, at);
  if (shared) {
    context.use("threads", at);
    if (limits.max === undefined) throw invalid("shared memory must have maximum", at);
  }
  if (context.memories.length > 0) context.use("multi-memory", at);
  context.memories.push(type);
}

function addTag(context: Context, type: number, at: number): void {
  context.use("exceptions", at);
  if (context.func(type, at).results.length > 0) throw invalid("non-empty tag result type", at);
  context.tags.push(context.typeId(type, at));
}

function definitions(context: Context, validator: CodeValidator): void {
  const { module } = context;
  for (let n = 0; n < module.functions.length; n += 1) {
    const type = module.functions[n] as number;
    const at = module.code[n]?.body.start ?? 0;
    context.func(type, at);
    context.functions.push(context.typeId(type, at));
  }
  for (const { type, at } of module.memories) addMemory(context, type, at);
  for (const { type, at } of module.tags) addTag(context, type, at);
  context.dataCount = module.datas.length;
  context.importedGlobals = context.globals.length;
  for (const { type, init, at } of module.globals) {
    const canonical = context.canonical(type.type, at);
    validator.expression(init.start, canonical, context.globals.length);
    context.globals.push({ type: canonical, mutable: type.mutable });
  }
  for (const { type, init, at } of module.tables) {
    addTable(context, type, at);
    const element = context.tables.at(-1)?.element ?? type.element;
    // The table section comes before the globals: initializers see imported ones only.
    if (init !== undefined) {
      context.use("typed-function-references", at);
      validator.expression(init.start, element, context.importedGlobals);
    } else if (!isDefaultable(element))
      throw invalid(`type mismatch: a table of ${typeName(element)} needs an initializer`, at);
  }
}

function segments(context: Context, validator: CodeValidator): void {
  const { module } = context;
  const globals = context.globals.length;
  for (const { mode, type, items, at } of module.elements) {
    // Lists of functions are as old as WebAssembly; their type has no index in it.
    const canonical = "functions" in items ? type : context.canonical(type, at);
    if (mode.kind !== "active") context.use("bulk-memory", at);
    else {
      const { element, limits } = context.table(mode.index, at);
      if (!context.registry.matches(canonical, element)) {
        throw invalid(`type mismatch: segment of ${typeName(canonical)} for a table of ${typeName(element)}`, at);
      }
      validator.expression(mode.offset.start, limits.address === "i64" ? I64 : I32, globals);
    }
    if ("functions" in items) {
      for (const index of items.functions) {
        context.functionId(index, at);
        context.declared.add(index);
      }
    } else for (const { start } of items.expressions) validator.expression(start, canonical, globals);
    context.elementTypes.push(canonical);
  }
  for (const { mode, at } of module.datas) {
    if (mode.kind !== "active") {
      context.use("bulk-memory", at);
      continue;
    }
    const { limits } = context.memory(mode.index, at);
    validator.expression(mode.offset.start, limits.address === "i64" ? I64 : I32, globals);
  }
}

function exportsAndStart(context: Context): void {
  const { module } = context;
  const seen = new Set<string>();
  for (const { name, kind, index, at } of module.exports) {
    if (seen.has(name)) throw invalid(`duplicate export name "${name}"`, at);
    seen.add(name);
    if (kind === "function") {
      context.functionId(index, at);
      context.declared.add(index);
    } else if (kind === "table") context.table(index, at);
    else if (kind === "memory") context.memory(index, at);
    else if (kind === "tag") context.tag(index, at);
    else if (context.global(index, at).mutable) context.use("mutable-globals", at);
  }
  if (module.start === undefined) return;
  const { function: index, at } = module.start;
  const { params, results } = context.functionType(index, at);
  if (params.length > 0 || results.length > 0) throw invalid("start function must take and give nothing", at);
}

function bodies(context: Context, validator: CodeValidator): void {
  const { module } = context;
  for (let n = 0; n < module.code.length; n += 1) {
    const { locals, body } = module.code[n] as Code;
    const type = module.functions[n] as number;
    validator.body(context.func(type, body.start), locals, body.start);
  }
}
