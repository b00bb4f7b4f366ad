/** The engine's refusals, by the part that refuses: Loader, Validator, linker, engine. */
import { declareFaults } from "./kernel/fault.ts";

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
    says: "the module is not valid: {reason}",
    means: "The module breaks a validation rule (WebAssembly core specification, chapter 3).",
    todo: "Build the module again with a current toolchain.",
  },
});

const link = declareFaults("LINK", {
  LINK_UNKNOWN_IMPORT: {
    kind: "refusal",
    says: "the module imports {module}.{name}, which this host does not have",
    means: "Only the functions of sallyport_v1 exist. What is not there cannot be granted.",
    todo: "Remove the import; AssemblyScript: --use abort=, C: -nostdlib, Rust: no WASI target.",
  },
  LINK_SIGNATURE: {
    kind: "refusal",
    says: "the module's {name} has type {found}, expected {expected}",
    means: "An import or export has another signature than the ABI's.",
    todo: "Use the declarations of examples/sdk.",
  },
  LINK_EXPORT: {
    kind: "refusal",
    says: "the module does not export {name}",
    means: "A guest exports its memory and sp_handle(kind i32, handle i32, t_ns i64, arg i32) -> i32.",
    todo: "Export it.",
  },
});

const engine = declareFaults("ENGINE", {
  ENGINE_START: {
    kind: "environment",
    says: "the worker did not start: {reason}",
    means: "The thread that should run the module could not be made or did not come up in time.",
    todo: "The board is short of memory or processor time. The start is tried again.",
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

export const catalogues = [load.catalogue, validate.catalogue, link.catalogue, engine.catalogue];
export const loadFault = load.fault;
export const validateFault = validate.fault;
export const linkFault = link.fault;
export const engineFault = engine.fault;
