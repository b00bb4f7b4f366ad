/** Whether a module wants of WASI what there is: functions of preview 1, each with its signature. */
import type { FunctionType } from "../engine.ts";
import { linkFault } from "../faults.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Module } from "../module/module.ts";
import { typeName } from "../module/val-type.ts";
import { SIGNATURES, WASI_MODULE, type WasiName } from "./preview1.ts";

export const isWasiName = (name: string): name is WasiName => Object.hasOwn(SIGNATURES, name);

/** LINK_UNKNOWN_IMPORT for anything else, of another module included; LINK_SIGNATURE. */
export function checkWasiImports({ imports, types }: Module): Result<void> {
  for (const { module, name, desc } of imports) {
    if (module !== WASI_MODULE || desc.kind !== "function" || !isWasiName(name)) {
      return err(linkFault("LINK_UNKNOWN_IMPORT", { module, name }));
    }
    const composite = types[desc.type]?.composite;
    const found =
      composite?.kind === "func" ? textOf(composite.params.map(typeName), composite.results.map(typeName)) : "";
    const wanted = typeOf(name);
    const expected = textOf(wanted.params, wanted.results);
    if (found !== expected)
      return err(linkFault("LINK_SIGNATURE", { name: `import ${module}.${name}`, found, expected }));
  }
  return ok(undefined);
}

const textOf = (params: readonly string[], results: readonly string[]): string =>
  `(${params.join(", ")}) -> (${results.join(", ")})`;

function typeOf(name: WasiName): FunctionType {
  const params = Array.from(SIGNATURES[name], (one) => (one === "i" ? "i32" : "i64"));
  return { params, results: name === "proc_exit" ? [] : ["i32"] };
}
