/**
 * Module → module with a leash in it: the same functions under the same indices, with looks at the epoch and payments of
 * fuel put into their bodies. Whatever is added comes last in its index space, so nothing that was there is renumbered.
 * The result is judged by our Validator again before anybody compiles it.
 */
import { decodeModule } from "../binary/decode.ts";
import { type EncodableModule, encodeModule } from "../binary/encode.ts";
import { meterFault } from "../faults.ts";
import type { Fault } from "../kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../kernel/result.ts";
import { ALL_FEATURES } from "../module/features.ts";
import { type CompositeType, importsOf, type Limits, type LocalRun, type Module } from "../module/module.ts";
import { I32, I64, isDefaultable, type ValType } from "../module/val-type.ts";
import { type ValidModule, validateModule } from "../validate/module.ts";
import { type BodyToMeter, lookAtEpoch, meterBody, meterTwin, SCRATCH, type Written } from "./body.ts";
import { carryParts, planCarry } from "./carry.ts";
import { Code } from "./code.ts";
import type { Added, BodyContext } from "./context.ts";
import { elementLog2Of } from "./elements.ts";
import { HINTS, type Hinted, hintSection } from "./hints.ts";
import { firstLate, startWithData } from "./late-data.ts";
import { withOneResult } from "./one-result.ts";
import { EPOCH, METER_EXPORTS, type MeterOptions, RESERVED, WHY } from "./options.ts";
import { Pieces } from "./pieces.ts";
import { planReentry } from "./reentry.ts";
import { type BodyScan, scanBody } from "./scan.ts";
import { withSizes } from "./sizes.ts";

export interface Metered {
  readonly bytes: Uint8Array;
  /** Bytes of code before and after. */
  readonly codeBefore: number;
  readonly codeAfter: number;
  /** Functions of the module, twins and helpers for bulk operations that were added. */
  readonly functions: number;
  readonly twins: number;
  readonly helpers: number;
  readonly looks: number;
  readonly payments: number;
}

/** METER_NAME when the module exports a name of ours, METER_INVALID when the result does not validate: our mistake. */
export function instrument(valid: ValidModule, options: MeterOptions): Result<Metered, Fault> {
  const { module } = valid;
  const taken = module.exports.find(({ name }) => name.startsWith(RESERVED));
  if (taken !== undefined) return err(meterFault("METER_NAME", { name: taken.name }));
  const { bytes, judged, counts } = build(valid, options);
  if (!judged.ok) return err(meterFault("METER_INVALID", { reason: judged.error.line() }, judged.error));
  const size = (of: Module) => of.code.reduce((sum, { body }) => sum + body.end - body.start, 0);
  return ok({ bytes, codeBefore: size(module), codeAfter: size(judged.value.module), ...counts });
}

/** A body as it was written, for function `index` of the new module, from function `of` of the old one. */
export interface WrittenFunction extends Written, Hinted {
  readonly of: number;
}

export interface Built {
  readonly bytes: Uint8Array;
  readonly judged: Result<ValidModule, Fault>;
  /** Without origins where it was rewritten since. */
  readonly written: readonly WrittenFunction[];
  readonly counts: Counts;
}

/** `recording`: bodies note where their instructions came from. */
export function build(valid: ValidModule, options: MeterOptions, recording = false): Built {
  const { module } = valid;
  const { module: parts, written, counts } = withMeter(valid, options, recording);
  const bytes = encodeModule(withHints(options.sizes === true ? withSizes(parts, module) : parts, written));
  const judged = judge(bytes);
  if (!judged.ok || options.deterministic !== true) return { bytes, judged, written, counts };
  const one = withOneResult(judged.value.module);
  // Offsets in a body that was rewritten are not what they were.
  const imported = importsOf(module, "function").length;
  const kept = written.filter(({ index }) => !(one.code[index - imported]?.body instanceof Uint8Array));
  const again = encodeModule(withHints(one, kept));
  const known = new Set<WrittenFunction>(kept);
  const origins = (of: WrittenFunction) => (known.has(of) ? of : { ...of, origins: undefined });
  return { bytes: again, judged: judge(again), written: written.map(origins), counts };
}

function withHints(module: EncodableModule, hinted: readonly Hinted[]): EncodableModule {
  return { ...module, customs: [...module.customs.filter(({ name }) => name !== HINTS), hintSection(hinted)] };
}

function judge(bytes: Uint8Array): Result<ValidModule, Fault> {
  const decoded = decodeModule(bytes);
  return decoded.ok ? validateModule(decoded.value, { features: ALL_FEATURES }) : decoded;
}

