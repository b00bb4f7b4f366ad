/**
 * Linking by table, before anything runs: every import is a function of the host module with exactly the signature that
 * the table implies, and the exports the host will call are there. V8 would let any signature link to a JavaScript function.
 */
import type { FunctionType, LoadedModule } from "./engine.ts";
import { linkFault } from "./faults.ts";
import type { HostFunction, HostModule, Param } from "./host-module.ts";
import { err, ok, type Result } from "./kernel/result.ts";
import { checkWasiImports } from "./wasi/link.ts";

const HANDLE: FunctionType = { params: ["i32", "i32", "i64", "i32"], results: ["i32"] };
const INIT: FunctionType = { params: [], results: ["i32"] };
/** `_initialize`, and `_start` of a command. */
const INITIALIZE: FunctionType = { params: [], results: [] };

export function checkImports(module: LoadedModule, host: HostModule): Result<void> {
  for (const one of module.imports) {
    const found = one.module === host.name ? host.functions.find((f) => f.name === one.name) : undefined;
    if (found === undefined) return err(linkFault("LINK_UNKNOWN_IMPORT", { module: one.module, name: one.name }));
    const expected = signatureOf(found);
    if (!sameType(one, expected)) return err(mismatch(`${one.module}.${one.name}`, one, expected));
  }
  return checkExports(module);
}

/** The same of a WASI command: functions of preview 1 and nothing else, a memory and `_start`. */
export function checkCommand(module: LoadedModule): Result<void> {
  const linked = checkWasiImports(module.module);
  if (!linked.ok) return linked;
  const exported = (name: string) => module.exports.find((one) => one.name === name);
  if (exported("memory")?.kind !== "memory") return err(linkFault("LINK_EXPORT", { name: "memory" }));
  const start = exported("_start");
  if (start?.kind !== "function") return err(linkFault("LINK_EXPORT", { name: "_start" }));
  if (start.type !== undefined && sameType(start.type, INITIALIZE)) return ok(undefined);
  return err(mismatch("_start", start.type ?? { params: [], results: [start.kind] }, INITIALIZE));
}

function checkExports(module: LoadedModule): Result<void> {
  const exported = (name: string) => module.exports.find((one) => one.name === name);
  if (exported("memory")?.kind !== "memory") return err(linkFault("LINK_EXPORT", { name: "memory" }));
  if (exported("sp_handle")?.kind !== "function") return err(linkFault("LINK_EXPORT", { name: "sp_handle" }));
  for (const [name, expected] of [
    ["sp_handle", HANDLE],
    ["sp_init", INIT],
    ["_initialize", INITIALIZE],
  ] as const) {
    const found = exported(name);
    if (found === undefined) continue;
    if (found.type === undefined || !sameType(found.type, expected)) {
      return err(mismatch(name, found.type ?? { params: [], results: [found.kind] }, expected));
    }
  }
  return ok(undefined);
}

/** The flat WebAssembly type of a host function: bytes are pointer and length. */
export function signatureOf({ params, result }: HostFunction): FunctionType {
  return { params: params.flatMap(flatten), results: [result] };
}

function flatten(param: Param): readonly string[] {
  switch (param.as) {
    case "i32":
    case "struct-out":
      return ["i32"];
    case "i64":
      return ["i64"];
    case "bytes-in":
    case "bytes-out":
      return ["i32", "i32"];
  }
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join();
}

function mismatch(name: string, found: FunctionType, expected: FunctionType) {
  const text = (type: FunctionType) => `(${type.params.join(", ")}) -> (${type.results.join(", ")})`;
  return linkFault("LINK_SIGNATURE", { name, found: text(found), expected: text(expected) });
}
