/** The interpreter tier's door: a store, what lives in it, and the values that cross. */
export { Activation, type Progress } from "./activation.ts";
export { Instance, type Resolve } from "./instance.ts";
export { type Extern, GlobalInstance, MemoryInstance, TableInstance, TagInstance } from "./instances.ts";
export type { Probe, ProbeSite } from "./probe.ts";
export { restore, snapshot } from "./snapshot.ts";
export type { HostRefCodec } from "./snapshot-refs.ts";
export { DEFAULT_STORE_LIMITS, Store, type StoreLimits, type StoreOptions, WasmException } from "./store.ts";
export {
  ArrayRef,
  ExceptionRef,
  FunctionInstance,
  type HostCall,
  HostRef,
  PENDING,
  type Ref,
  StructRef,
  type Value,
} from "./value.ts";
