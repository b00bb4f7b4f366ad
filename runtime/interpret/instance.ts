/**
 * An instance: index spaces of one module filled with what was imported and what it defines (core specification,
 * sections 4.7.1 to 4.7.3). Linking refuses before anything is allocated; active segments and the start function run last.
 */
import { linkFault } from "../faults.ts";
import type { Fault } from "../kernel/fault.ts";
import { ok, type Result, unwrap } from "../kernel/result.ts";
import { CodeReader } from "../module/code-reader.ts";
import type {
  ByteRange,
  ElementSegment,
  GlobalType,
  Import,
  MemoryType,
  Module,
  SegmentMode,
  TableType,
} from "../module/module.ts";
import type { TypeRegistry } from "../module/registry.ts";
import {
  concrete,
  heapOf,
  I32,
  I64,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  type ValType,
} from "../module/val-type.ts";
import { functionName } from "../tool/names.ts";
import type { ValidModule } from "../validate/module.ts";
import { externTypeName, matchesImport } from "./import-match.ts";
import type { Extern, GlobalInstance, MemoryInstance, TableInstance, TagInstance } from "./instances.ts";
import type { Linkage, Signature } from "./linkage.ts";
import type { BodyToLower } from "./lower.ts";
import type { Machine } from "./machine.ts";
import { TRAP } from "./traps.ts";
import type { FunctionInstance, Ref, Value } from "./value.ts";

const GLOBAL_GET = 0x23;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const REF_NULL = 0xd0;
const REF_FUNC = 0xd2;
const END = 0x0b;

/** How far an instance comes: `initialized` has what active segments bring, `started` has run its start function. */
export type Stage = "defined" | "initialized" | "started";

export type Resolve = (module: string, name: string) => Extern | undefined;

/** What an instance needs of its store. */
export interface InstanceStore {
  readonly machine: Machine;
  readonly registry: TypeRegistry;
  readonly instances: Instance[];
  readonly probed: boolean;
  addFunction(of: Omit<ConstructorParameters<typeof FunctionInstance>[0], "id">): FunctionInstance;
  newMemory(type: MemoryType): MemoryInstance;
  newTable(type: TableType, init: Ref): TableInstance;
  newGlobal(type: GlobalType, value: Value): GlobalInstance;
  newTag(params: readonly ValType[], type: number): TagInstance;
  invoke(f: FunctionInstance, args: readonly Value[]): Result<readonly Value[], Fault>;
  evaluate(of: Omit<ConstructorParameters<typeof FunctionInstance>[0], "id">): Value;
  trapFault(number: number): Fault;
}

export class Instance {
  readonly number: number;
  readonly module: Module;
  readonly canon: Int32Array;
  readonly registry: TypeRegistry;
  readonly functions: FunctionInstance[] = [];
  readonly tables: TableInstance[] = [];
  readonly memories: MemoryInstance[] = [];
  readonly globals: GlobalInstance[] = [];
  readonly tags: TagInstance[] = [];
  readonly exports = new Map<string, Extern>();
  readonly linkage: Linkage;
  readonly #store: InstanceStore;
  readonly #firstData: number;
  readonly #firstElement: number;
  #importedFunctions = 0;
  /** The constant expression that is being evaluated as a function of index -1. */
  #expression: { readonly range: ByteRange; readonly type: ValType } | undefined;

  static make(store: InstanceStore, valid: ValidModule, resolve: Resolve, stage: Stage): Instance {
    const imports = valid.module.imports.map((one) => [one, resolveImport(store, valid, one, resolve)] as const);
    const instance = new Instance(store, valid);
    for (const [one, extern] of imports) instance.#addImport(one, extern);
    instance.#define();
    if (stage !== "defined") instance.#initialize();
    if (stage === "started") unwrap(instance.start());
    return instance;
  }

  /** Calls the start function, if there is one. TRAP_*, or what a host function threw. */
  start(): Result<unknown, Fault> {
    const { start } = this.module;
    if (start === undefined) return ok(undefined);
    return this.#store.invoke(this.functions[start.function] as FunctionInstance, []);
  }

  private constructor(store: InstanceStore, valid: ValidModule) {
    this.#store = store;
    this.module = valid.module;
    this.canon = valid.canon;
    this.registry = valid.registry;
    this.number = store.instances.length;
    store.instances.push(this);
    this.#firstData = store.machine.datas.length;
    this.#firstElement = store.machine.elementSegments.length;
    this.linkage = this.#makeLinkage();
  }

