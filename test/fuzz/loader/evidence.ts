/**
 * What V8 says of a module that was changed on purpose at one place: evidence of why it accepts what we refuse there.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { encodeModule } from "../../../runtime/binary/encode.ts";
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import { CodeReader } from "../../../runtime/module/code-reader.ts";
import { opcode } from "../../../runtime/module/opcodes.ts";
import { refType } from "../../../runtime/module/val-type.ts";
import { named } from "./emit.ts";
import { instructionsOf } from "./instructions.ts";
import { concat, type Section, splitSections } from "./mutate.ts";

/** The id of the section that the byte is in. */
export function sectionAt(bytes: Uint8Array, at: number): number | undefined {
  const past = ({ body }: Section) => body.byteOffset - bytes.byteOffset + body.length > at;
  return splitSections(bytes).sections.find(past)?.id;
}

/** An empty block's stack holds nothing that a branch could take along. */
export function labelTakesNothing(bytes: Uint8Array, at: number): boolean {
  const label = new CodeReader(bytes, at + 1).u32();
  return label < 127 && WebAssembly.validate(cutAt(bytes, at, [0x02, 0x40, 0x0c, label + 1, 0x0b]));
}

export const countInAByte = (bytes: Uint8Array, at: number): boolean => {
  const count = new CodeReader(bytes, at).u32();
  return count !== 1 && (count & 255) === 1;
};

/** Once what is on the stack is dropped, an operand is whatever one asks for. */
export function unreachable(bytes: Uint8Array, at: number, dropped: readonly number[]): boolean {
  const accepts = (drops: number, ...then: readonly number[]) =>
    WebAssembly.validate(cutAt(bytes, at, [...Array.from({ length: drops }, () => 0x1a), ...then, 0x1a]));
  const [i32Eqz, f32Neg] = [0x45, 0x8c];
  return dropped.some((drops) => accepts(drops, i32Eqz) && accepts(drops, f32Neg));
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

const BRANCHES = new Set("br_if br_on_null br_on_non_null br_on_cast br_on_cast_fail".split(" ").map(opcode));

/**
 * The module with `unreachable` after each conditional branch of unreachable code before `at` in its body: what such a
 * branch leaves may then be anything. Undefined when there is none.
 */
export function withoutWhatBranchesLeave(bytes: Uint8Array, at: number): Uint8Array | undefined {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return undefined;
  const { code } = decoded.value;
  const chosen = code.findIndex(({ body }) => body.start <= at && at < body.end);
  const one = code[chosen];
  if (one === undefined) return undefined;
  const out = new ByteWriter(one.body.end - one.body.start);
  let found = false;
  for (const { op, start, end } of instructionsOf(bytes, one.body)) {
    out.raw(bytes.subarray(start, end));
    if (start >= at || !BRANCHES.has(op) || !unreachable(bytes, start, DROPS)) continue;
    out.byte(0x00);
    found = true;
  }
  const body = out.bytes.slice();
  const rest = code.map((two, n) => (n === chosen ? { ...one, body } : two));
  return found ? encodeModule({ ...decoded.value, code: rest }) : undefined;
}

/** As many operands as may lie on top of what is not there. */
export const DROPS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 12, 16];