const UNREACHABLE = 0x00;
const I32_EQ = 0x46;
const DROP = 0x1a;
const BR = 0x0c;
/** Functions with more locals are not worth moving. */
const TWIN_LOCALS = 200;

interface Part {
  /** Its function's index. */
  readonly of: number;
  readonly body: BodyToMeter;
  readonly scan: BodyScan;
  readonly locals: readonly LocalRun[];
  readonly type: Extract<CompositeType, { kind: "func" }>;
}

type Counts = Pick<Metered, "functions" | "twins" | "helpers" | "looks" | "payments">;

interface WithMeter {
  readonly module: EncodableModule;
  readonly written: readonly WrittenFunction[];
  readonly counts: Counts;
}

function withMeter(valid: ValidModule, options: MeterOptions, recording: boolean): WithMeter {
  const { module } = valid;
  const functions = importsOf(module, "function").length + module.functions.length;
  const globals = importsOf(module, "global").length + module.globals.length;
  const added: Added = {
    why: globals,
    fuel: globals + 1,
    epoch: importsOf(module, "memory").length + module.memories.length,
    interrupted: functions,
  };
  const firstTwin = functions + 1;
  const parts = partsOf(module, options, firstTwin);
  const twins = parts.filter(({ body }) => body.twin !== undefined);
  const firstPiece = firstTwin + twins.length;
  const pieces = options.epoch
    ? new Pieces(module, firstPiece, (out) => lookAtEpoch(out, added), options.piece)
    : undefined;
  const counted = { looks: 0, payments: 0 };
  const context = { ...contextOf(module, options, added), pieces, counted, recording };
  // Bodies first: they say which helpers there must be.
  const bodies = parts.map(({ body, scan, locals }) => {
    return { locals: [...locals, ...SCRATCH], ...meterBody(context, body, scan) };
  });
  const twinBodies = twins.map(({ body, scan, of }) => ({ locals: SCRATCH, of, ...meterTwin(context, body, scan) }));
  const late = pieces === undefined ? -1 : firstLate(module);
  const starter = pieces === undefined || late < 0 ? [] : [startWithData(module, late, pieces)];
  const helpers = pieces?.functions ?? [];
  const start = starter.length > 0 ? firstPiece + helpers.length : module.start?.function;
  const plan = options.carry === true && options.epoch ? planCarry(valid) : undefined;
  const put = firstPiece + helpers.length + starter.length;
  const carry = plan === undefined ? undefined : carryParts(module, plan, put, added.epoch);
  const own = (instructions: Code) => ({ locals: [], body: instructions.end().bytes.slice() });
  const types = new AddedTypes(module.types.length);
  const noType = types.index([], []);
  const twinTypes = twins.map(({ locals, type }) =>
    types.index(
      [...type.params, ...locals.flatMap((run) => new Array<ValType>(run.count).fill(run.type)), I32],
      type.results,
    ),
  );
  const helperTypes = helpers.map(({ params }) => types.index(params, []));
  const metered: EncodableModule = {
    ...module,
    types: [...module.types, ...types.list],
    groups: [...module.groups, ...types.list.map((_, n) => ({ start: module.types.length + n, count: 1 }))],
    functions: [
      ...module.functions,
      noType,
      ...twinTypes,
      ...helperTypes,
      ...starter.map(() => noType),
      ...(carry === undefined ? [] : [noType]),
    ],
    tables: [...module.tables, ...(carry?.tables ?? [])],
    memories: [...module.memories, ...(options.epoch ? [EPOCH_MEMORY] : [])],
    globals: [
      ...module.globals,
      { type: { type: I32, mutable: true }, init: new Code().i32(0).end().bytes.slice() },
      {
        type: { type: I64, mutable: true },
        init: new Code()
          .i64(options.tank ?? 0n)
          .end()
          .bytes.slice(),
      },
    ],
    exports: [...module.exports, ...exportsOf(options, added, start), ...(carry?.exports ?? [])],
    start: undefined,
    elements: [...module.elements, ...(carry?.elements ?? [])],
    code: [
      ...bodies,
      own(interrupted(options.epoch ? added.epoch : -1, added.why)),
      ...twinBodies,
      ...helpers.map(({ body }) => ({ locals: [], body })),
      ...starter.map(own),
      ...(carry === undefined ? [] : [own(carry.body)]),
    ],
    dataCount: late < 0 && carry === undefined ? module.dataCount : module.datas.length,
    datas: module.datas.map(({ mode, bytes }, n) => {
      return { mode: late >= 0 && n >= late ? PASSIVE : mode, bytes };
    }),
    // Offsets into code are not what they were.
    customs: module.customs.filter(({ name }) => !name.startsWith("metadata.code.") && !name.startsWith(".debug_")),
  };
  const imported = functions - parts.length;
  const written = [
    ...bodies.map((one, n) => ({ ...one, index: imported + n, of: imported + n })),
    ...twinBodies.map((one, n) => ({ ...one, index: firstTwin + n })),
  ];
  const counts = { functions: parts.length, twins: twins.length, helpers: helpers.length, ...counted };
  return { module: metered, written, counts };
}

