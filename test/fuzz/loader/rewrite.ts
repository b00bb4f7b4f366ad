/**
 * Mutations of decoded modules, written again by the encoder: sizes stay true, so that what is wrong is wrong deep inside.
 * Instructions are replaced, moved, doubled, borrowed from other modules; types, entries and bounds are changed.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import type { Code, Module } from "../../../runtime/module/module.ts";
import { opcodes } from "../../../runtime/module/opcodes.ts";
import type { Random } from "../random.ts";
import { anyType, EDITS, PHRASES, replaced } from "./edits.ts";
import { opcodeBytes } from "./emit.ts";
import { type Instruction, instructionsOf } from "./instructions.ts";
import { anyLeb, concat } from "./mutate.ts";

export function rewrite(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array | undefined {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return undefined;
  let module: EncodableModule = decoded.value;
  for (let left = 1 + random.small(3); left > 0; left -= 1) {
    module =
      decoded.value.code.length > 0 && random.chance(0.7)
        ? rewriteCode(module, decoded.value, random, other)
        : random.pick(EDITS)(module, random);
  }
  return encodeModule(module);
}

// --- instructions

const byImmediates = new Map<string, readonly number[]>();
for (const one of opcodes) {
  if (one === undefined) continue;
  byImmediates.set(one.immediates, [...(byImmediates.get(one.immediates) ?? []), one.code]);
}

function rewriteCode(module: EncodableModule, source: Module, random: Random, other: Uint8Array): EncodableModule {
  const chosen = random.below(source.code.length);
  const code = source.code[chosen];
  if (code === undefined || module.code.length !== source.code.length) return module;
  if (random.chance(0.1))
    return { ...module, code: replaced(module.code, chosen, { ...code, locals: locals(code, random) }) };
  const list = instructionsOf(source.bytes, code.body);
  const at = random.below(list.length);
  const one = list[at];
  if (one === undefined) return module;
  const before = source.bytes.subarray(code.body.start, one.start);
  const self = source.bytes.subarray(one.start, one.end);
  const after = source.bytes.subarray(one.end, code.body.end);
  const body = concat(before, ...edited(one, self, source.bytes, list, random, other), after);
  return { ...module, code: replaced(module.code, chosen, { locals: code.locals, body }) };
}

function edited(
  one: Instruction,
  self: Uint8Array,
  bytes: Uint8Array,
  list: readonly Instruction[],
  random: Random,
  other: Uint8Array,
): readonly Uint8Array[] {
  const immediates = self.subarray(opcodeBytes(one.op).length);
  switch (random.below(9)) {
    case 0:
    case 1: {
      const like = byImmediates.get(opcodes[one.op]?.immediates ?? "") ?? [one.op];
      return [opcodeBytes(random.pick(like)), immediates];
    }
    case 2:
      return [];
    case 3:
      return [self, self];
    case 4: {
      const end = immediates.findIndex((byte) => byte < 128);
      return [opcodeBytes(one.op), anyLeb(random), immediates.subarray(end + 1)];
    }
    case 5:
      return [Uint8Array.from(random.pick(PHRASES)), self];
    case 6:
      return [Uint8Array.from(random.pick(PHRASES))];
    case 7: {
      const from = random.pick(list);
      return [bytes.subarray(from.start, from.end), self];
    }
    default: {
      const donor = decodeModule(other);
      if (!donor.ok || donor.value.code.length === 0) return [self];
      const found = instructionsOf(other, random.pick(donor.value.code).body);
      const start = random.below(found.length);
      const end = Math.min(found.length, start + 1 + random.small(6)) - 1;
      const part = other.subarray(found[start]?.start ?? 0, found[end]?.end ?? 0);
      return random.chance(0.5) ? [part] : [part, self];
    }
  }
}

function locals(code: Code, random: Random) {
  const list = [...code.locals];
  const at = random.below(list.length + 1);
  if (random.chance(0.3)) list.splice(at, 1);
  else
    list.splice(at, random.chance(0.5) ? 1 : 0, {
      count: random.pick([0, 1, 2, 3, 1000, 50_000]),
      type: anyType(random),
    });
  return list;
}
