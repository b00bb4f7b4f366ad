/** The engine's refusals, by the part that refuses: Loader, Validator, linker, engine. */
import { assert } from "./kernel/assert.ts";
import { declareFaults, type Facts, Fault } from "./kernel/fault.ts";

const load = declareFaults("LOAD", {
  LOAD_MALFORMED: {
    kind: "refusal",
    says: "not a WebAssembly module: {reason} at byte {offset}",
    means: "The bytes break the binary format (WebAssembly core specification, chapter 5).",
    todo: "Build the module again. If it came from a repository, its hash was right: the publisher signed a broken file.",
  },
  LOAD_UNSUPPORTED: {
    kind: "refusal",
    says: "the module uses {feature} (at byte {offset}), which this engine does not admit",
    means: "The module is valid for some engine, but needs a feature that is not admitted here yet.",
    todo: "Build without the feature.",
  },
  LOAD_TOO_LARGE: {
    kind: "refusal",
    says: "the module has {size} bytes, at most {max} are loaded",
    means: "The module is larger than the engine's bound.",
    todo: "Make it smaller; data belongs into targets of its own.",
  },
  LOAD_MEMORY_LIMIT: {
    kind: "refusal",
    says: "the module starts with {initial} pages of memory, its manifest allows {limit}",
    means: "The initial memory alone is above limits.memoryPages.",
    todo: "Raise limits.memoryPages in the manifest, or build with less initial memory.",
  },
  LOAD_TABLE_LIMIT: {
    kind: "refusal",
    says: "the module starts with a table of {initial} elements, {limit} are allowed",
    means: "The initial table alone is above limits.tableElements.",
    todo: "Raise limits.tableElements in the manifest.",
  },
});

const validate = declareFaults("VALIDATE", {
  VALIDATE_INVALID: {
    kind: "refusal",
    says: "the module is not valid: {reason} (at byte {offset})",
    means: "The module breaks a validation rule (WebAssembly core specification, chapter 3).",
    todo: "Build the module again with a current toolchain.",
  },
  VALIDATE_FEATURE: {
    kind: "refusal",
    says: "the module uses {feature} (at byte {offset}), which is turned off here",
    means: "The device's policy does not admit this WebAssembly feature.",
    todo: "Build without the feature, or admit it in the policy.",
  },
  VALIDATE_LIMIT: {
    kind: "refusal",
    says: "the module has more {what} than the {limit} that are admitted (at byte {offset})",
    means: "The module is valid, but beyond a bound of this engine.",
    todo: "Build it smaller; honest toolchains stay far below the bound.",
  },
  VALIDATE_SECOND_OPINION: {
    kind: "refusal",
    says: "the module passed our validator, but V8 refuses it: {reason}",
    means: "The two validators disagree, or V8 has a bound of its own below the specification's.",
    todo: "Report the module: one of the two is wrong, and until it is known which, nothing runs.",
  },
});

const link = declareFaults("LINK", {
  LINK_UNKNOWN_IMPORT: {
    kind: "refusal",
    says: "the module imports {module}.{name}, which this host does not have",
    means:
      "A module with the ABI core-v1 has the functions of sallyport_v1, one with wasi-p1 those of WASI preview 1, and none has both. What is not there cannot be granted.",
    todo: "Remove the import (AssemblyScript: --use abort=, C: -nostdlib, Rust: no WASI target), or say the other abi in the manifest.",
  },
  LINK_SIGNATURE: {
    kind: "refusal",
    says: "the module's {name} has type {found}, expected {expected}",
    means: "An import or export has another signature than the ABI's.",
    todo: "Use the declarations of examples/sdk.",
  },
  LINK_INCOMPATIBLE: {
    kind: "refusal",
    says: "incompatible import type: {module}.{name} should be a {expected}, the host has {found}",
    means: "What the host offers under an import's name has another kind or type (core specification, section 4.7.1).",
    todo: "Build the module against the host's declarations, or give the host the matching definition.",
  },
  LINK_LIMIT: {
    kind: "refusal",
    says: "the module wants a {what} of {wanted}, the limit is {limit}",
    means: "An instance would take more memory or table elements than its store allows.",
    todo: "Raise the limit, or build with less initial memory.",
  },
  LINK_EXPORT: {
    kind: "refusal",
    says: "the module does not export {name}",
    means:
      "A guest exports its memory and sp_handle(kind i32, handle i32, t_ns i64, arg i32) -> i32; a command (wasi-p1) its memory and _start.",
    todo: "Export it.",
  },
});

const traps = declareFaults("TRAP", {
  TRAP_UNREACHABLE: trap(
    "{reason}: the module ran into code that it says is never reached",
    "An assertion or abort of its toolchain; the backtrace says where.",
  ),
  TRAP_DIVIDE_BY_ZERO: trap("{reason}", "An integer division or remainder by zero."),
  TRAP_INTEGER_OVERFLOW: trap("{reason}", "A quotient or conversion that does not fit its type."),
  TRAP_INVALID_CONVERSION: trap("{reason}", "A NaN was converted to an integer."),
  TRAP_MEMORY_BOUNDS: trap("{reason}", "An access outside linear memory, or a segment that does not fit."),
  TRAP_TABLE_BOUNDS: trap(
    "{reason}",
    "A table access or indirect call outside the table, or a segment that does not fit.",
  ),
  TRAP_NULL_ELEMENT: trap("{reason}", "An indirect call through an empty table element."),
  TRAP_INDIRECT_TYPE: trap("{reason}", "An indirect call to a function of another type."),
  TRAP_NULL_REFERENCE: trap("{reason}", "A null reference was used."),
  TRAP_CAST: trap("{reason}", "A reference does not have the type it was cast to."),
  TRAP_ARRAY_BOUNDS: trap("{reason}", "An access outside an array."),
  TRAP_STACK: trap("{reason}", "Calls are nested deeper, or need more stack, than the limit."),
  TRAP_UNALIGNED_ATOMIC: trap("{reason}", "An atomic access at an address that is no multiple of its size."),
  TRAP_EXPECTED_SHARED: trap("{reason}", "A wait on a memory that is not shared."),
  TRAP_GC_HEAP: trap("{reason}", "Live objects of the module exceed the heap's limit."),
  TRAP_FUEL: trap("all fuel is used up", "The module executed as many instructions as it was given."),
  TRAP_WAITING: trap(
    "a host function did not answer at once",
    "The call was made in a way that cannot stand still while a host function's answer is awaited.",
  ),
  TRAP_EXCEPTION: trap("an exception (tag {tag}) left the module", "Nothing in the module caught it."),
});

