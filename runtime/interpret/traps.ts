/**
 * Why a call ended before its result: a closed list. Inside the engine a trap is a small number; outside it is a Fault
 * whose reason is the specification suite's wording, with a backtrace of WebAssembly frames.
 */
export const TRAP = {
  unreachable: 1,
  divideByZero: 2,
  integerOverflow: 3,
  invalidConversion: 4,
  memoryBounds: 5,
  tableBounds: 6,
  undefinedElement: 7,
  uninitializedElement: 8,
  indirectType: 9,
  nullFunction: 10,
  nullReference: 11,
  castFailure: 12,
  arrayBounds: 13,
  stackExhausted: 14,
  unalignedAtomic: 15,
  expectedShared: 16,
  nullStruct: 17,
  nullArray: 18,
  nullI31: 19,
  nullException: 20,
  gcHeap: 21,
} as const;

export type TrapNumber = (typeof TRAP)[keyof typeof TRAP];

interface TrapRow {
  readonly code: string;
  /** The wording of the specification's test suite. */
  readonly reason: string;
}

const ROWS = {
  [TRAP.unreachable]: { code: "TRAP_UNREACHABLE", reason: "unreachable" },
  [TRAP.divideByZero]: { code: "TRAP_DIVIDE_BY_ZERO", reason: "integer divide by zero" },
  [TRAP.integerOverflow]: { code: "TRAP_INTEGER_OVERFLOW", reason: "integer overflow" },
  [TRAP.invalidConversion]: { code: "TRAP_INVALID_CONVERSION", reason: "invalid conversion to integer" },
  [TRAP.memoryBounds]: { code: "TRAP_MEMORY_BOUNDS", reason: "out of bounds memory access" },
  [TRAP.tableBounds]: { code: "TRAP_TABLE_BOUNDS", reason: "out of bounds table access" },
  [TRAP.undefinedElement]: { code: "TRAP_TABLE_BOUNDS", reason: "undefined element" },
  [TRAP.uninitializedElement]: { code: "TRAP_NULL_ELEMENT", reason: "uninitialized element" },
  [TRAP.indirectType]: { code: "TRAP_INDIRECT_TYPE", reason: "indirect call type mismatch" },
  [TRAP.nullFunction]: { code: "TRAP_NULL_REFERENCE", reason: "null function reference" },
  [TRAP.nullReference]: { code: "TRAP_NULL_REFERENCE", reason: "null reference" },
  [TRAP.castFailure]: { code: "TRAP_CAST", reason: "cast failure" },
  [TRAP.arrayBounds]: { code: "TRAP_ARRAY_BOUNDS", reason: "out of bounds array access" },
  [TRAP.stackExhausted]: { code: "TRAP_STACK", reason: "call stack exhausted" },
  [TRAP.unalignedAtomic]: { code: "TRAP_UNALIGNED_ATOMIC", reason: "unaligned atomic" },
  [TRAP.expectedShared]: { code: "TRAP_EXPECTED_SHARED", reason: "expected shared memory" },
  [TRAP.nullStruct]: { code: "TRAP_NULL_REFERENCE", reason: "null structure reference" },
  [TRAP.nullArray]: { code: "TRAP_NULL_REFERENCE", reason: "null array reference" },
  [TRAP.nullI31]: { code: "TRAP_NULL_REFERENCE", reason: "null i31 reference" },
  [TRAP.nullException]: { code: "TRAP_NULL_REFERENCE", reason: "null exception reference" },
  [TRAP.gcHeap]: { code: "TRAP_GC_HEAP", reason: "the heap of garbage-collected objects is full" },
} as const satisfies Readonly<Record<number, TrapRow>>;

export type TrapCode = (typeof ROWS)[TrapNumber]["code"];

export const TRAPS: Readonly<Record<number, { readonly code: TrapCode; readonly reason: string }>> = ROWS;