  /** A value type with canonical ids. */
  canonical(type: ValType): ValType {
    if (!isRef(type)) return type;
    const heap = heapOf(type);
    return isConcrete(heap) ? refType(concrete(this.canon[typeIndexOf(heap)] as number), isNullable(type)) : type;
  }

  signature(typeIndex: number): Signature {
    const { composite } = this.registry.get(this.canon[typeIndex] as number);
    if (composite.kind !== "func") throw new Error(`type ${typeIndex} is no function type`);
    return composite;
  }

  /** For people: the name section's, else what it is exported as. */
  nameOf(index: number): string {
    const named = functionName(this.module, index);
    if (named !== undefined) return named;
    for (const [name, extern] of this.exports) if (extern === this.functions[index]) return name;
    return `function ${index}`;
  }

  bodyOf(f: FunctionInstance): BodyToLower {
    if (f.index < 0) {
      const { range, type } = this.#expression as { range: ByteRange; type: ValType };
      return { signature: { params: [], results: [type] }, locals: [], start: range.start, probed: false };
    }
    const code = this.module.code[f.index - this.#importedFunctions];
    if (code === undefined) throw new Error(`function ${f.index} has no body`);
    return { signature: f, locals: code.locals, start: code.body.start, probed: this.#store.probed };
  }

  #addImport({ desc }: Import, extern: Extern): void {
    switch (extern.kind) {
      case "function":
        this.functions.push(extern);
        this.#importedFunctions += 1;
        return;
      case "table":
        this.tables.push(extern);
        return;
      case "memory":
        this.memories.push(extern);
        return;
      case "global":
        this.globals.push(extern);
        return;
      case "tag":
        this.tags.push(extern);
        return;
      default:
        throw new Error(`no extern kind for ${desc}`);
    }
  }

  #define(): void {
    const { module } = this;
    const store = this.#store;
    for (const type of module.functions) {
      const { params, results } = this.signature(type);
      const id = this.canon[type] as number;
      const index = this.functions.length;
      this.functions.push(store.addFunction({ type: id, params, results, instance: this.number, index }));
    }
    for (const { type } of module.memories) this.memories.push(store.newMemory(type));
    store.machine.firstMemories[this.number] = this.memories[0];
    for (const { type } of module.tags) {
      this.tags.push(store.newTag(this.signature(type).params, this.canon[type] as number));
    }
    for (const { type, init } of module.globals) {
      const canonical = { type: this.canonical(type.type), mutable: type.mutable };
      this.globals.push(store.newGlobal(canonical, this.#evaluate(init, canonical.type)));
    }
    for (const { type, init } of module.tables) {
      const element = this.canonical(type.element);
      const first = init === undefined ? null : this.#reference(init, element);
      this.tables.push(store.newTable({ limits: type.limits, element }, first));
    }
    for (const { name, kind, index } of module.exports) {
      const spaces = {
        function: this.functions,
        table: this.tables,
        memory: this.memories,
        global: this.globals,
        tag: this.tags,
      };
      this.exports.set(name, spaces[kind][index] as Extern);
    }
    for (const segment of module.elements) store.machine.elementSegments.push(this.#elements(segment));
    for (const { bytes } of module.datas) store.machine.datas.push(module.bytes.subarray(bytes.start, bytes.end));
  }

  #elements({ items, type }: ElementSegment): readonly Ref[] {
    if ("functions" in items) return Array.from(items.functions, (index) => this.functions[index] as FunctionInstance);
    return items.expressions.map((range) => this.#reference(range, this.canonical(type)));
  }

  /** Active segments in order. Section 4.7.2, steps 24 to 26. */
  #initialize(): void {
    const { machine } = this.#store;
    for (const [n, { mode }] of this.module.elements.entries()) {
      const number = this.#firstElement + n;
      if (mode.kind === "active") {
        const table = this.tables[mode.index] as TableInstance;
        const items = machine.elementSegments[number] as readonly Ref[];
        const at = this.#offset(mode, table.address64);
        if (at + items.length > table.elements.length) throw this.#store.trapFault(TRAP.tableBounds);
        for (const [k, item] of items.entries()) table.elements[at + k] = item;
      }
      if (mode.kind !== "passive") machine.elementSegments[number] = [];
    }
    for (const [n, { mode }] of this.module.datas.entries()) {
      if (mode.kind !== "active") continue;
      const number = this.#firstData + n;
      const memory = this.memories[mode.index] as MemoryInstance;
      const data = machine.datas[number] as Uint8Array;
      const at = this.#offset(mode, memory.address64);
      if (at + data.length > memory.size) throw this.#store.trapFault(TRAP.memoryBounds);
      memory.bytes.set(data, at);
      machine.datas[number] = new Uint8Array(0);
    }
  }

  #offset(mode: Extract<SegmentMode, { kind: "active" }>, wide: boolean): number {
    const value = this.#evaluate(mode.offset, wide ? I64 : I32);
    if (value.type === "i32") return value.value >>> 0;
    if (value.type === "i64") return Number(BigInt.asUintN(64, value.value));
    throw new Error("an offset that is no integer");
  }

  #reference(range: ByteRange, type: ValType): Ref {
    const value = this.#evaluate(range, type);
    if (value.type !== "ref") throw new Error("expected a reference");
    return value.value;
  }

