/** Blocks, branches, exceptions; and the choice among all instructions. */
import { opcode, opcodes } from "../../../runtime/module/opcodes.ts";
import {
  asNonNull,
  asNullable,
  EXNREF,
  HEAP,
  heapOf,
  I32,
  isNullable,
  isRef,
  refType,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Block, Body } from "./generate-body.ts";
import { BULK } from "./generate-bulk.ts";
import { anyRef, find, INSTRUCTIONS, type Weighted } from "./generate-instructions.ts";
import { REFERENCES } from "./generate-references.ts";
import { anyHeap, anyTypes, anyValType } from "./generate-types.ts";

const NON_NULL_EXN = refType(HEAP.exn, false);
const CATCH = 0x07;
const NESTING = 12;

/** Some instructions in a row. */
export function steps(body: Body, most: number): void {
  for (let left = body.random.small(most + 1); left > 0 && body.fuel > 0; left -= 1) {
    body.fuel -= 1;
    step(body);
    if (body.block.unreachable && body.random.chance(0.15)) dead(body);
    if (body.block.unreachable && body.random.chance(0.6)) return;
  }
}

function step(body: Body): void {
  let left = body.random.below(TOTAL);
  for (const [weight, make] of ALL) {
    left -= weight;
    if (left < 0) return make(body);
  }
}

// --- blocks

/** Writes a block type, the parameters on the stack already; what the block takes and gives. */
function blockType(body: Body): {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  readonly write: () => void;
} {
  const { random, shape, out } = body;
  const choice = random.below(10);
  if (choice < 4) return { params: [], results: [], write: () => out.byte(0x40) };
  if (choice < 7) {
    const type = random.chance(0.4) ? anyRef(body) : anyValType(random, shape.space.types.length);
    return { params: [], results: [type], write: () => body.type(type) };
  }
  const index = random.pick(shape.space.of("func"));
  const composite = shape.space.composite(index);
  if (composite.kind !== "func") throw new Error("a block has a function type");
  return { ...composite, write: () => out.s33(index) };
}

function blocks(body: Body): void {
  const { random, shape } = body;
  if (body.blocks.length > NESTING) return;
  const kind = random.pick(shape.legacy ? ["block", "loop", "if", "try"] : ["block", "loop", "if", "try_table"]);
  const { params, results, write } = blockType(body);
  if (kind === "if") body.need(...params, I32);
  else body.need(...params);
  body.op(kind);
  write();
  if (kind === "try_table") catches(body);
  const code = { block: 0x02, loop: 0x03, if: 0x04, try: 0x06, try_table: 0x1f }[kind] ?? 0x02;
  body.open(code, kind === "loop" ? params : results, params, results);
  steps(body, 8);
  body.close();
  if (kind === "if") otherwise(body, params, results);
  if (kind === "try" && legacyCatches(body, results)) return body.push(...results);
  body.op("end");
  body.recall();
  body.push(...results);
}

function otherwise(body: Body, params: readonly ValType[], results: readonly ValType[]): void {
  const same = params.length === results.length && params.every((one, n) => body.matches(one, results[n] as ValType));
  if ((same || (params.length === results.length && body.slips())) && body.random.chance(0.5)) return;
  body.op("else");
  body.open(0x05, results, params, results);
  body.recall();
  steps(body, 5);
  body.close();
}

/** True when `delegate` has ended the block. */
function legacyCatches(body: Body, results: readonly ValType[]): boolean {
  const { random, shape } = body;
  if (random.chance(0.2)) {
    body.op("delegate");
    body.u32(random.below(body.blocks.length));
    return true;
  }
  for (let left = random.small(3); left > 0 && shape.tags.length > 0; left -= 1) {
    const tag = random.below(shape.tags.length);
    body.op("catch");
    body.u32(tag);
    body.open(CATCH, results, payload(body, tag), results);
    steps(body, 4);
    if (random.chance(0.3)) throwing(body);
    body.close();
  }
  if (random.chance(0.4)) {
    body.op("catch_all");
    body.open(CATCH, results, [], results);
    steps(body, 4);
    body.close();
  }
  return false;
}

