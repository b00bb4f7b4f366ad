/**
 * Module → module with a leash in it: the same functions under the same indices, with looks at the epoch and payments of
 * fuel put into their bodies. Whatever is added comes last in its index space, so nothing that was there is renumbered.
 * The result is judged by our Validator again before anybody compiles it.
 */
import { decodeModule } from "../binary/decode.ts";
import { type EncodableModule, encodeModule } from "../binary/encode.ts";
import { meterFault } from "../faults.ts";
import type { Fault } from "../kernel/fault.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { ALL_FEATURES } from "../module/features.ts";
import { importsOf, type LocalRun, type Module } from "../module/module.ts";
import { I32, I64 } from "../module/val-type.ts";
import { type ValidModule, validateModule } from "../validate/module.ts";
import { type Added, type BodyContext, meterBody } from "./body.ts";
import { Code } from "./code.ts";
import { elementLog2Of } from "./elements.ts";
import { EPOCH, METER_EXPORTS, type MeterOptions, WHY } from "./options.ts";

export interface Metered {
  readonly bytes: Uint8Array;
  /** Bytes of code before and after. */
  readonly codeBefore: number;
  readonly codeAfter: number;
}

/** METER_NAME when the module exports a name of ours, METER_INVALID when the result does not validate: our mistake. */
export function instrument(valid: ValidModule, options: MeterOptions): Result<Metered, Fault> {
  const { module } = valid;
  const names: readonly string[] = Object.values(METER_EXPORTS);
  const taken = module.exports.find(({ name }) => names.includes(name));
  if (taken !== undefined) return err(meterFault("METER_NAME", { name: taken.name }));
  const bytes = encodeModule(withMeter(module, options));
  const decoded = decodeModule(bytes);
  const judged = decoded.ok ? validateModule(decoded.value, { features: ALL_FEATURES }) : decoded;
  if (!judged.ok) return err(meterFault("METER_INVALID", { reason: judged.error.line() }, judged.error));
  const size = (of: Module) => of.code.reduce((sum, { body }) => sum + body.end - body.start, 0);
  return ok({ bytes, codeBefore: size(module), codeAfter: size(judged.value.module) });
}

const UNREACHABLE = 0x00;
const I32_EQ = 0x46;
const DROP = 0x1a;
const BR = 0x0c;

function withMeter(module: Module, options: MeterOptions): EncodableModule {
  const count = (kind: "function" | "memory" | "global", own: number) => importsOf(module, kind).length + own;
  const functions = count("function", module.functions.length);
  const globals = count("global", module.globals.length);
  const added: Added = {
    fuel: globals + 1,
    epoch: count("memory", module.memories.length),
    interrupted: functions,
    outOfFuel: functions + 1,
  };
  const context: BodyContext = {
    module,
    options,
    added,
    memory64: [
      ...importsOf(module, "memory").map(({ desc }) => desc.type),
      ...module.memories.map(({ type }) => type),
    ].map(({ limits }) => limits.address === "i64"),
    table64: [...importsOf(module, "table").map(({ desc }) => desc.type), ...module.tables.map(({ type }) => type)].map(
      ({ limits }) => limits.address === "i64",
    ),
    elementLog2: (type) => elementLog2Of(module, type),
  };
  const why = globals;
  const type = module.types.length;
  const at = { at: 0 };
  const own = (instructions: Code) => ({ locals: [], body: instructions.end().bytes.slice() });
  return {
    ...module,
    types: [...module.types, { final: true, supers: [], composite: { kind: "func", params: [], results: [] } }],
    groups: [...module.groups, { start: type, count: 1, ...at }],
    functions: [...module.functions, type, type],
    memories: options.epoch
      ? [
          ...module.memories,
          { type: { limits: { min: 1n, max: 1n, address: "i32" }, shared: true, pageSizeLog2: 16 }, ...at },
        ]
      : module.memories,
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
    exports: [
      ...module.exports,
      { name: METER_EXPORTS.why, kind: "global", index: why },
      ...(options.fuel === "none" ? [] : [{ name: METER_EXPORTS.fuel, kind: "global" as const, index: added.fuel }]),
      ...(options.epoch ? [{ name: METER_EXPORTS.epoch, kind: "memory" as const, index: added.epoch }] : []),
      ...(module.start === undefined
        ? []
        : [{ name: METER_EXPORTS.start, kind: "function" as const, index: module.start.function }]),
    ],
    start: undefined,
    code: [
      ...module.code.map(({ locals, localCount, body }, n) => {
        const params = paramsOf(module, module.functions[n] as number);
        const metered = meterBody(context, body.start, body.end, params + localCount);
        return { locals: metered.scratch ? [...locals, ...SCRATCH] : locals, body: metered.body };
      }),
      own(interrupted(options.epoch ? added.epoch : -1, why)),
      own(new Code().i32(WHY.fuel).globalSet(why).op(UNREACHABLE)),
    ],
    // Offsets into code are not what they were.
    customs: module.customs.filter(({ name }) => !name.startsWith("metadata.code.") && !name.startsWith(".debug_")),
  };
}

const SCRATCH: readonly LocalRun[] = [
  { count: 1, type: I64 },
  { count: 1, type: I32 },
  { count: 1, type: I64 },
];

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

function paramsOf(module: Module, type: number): number {
  const composite = module.types[type]?.composite;
  return composite?.kind === "func" ? composite.params.length : 0;
}
