/**
 * Mutations of decoded modules, written again by the encoder: sizes stay true, so that what is wrong is wrong deep inside.
 * Instructions are replaced, moved, doubled, borrowed from other modules; types, entries and bounds are changed.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import { CodeReader } from "../../../runtime/module/code-reader.ts";
import type { ByteRange, Code, Module } from "../../../runtime/module/module.ts";
import { opcode, opcodes } from "../../../runtime/module/opcodes.ts";
import { refType } from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { anyType, EDITS, PHRASES, replaced } from "./edits.ts";
import { named, opcodeBytes } from "./emit.ts";
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

export interface Instruction {
  readonly op: number;
  readonly start: number;
  readonly end: number;
}

export function instructionsOf(bytes: Uint8Array, { start, end }: ByteRange): readonly Instruction[] {
  const reader = new CodeReader(bytes, start);
  const out: Instruction[] = [];
  while (reader.at < end) {
    const from = reader.at;
    const op = reader.opcode();
    reader.skip(op);
    out.push({ op, start: from, end: reader.at });
  }
  return out;
}

/** The module with the body that holds `at` cut there: `instead`, then the shortest end of every open block. */
export function cutAt(bytes: Uint8Array, at: number, instead: readonly number[]): Uint8Array {
  const decoded = decodeModule(bytes);
  const code = decoded.ok ? decoded.value.code : [];
  const chosen = code.findIndex(({ body }) => body.start <= at && at < body.end);
  const one = code[chosen];
  if (!decoded.ok || one === undefined) return bytes;
  const open: number[] = [];
  for (const { op, start } of instructionsOf(bytes, one.body)) {
    if (start >= at) break;
    if (op === END || op === DELEGATE) open.pop();
    else if (op === ELSE) open[open.length - 1] = ELSE;
    else if (OPENING.has(op)) open.push(op);
  }
  const ends = open.reverse().flatMap((op) => (op === IF ? [0x00, ELSE, 0x00, END] : [0x00, END]));
  const body = concat(bytes.subarray(one.body.start, at), Uint8Array.from([...instead, ...ends, 0x00, END]));
  // Bodies that follow have not been judged, so they may not be looked at.
  const rest = code.map((two, n) =>
    n === chosen ? { ...one, body } : n > chosen ? { ...two, locals: [], body: TRAP } : two,
  );
  return encodeModule({ ...decoded.value, code: rest });
}

/**
 * The module with what each br_on_cast_fail to a nullable type leaves put through a local of just that type; undefined
 * when there is none.
 */
export function withStatedCasts(bytes: Uint8Array): Uint8Array | undefined {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return undefined;
  const module = decoded.value;
  let casts = 0;
  const code = module.code.map((one, n) => {
    const composite = module.types[module.functions[n] ?? -1]?.composite;
    const first = (composite?.kind === "func" ? composite.params.length : 0) + one.localCount;
    const locals = [...one.locals];
    const out = new ByteWriter(one.body.end - one.body.start);
    for (const { op, start, end } of instructionsOf(bytes, one.body)) {
      out.raw(bytes.subarray(start, end));
      if (op !== BR_ON_CAST_FAIL) continue;
      const reader = new CodeReader(bytes, start);
      reader.opcode();
      const nullable = (reader.byte() & 2) !== 0;
      reader.u32();
      reader.heapType();
      if (!nullable) continue;
      casts += 1;
      out.raw(named("local.tee"));
      out.u32(first + locals.length - one.locals.length);
      locals.push({ count: 1, type: refType(reader.heapType(), true) });
    }
    return { locals, body: out.bytes.slice() };
  });
  return casts === 0 ? undefined : encodeModule({ ...module, code });
}

const BR_ON_CAST_FAIL = opcode("br_on_cast_fail");
const [IF, ELSE, END, DELEGATE] = [0x04, 0x05, 0x0b, 0x18];
const OPENING = new Set([0x02, 0x03, IF, 0x06, 0x1f]);
const TRAP = Uint8Array.of(0x00, END);

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