  /** A constant expression: the usual ones of one instruction at once, others as a function without a name. */
  #evaluate(range: ByteRange, type: ValType): Value {
    const reader = new CodeReader(this.module.bytes, range.start);
    const op = reader.byte();
    if (op === I32_CONST || op === REF_FUNC || op === GLOBAL_GET) {
      const operand = op === I32_CONST ? reader.s64() : reader.u32();
      if (reader.byte() === END) {
        if (op === I32_CONST) return { type: "i32", value: operand };
        if (op === REF_FUNC) return { type: "ref", value: this.functions[operand] as FunctionInstance };
        return (this.globals[operand] as GlobalInstance).get();
      }
    } else if (op === I64_CONST) {
      const low = reader.s64();
      const value = (BigInt(reader.high) << 32n) | BigInt(low >>> 0);
      if (reader.byte() === END) return { type: "i64", value };
    } else if (op === REF_NULL) {
      reader.heapType();
      if (reader.byte() === END) return { type: "ref", value: null };
    }
    this.#expression = { range, type };
    const value = this.#store.evaluate({ type: -1, params: [], results: [type], instance: this.number, index: -1 });
    this.#expression = undefined;
    return value;
  }

  #makeLinkage(): Linkage {
    const { module, canon, registry } = this;
    const composite = (typeIndex: number) => registry.get(canon[typeIndex] as number).composite;
    return {
      bytes: module.bytes,
      signature: (typeIndex) => this.signature(typeIndex),
      typeId: (typeIndex) => canon[typeIndex] as number,
      canonical: (type) => this.canonical(type),
      fields: (typeIndex) => {
        const type = composite(typeIndex);
        return type.kind === "struct" ? type.fields : type.kind === "array" ? [type.field] : [];
      },
      functionId: (index) => (this.functions[index] as FunctionInstance).id,
      functionSignature: (index) => this.functions[index] as FunctionInstance,
      isOwn: (index) => (this.functions[index] as FunctionInstance).instance === this.number,
      globalCell: (index) => (this.globals[index] as GlobalInstance).cell,
      globalType: (index) => (this.globals[index] as GlobalInstance).type.type,
      memoryId: (index) => (this.memories[index] as MemoryInstance).id,
      memoryAddress: (index) => (this.memories[index] as MemoryInstance).type.limits.address,
      tableId: (index) => (this.tables[index] as TableInstance).id,
      tableAddress: (index) => (this.tables[index] as TableInstance).type.limits.address,
      tableElement: (index) => (this.tables[index] as TableInstance).type.element,
      tagId: (index) => (this.tags[index] as TagInstance).id,
      tagSignature: (index) => ({ params: (this.tags[index] as TagInstance).params, results: [] }),
      dataId: (index) => this.#firstData + index,
      elementId: (index) => this.#firstElement + index,
      constant: (words) => this.#store.machine.constant(words),
    };
  }
}

function resolveImport(store: InstanceStore, valid: ValidModule, one: Import, resolve: Resolve): Extern {
  const extern = resolve(one.module, one.name);
  if (extern === undefined) throw linkFault("LINK_UNKNOWN_IMPORT", { module: one.module, name: one.name });
  if (!matchesImport(store.registry, valid.canon, one.desc, extern)) {
    const expected = one.desc.kind;
    throw linkFault("LINK_INCOMPATIBLE", {
      module: one.module,
      name: one.name,
      expected,
      found: externTypeName(extern),
    });
  }
  return extern;
}