function payload(body: Body, tag: number): readonly ValType[] {
  const composite = body.shape.space.composite(body.shape.tags[tag] as number);
  return composite.kind === "func" ? composite.params : [];
}

function catches(body: Body): void {
  const { random, shape } = body;
  const clauses: (readonly number[])[] = [];
  for (let left = random.below(4); left > 0; left -= 1) {
    const kind = random.below(4);
    const tag = random.below(shape.tags.length);
    if (kind < 2 && shape.tags.length === 0) continue;
    const given = [...(kind < 2 ? payload(body, tag) : []), ...(kind % 2 === 1 ? [NON_NULL_EXN] : [])];
    const label = labelFor(body, ({ label }) => fits(body, given, label));
    if (label !== undefined) clauses.push(kind < 2 ? [kind, tag, label] : [kind, label]);
  }
  body.u32(clauses.length);
  for (const clause of clauses) for (const one of clause) body.u32(one);
}

/** A block around a try_table that catches into it. */
function caught(body: Body): void {
  const { random, shape } = body;
  if (shape.legacy || body.blocks.length > NESTING) return;
  const kind = shape.tags.length === 0 ? 2 + random.below(2) : random.below(4);
  const tag = random.below(shape.tags.length);
  const given = [...(kind < 2 ? payload(body, tag) : []), ...(kind % 2 === 1 ? [NON_NULL_EXN] : [])];
  const index = find(
    random,
    shape.space.types,
    ({ composite }) =>
      composite.kind === "func" && composite.params.length === 0 && fits(body, given, composite.results),
  );
  if (given.length > 1 && index === undefined) return;
  const composite = index === undefined ? undefined : shape.space.composite(index);
  const results = composite?.kind === "func" ? composite.results : given;
  body.op("block");
  if (index !== undefined) body.out.s33(index);
  else if (given[0] === undefined) body.out.byte(0x40);
  else body.type(given[0]);
  body.open(0x02, results, [], results);
  body.op("try_table");
  body.out.byte(0x40);
  body.u32(1);
  for (const one of kind < 2 ? [kind, tag, 0] : [kind, 0]) body.u32(one);
  body.open(0x1f, [], [], []);
  steps(body, 5);
  body.close();
  body.op("end");
  body.close();
  body.op("end");
  body.push(...results);
}

/** Instructions that are put onto whatever lies there: right where the missing operands may be anything, else not. */
const ANYWHERE = (
  "drop ref.is_null ref.as_non_null ref.eq i32.eqz f32.neg i64.add f64x2.add array.len any.convert_extern " +
  "extern.convert_any ref.i31 i31.get_s throw_ref return i32.load"
)
  .split(" ")
  .map(opcode);

/** In unreachable code: an instruction whose operands are there in part. */
function dead(body: Body): void {
  const { random, shape } = body;
  body.makeAll(anyTypes(random, shape.space.types.length, 3));
  const label = random.below(body.blocks.length);
  const local = random.below(body.locals.length);
  switch (random.below(9)) {
    case 0:
      body.op(random.pick(["br_if", "br_on_null", "br_on_non_null", "br"]));
      body.u32(label);
      break;
    case 1:
      body.op(random.pick(["ref.test", "ref.cast_null", "ref.cast"]));
      body.heap(anyRef(body));
      break;
    case 2:
      body.op(random.pick(["br_on_cast", "br_on_cast_fail"]));
      body.out.byte(random.below(4));
      body.u32(label);
      body.heap(anyRef(body));
      body.heap(anyRef(body));
      break;
    case 3:
      if (body.locals.length === 0) break;
      body.op(random.pick(["local.set", "local.tee"]));
      body.u32(local);
      break;
    case 4:
      body.make(I32);
      body.code(0x1b);
      break;
    case 5:
      body.op("call");
      body.u32(random.below(shape.functions.length));
      break;
    default: {
      const code = random.pick(ANYWHERE);
      body.code(code);
      // An alignment and an offset.
      if (opcodes[code]?.immediates === "memarg") body.out.raw(Uint8Array.of(0, 0));
    }
  }
  if (random.chance(0.5)) body.op("drop");
  if (random.chance(0.7)) body.op("unreachable");
  body.jump();
}

