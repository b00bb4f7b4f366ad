/**
 * Makes a finding small while it stays the same finding: whole entries go first, then instructions, then plain bytes
 * with the sizes mended. Bounded by attempts, so that a stubborn input ends as it is.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import type { Module } from "../../../runtime/module/module.ts";
import { instructionsOf } from "./instructions.ts";
import { concat, joinSections, splitSections } from "./mutate.ts";

const ATTEMPTS = 20_000;

export function minimise(bytes: Uint8Array, same: (bytes: Uint8Array) => boolean): Uint8Array {
  let left = ATTEMPTS;
  let best = bytes;
  const attempt = (candidate: Uint8Array | undefined): boolean => {
    if (candidate === undefined || left <= 0 || !smaller(candidate, best)) return false;
    left -= 1;
    if (!same(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== best.length && left > 0; ) {
    before = best.length;
    while (entries(best, attempt)) {}
    while (bodies(best, attempt)) {}
    while (sections(best, attempt)) {}
  }
  return best;
}

const smaller = (a: Uint8Array, b: Uint8Array) => a.length < b.length;

type Attempt = (candidate: Uint8Array | undefined) => boolean;

/** The module written anew, or undefined when its parts do not fit together. */
function encoded(module: EncodableModule): Uint8Array | undefined {
  try {
    return encodeModule(module);
  } catch {
    return undefined;
  }
}

const VECTORS = [
  "customs",
  "exports",
  "elements",
  "datas",
  "globals",
  "tables",
  "memories",
  "tags",
  "imports",
] as const;
const EMPTY_BODY = Uint8Array.of(0x00, 0x0b);

function entries(bytes: Uint8Array, attempt: Attempt): boolean {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return false;
  const module: Module = decoded.value;
  for (const key of VECTORS) {
    const list = module[key];
    for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = list.length - size; at >= 0; at -= size) {
        const rest = [...list.slice(0, at), ...list.slice(at + size)];
        if (attempt(encoded({ ...module, [key]: rest }))) return true;
      }
    }
  }
  if (module.start !== undefined && attempt(encoded({ ...module, start: undefined }))) return true;
  return functions(module, attempt) || types(module, attempt);
}

function functions(module: Module, attempt: Attempt): boolean {
  for (let size = module.code.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = module.code.length - size; at >= 0; at -= size) {
      const keep = (_: unknown, n: number) => n < at || n >= at + size;
      const code = module.code.filter(keep);
      if (attempt(encoded({ ...module, code, functions: Array.from(module.functions).filter(keep) }))) return true;
      const emptied = module.code.map((one, n) => (keep(one, n) ? one : { locals: [], body: EMPTY_BODY }));
      if (attempt(encoded({ ...module, code: emptied }))) return true;
    }
  }
  return false;
}

function types(module: Module, attempt: Attempt): boolean {
  for (let at = module.groups.length - 1; at >= 0; at -= 1) {
    if (attempt(encoded({ ...module, groups: module.groups.filter((_, n) => n !== at) }))) return true;
  }
  return module.types.some((type, at) => {
    if (type.composite.kind !== "struct") return false;
    const { fields } = type.composite;
    return fields.some((_, gone) => {
      const composite = { kind: "struct", fields: fields.filter((__, n) => n !== gone) } as const;
      return attempt(
        encoded({ ...module, types: module.types.map((one, n) => (n === at ? { ...one, composite } : one)) }),
      );
    });
  });
}

function bodies(bytes: Uint8Array, attempt: Attempt): boolean {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return false;
  const module = decoded.value;
  return module.code.some((code, at) => {
    const with_ = (one: EncodableModule["code"][number]) =>
      attempt(encoded({ ...module, code: module.code.map((two, n) => (n === at ? one : two)) }));
    if (code.locals.some((_, gone) => with_({ ...code, locals: code.locals.filter((__, n) => n !== gone) })))
      return true;
    const list = instructionsOf(bytes, code.body);
    for (let size = list.length - 1; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from + size < list.length; from += Math.max(1, size >> 1)) {
        const start = list[from]?.start ?? 0;
        const end = list[from + size - 1]?.end ?? 0;
        const body = concat(bytes.subarray(code.body.start, start), bytes.subarray(end, code.body.end));
        if (with_({ locals: code.locals, body })) return true;
      }
    }
    return false;
  });
}

function sections(bytes: Uint8Array, attempt: Attempt): boolean {
  const { sections: list, rest } = splitSections(bytes);
  if (rest.length > 0 && attempt(joinSections(bytes, list, new Uint8Array(0)))) return true;
  for (let n = list.length - 1; n >= 0; n -= 1) {
    if (
      attempt(
        joinSections(
          bytes,
          list.filter((_, one) => one !== n),
          rest,
        ),
      )
    )
      return true;
  }
  return list.some(({ id, body }, n) => {
    for (let size = body.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = body.length - size; at >= 0; at -= Math.max(1, size >> 1)) {
        const cut = concat(body.subarray(0, at), body.subarray(at + size));
        const next = list.map((one, m) => (m === n ? { id, body: cut } : one));
        if (attempt(joinSections(bytes, next, rest))) return true;
      }
    }
    return false;
  });
}