const snapshots = declareFaults("SNAPSHOT", {
  SNAPSHOT_MALFORMED: {
    kind: "refusal",
    says: "not a snapshot that can be read: {reason}",
    means: "The file is no snapshot of this engine's format, or was written wrongly.",
    todo: "Take the snapshot again.",
  },
  SNAPSHOT_DIGEST: {
    kind: "disk",
    says: "the snapshot's digest does not match its content",
    means: "The file was cut off or altered after it was written.",
    todo: "Take the snapshot again; look at the disk it was on.",
  },
  SNAPSHOT_MISMATCH: {
    kind: "refusal",
    says: "the snapshot does not fit here: {reason}",
    means: "A snapshot continues only over the same modules, linked in the same order, in the same engine version.",
    todo: "Restore it with the modules and the version it was taken with.",
  },
  SNAPSHOT_HOST_REFERENCE: {
    kind: "refusal",
    says: "the module holds a reference to something of the host's, which only the host can write down",
    means: "An externref in a local, global, table or object refers to a host value.",
    todo: "Give a codec for host references, or take the snapshot when none is held.",
  },
});

function trap(says: string, means: string) {
  return {
    kind: "refusal",
    says: `${says} (in {where})`,
    means,
    todo: "Fix the module, or raise the limit it names.",
  } as const;
}

const meter = declareFaults("METER", {
  METER_NAME: {
    kind: "refusal",
    says: "the module exports {name}, a name that the metered tier adds itself",
    means: "Names that begin with sallyport: belong to the host: the leash is held by them.",
    todo: "Rename the export.",
  },
  METER_INVALID: {
    kind: "refusal",
    says: "the instrumented module is not valid: {reason}",
    means: "Our instrumenter made something that our Validator refuses. Nothing was run.",
    todo: "Report it with the module; run it in the interpreter tier meanwhile.",
  },
});

const engine = declareFaults("ENGINE", {
  ENGINE_START: {
    kind: "environment",
    says: "the worker did not start: {reason}",
    means:
      "The thread or the memory that the module should have could not be made, or the thread did not come up in time.",
    todo: "The board is short of memory or processor time. The start is tried again.",
  },
  ENGINE_PREPARE: {
    kind: "refusal",
    says: "the module could not be prepared for the compiled tier: {reason}",
    means: "Instrumenting and compiling it took longer, or more memory, than a module may take. Nothing of it was run.",
    todo: "Make the module smaller, above all its largest functions; or run it in the interpreter tier.",
  },
  ENGINE_LOST: {
    kind: "environment",
    says: "the worker ended while it made the module: {reason}",
    means: "The thread came up, and ended before the module stood: out of memory, more often than not.",
    todo: "Look whether the board is short of memory, or the module too large for the interpreter's heap.",
  },
  ENGINE_DEADLINE: {
    kind: "refusal",
    says: "the module was stopped while starting: its start function took longer than {callMs} ms",
    means: "Start functions, `_initialize` and `sp_init` have the deadline of every call.",
    todo: "Do less at the start, or publish a manifest with a longer callMs.",
  },
  ENGINE_TRAP: {
    kind: "refusal",
    says: "the module trapped while starting: {trap} ({reason})",
    means: "Its start function or sp_init ended in a trap.",
    todo: "Fix the module.",
  },
  ENGINE_GUEST_ENDED: {
    kind: "refusal",
    says: "the module is not running any more: {why}",
    means: "A call was made into a guest that trapped, overran its deadline or was stopped.",
    todo: "Its supervisor starts it again when its manifest allows.",
  },
});

const wasi = declareFaults("WASI", {
  WASI_PREOPEN: {
    kind: "environment",
    says: "the directory {host} cannot be given to the program as {guest}: {reason}",
    means:
      "A directory that should be there for a WASI program could not be opened, or is of a kind that is never given.",
    todo: "Look whether it exists and may be read; directories need Linux with /proc mounted.",
  },
});

export const catalogues = [load, validate, link, traps, snapshots, meter, engine, wasi].map(
  ({ catalogue }) => catalogue,
);

/** The fault again that another thread made: its code and its facts are all that crosses. */
export function faultOf(code: string, facts: Facts): Fault {
  const found = catalogues.find(({ table }) => Object.hasOwn(table, code))?.table[code];
  assert(found !== undefined, `the engine declares ${code}`);
  return new Fault(code, found, facts);
}

export const loadFault = load.fault;
export const validateFault = validate.fault;
export const linkFault = link.fault;
export const meterFault = meter.fault;
export const engineFault = engine.fault;
export const trapFault = traps.fault;
export const wasiFault = wasi.fault;
export const snapshotFault = snapshots.fault;
