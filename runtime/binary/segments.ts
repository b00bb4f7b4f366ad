/** Element and data segments and function bodies: sections 5.5.12 to 5.5.14. */
import { ENGINE_LIMITS } from "../limits.ts";
import type { Code, DataSegment, ElementSegment, LocalRun, SegmentMode } from "../module/module.ts";
import { FUNCREF, HEAP, refType, V128, type ValType } from "../module/val-type.ts";
import { type CodeFacts, walkExpression } from "./instructions.ts";
import type { Reader } from "./reader.ts";
import { readExpression, readFunctions, vector } from "./sections.ts";
import { readRefType, readValType } from "./types.ts";

/** The eight forms: bit 0 passive or declarative, bit 1 an index (or declarative), bit 2 expressions. */
export const readElements = (reader: Reader, facts: CodeFacts): readonly ElementSegment[] =>
  vector(reader, (at) => {
    const form = reader.u32();
    if (form > 7) throw reader.refuse("malformed elements segment kind", at);
    const mode = elementMode(reader, form, facts);
    const expressions = (form & 4) !== 0;
    const type = elementType(reader, form, expressions);
    const items = expressions
      ? { expressions: vector(reader, () => readExpression(reader, facts)) }
      : { functions: readFunctions(reader) };
    return { mode, type, items, at };
  });

const PASSIVE: SegmentMode = { kind: "passive" };
const DECLARATIVE: SegmentMode = { kind: "declarative" };

function elementMode(reader: Reader, form: number, facts: CodeFacts): SegmentMode {
  if ((form & 1) !== 0) return (form & 2) !== 0 ? DECLARATIVE : PASSIVE;
  const index = (form & 2) !== 0 ? reader.u32() : 0;
  return { kind: "active", index, offset: readExpression(reader, facts) };
}

function elementType(reader: Reader, form: number, expressions: boolean): ValType {
  if ((form & 3) === 0) return expressions ? FUNCREF : refType(HEAP.func, false);
  if (expressions) return readRefType(reader);
  if (reader.byte() !== 0) throw reader.refuse("malformed element kind", reader.at - 1);
  return refType(HEAP.func, false);
}

export const readDatas = (reader: Reader, facts: CodeFacts): readonly DataSegment[] =>
  vector(reader, (at) => {
    const form = reader.u32();
    if (form > 2) throw reader.refuse("malformed data segment kind", at);
    const index = form === 2 ? reader.u32() : 0;
    const mode: SegmentMode = form === 1 ? PASSIVE : { kind: "active", index, offset: readExpression(reader, facts) };
    const length = reader.u32();
    const start = reader.at;
    reader.skip(length);
    return { mode, bytes: { start, end: start + length }, at };
  });

export const readCode = (reader: Reader, facts: CodeFacts): readonly Code[] =>
  vector(reader, () => {
    const size = reader.u32();
    const start = reader.at;
    const body = reader.slice(size);
    const { locals, localCount } = readLocals(body);
    const first = body.at;
    walkExpression(body, facts);
    if (!body.done) throw body.refuse("END opcode expected: the body goes on after its end");
    reader.at = start + size;
    return { locals, localCount, body: { start: first, end: body.at } };
  });

const NO_LOCALS: readonly LocalRun[] = [];
/** Most functions have a few locals of a number type: such runs, and lists of one, are the same object everywhere. */
const COMMON_COUNT = 64;
const common: readonly (readonly LocalRun[])[] = Array.from({ length: (V128 + 1) * COMMON_COUNT }, (_, n) => [
  { count: n % COMMON_COUNT, type: Math.floor(n / COMMON_COUNT) },
]);

const commonRun = (count: number, type: ValType): readonly LocalRun[] | undefined =>
  count < COMMON_COUNT && type <= V128 ? common[type * COMMON_COUNT + count] : undefined;

function ownRun(reader: Reader, count: number, type: ValType): readonly LocalRun[] {
  reader.keep(1);
  return [{ count, type }];
}

function readLocals(reader: Reader): { locals: readonly LocalRun[]; localCount: number } {
  const at = reader.at;
  const runs = reader.count();
  if (runs === 0) return { locals: NO_LOCALS, localCount: 0 };
  let localCount = 0;
  let locals = NO_LOCALS;
  const several: LocalRun[] = [];
  for (let left = runs; left > 0; left -= 1) {
    const count = reader.u32();
    localCount += count;
    if (localCount > 0xffffffff) throw reader.refuse("too many locals", at);
    const type = readValType(reader);
    locals = commonRun(count, type) ?? ownRun(reader, count, type);
    if (runs > 1) several.push(...locals);
  }
  if (runs > 1) locals = several;
  if (localCount > ENGINE_LIMITS.locals) {
    throw reader.unsupported(`a function of ${localCount} locals (at most ${ENGINE_LIMITS.locals} are admitted)`, at);
  }
  return { locals, localCount };
}