// --- branches

const fits = (body: Body, given: readonly ValType[], label: readonly ValType[]) =>
  given.length === label.length && given.every((one, n) => body.matches(one, label[n] as ValType) || body.slips());

/** The depth of a block that satisfies. */
function labelFor(body: Body, satisfies: (block: Block) => boolean): number | undefined {
  return find(body.random, [...body.blocks].reverse(), satisfies);
}

const labelOf = (body: Body, depth: number): readonly ValType[] => body.blocks.at(-1 - depth)?.label ?? [];

function branches(body: Body): void {
  const { random } = body;
  const depth = random.below(body.blocks.length);
  const label = labelOf(body, depth);
  const branch = (name: string) => {
    body.op(name);
    body.u32(depth);
  };
  switch (random.below(9)) {
    case 0:
      body.need(...label);
      branch("br");
      return body.jump();
    case 1:
    case 2:
      body.need(...label, I32);
      branch("br_if");
      return body.push(...label);
    case 3: {
      const others = [...body.blocks].reverse().flatMap((one, n) => (fits(body, label, one.label) ? [n] : []));
      body.need(...label, I32);
      body.op("br_table");
      const targets = Array.from({ length: random.small(5) }, () => random.pick(others));
      body.u32(targets.length);
      for (const one of targets) body.u32(one);
      body.u32(depth);
      return body.jump();
    }
    case 4:
      body.need(...body.results);
      body.op("return");
      return body.jump();
    case 5:
      body.op("unreachable");
      return body.jump();
    case 6: {
      const type = asNullable(anyRef(body));
      body.need(...label, type);
      branch("br_on_null");
      return body.push(...label, asNonNull(type));
    }
    default:
      typedBranch(body);
  }
}

function typedBranch(body: Body): void {
  const { random, shape } = body;
  const depth = labelFor(body, ({ label }) => isRef(label.at(-1) ?? I32));
  if (depth === undefined) return;
  const label = labelOf(body, depth);
  const [rest, last] = [label.slice(0, -1), label.at(-1) ?? I32];
  if (random.chance(0.3)) {
    body.need(...rest, asNullable(last));
    body.op("br_on_non_null");
    body.u32(depth);
    return body.push(...rest);
  }
  const fail = random.chance(0.5);
  const low = shape.space.below(last);
  const above = (type: ValType) => {
    const found = refType(anyHeap(random, shape.space.types.length), true);
    return body.matches(type, found) ? found : refType(shape.space.top(heapOf(type)), true);
  };
  const from = fail ? low : random.chance(0.2) ? low : above(low);
  const to = fail ? shape.space.below(low) : low;
  body.need(...rest, from);
  body.op(fail ? "br_on_cast_fail" : "br_on_cast");
  body.out.byte((isNullable(from) ? 1 : 0) | (isNullable(to) ? 2 : 0));
  body.u32(depth);
  body.heap(from);
  body.heap(to);
  body.push(...rest, fail ? to : isNullable(to) ? asNonNull(from) : from);
}

function throwing(body: Body): void {
  const { random, shape } = body;
  const tag = find(random, shape.tags, () => true);
  if (shape.legacy) {
    const depth = labelFor(body, (block) => block.opcode === CATCH);
    if (depth !== undefined && random.chance(0.7)) {
      body.op("rethrow");
      body.u32(depth);
      return body.jump();
    }
  } else if (random.chance(0.3)) {
    body.need(EXNREF);
    body.op("throw_ref");
    return body.jump();
  }
  if (tag === undefined) return;
  body.need(...payload(body, tag));
  body.op("throw");
  body.u32(tag);
  body.jump();
}

const ALL: readonly Weighted[] = [
  ...INSTRUCTIONS,
  ...BULK,
  [14, blocks],
  [5, caught],
  [10, branches],
  [8, typedBranch],
  [4, throwing],
  ...REFERENCES,
];
const TOTAL = ALL.reduce((sum, [weight]) => sum + weight, 0);