const PASSIVE = { kind: "passive" } as const;

/** Function types behind the module's own, each once. */
class AddedTypes {
  readonly #first: number;
  readonly #known = new Map<string, number>();
  readonly list: { readonly final: boolean; readonly supers: readonly number[]; readonly composite: CompositeType }[] =
    [];

  constructor(first: number) {
    this.#first = first;
  }

  index(params: readonly ValType[], results: readonly ValType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.#first + this.list.length;
    this.#known.set(key, index);
    this.list.push({ final: true, supers: [], composite: { kind: "func", params, results } });
    return index;
  }
}

const EPOCH_MEMORY = {
  type: { limits: { min: 1n, max: 1n, address: "i32" }, shared: true, pageSizeLog2: 16 },
} as const;

function exportsOf({ fuel, epoch }: MeterOptions, added: Added, start: number | undefined): EncodableModule["exports"] {
  const out: EncodableModule["exports"][number][] = [{ name: METER_EXPORTS.why, kind: "global", index: added.why }];
  if (fuel !== "none") out.push({ name: METER_EXPORTS.fuel, kind: "global", index: added.fuel });
  if (epoch) out.push({ name: METER_EXPORTS.epoch, kind: "memory", index: added.epoch });
  if (start !== undefined) out.push({ name: METER_EXPORTS.start, kind: "function", index: start });
  return out;
}

/** By offset: 1 for a construct that takes and leaves nothing, with nothing on the stack below it. A table: maps are slow. */
function flatBlocks(module: Module): Uint8Array {
  const flat = new Uint8Array(module.bytes.length);
  const onBlock = (at: number, height: number, arity: number) => {
    // A body begins where its first instruction does: the later word counts.
    flat[at] = height === 0 && arity === 0 ? 1 : 0;
  };
  unwrap(validateModule(module, { features: ALL_FEATURES, onBlock }));
  return flat;
}

/** Every body with what was found in it; twins are numbered from `firstTwin` on. */
function partsOf(module: Module, options: MeterOptions, firstTwin: number): readonly Part[] {
  const flat = options.reentry ? flatBlocks(module) : undefined;
  let next = firstTwin;
  const imported = importsOf(module, "function").length;
  return module.code.map(({ locals, localCount, body: { start, end } }, n): Part => {
    const composite = module.types[module.functions[n] as number]?.composite;
    if (composite?.kind !== "func") throw new Error("a function of no function type");
    const scan = scanBody(module.bytes, start, end, imported);
    const count = composite.params.length + localCount;
    const movable = options.reentry && count <= TWIN_LOCALS && locals.every(({ type }) => isDefaultable(type));
    const plan = movable && flat !== undefined ? planReentry(scan, flat) : undefined;
    const twin = plan === undefined ? undefined : { plan, index: next };
    if (twin !== undefined) next += 1;
    return { of: imported + n, body: { start, end, locals: count, twin }, scan, locals, type: composite };
  });
}

function contextOf(
  module: Module,
  options: MeterOptions,
  added: Added,
): Omit<BodyContext, "pieces" | "counted" | "recording"> {
  const wide = ({ limits }: { readonly limits: Limits }) => limits.address === "i64";
  return {
    module,
    options,
    added,
    memory64: [
      ...importsOf(module, "memory").map(({ desc }) => desc.type),
      ...module.memories.map(({ type }) => type),
    ].map(wide),
    table64: [...importsOf(module, "table").map(({ desc }) => desc.type), ...module.tables.map(({ type }) => type)].map(
      wide,
    ),
    elementLog2: (type) => elementLog2Of(module, type),
  };
}

/** Waits while the word says so, and traps when it says that. */
function interrupted(epoch: number, why: number): Code {
  const out = new Code();
  if (epoch < 0) return out;
  out.loop();
  out.firstWord(epoch).i32(EPOCH.pause).op(I32_EQ).if().waitWhile(epoch, EPOCH.pause).op(DROP).op(BR, 1).end();
  out.end();
  out.firstWord(epoch).i32(EPOCH.stop).op(I32_EQ).if().i32(WHY.stopped).globalSet(why).op(UNREACHABLE).end();
  return out;
}
