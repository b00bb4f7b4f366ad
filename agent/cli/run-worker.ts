/** The thread in which `sallyport run` runs a plain program. Output goes straight to the process's own streams. */
import { parentPort, workerData } from "node:worker_threads";
import { type GuestRun, type Probe, tracer, valueText } from "../../runtime/debug/index.ts";
import { load, validate } from "../../runtime/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import {
  checkWasiImports,
  createWasi,
  nodeSink,
  type OnV8,
  runOnV8,
  type Wasi,
  WasiExit,
} from "../../runtime/wasi/index.ts";
import { asNumber, asValue, callValues } from "./call-values.ts";
import { guestCallOf, wasiOptions } from "./guest-program.ts";
import { describe, runToEnd, statusOf } from "./guest-run.ts";
import type { Ended, Job } from "./run-program.ts";
import { type EngineStats, NO_ENGINE_STATS, runStats, statsLines } from "./run-stats.ts";
import { cleanLine } from "./terminal-text.ts";

const PAGE_BYTES = 65_536;
const MEMORY_PAGES = 65_536;
const TABLE_ELEMENTS = 10_000_000;

const stdout = nodeSink(1);
const stderr = nodeSink(2);
const say = (line: string) => stdout.write(utf8(`${line}\n`));

let wasi: Wasi | undefined;
let engine: () => EngineStats = () => NO_ENGINE_STATS;
/** More than any program uses: what is counted need not be bounded. */
const MOST_FUEL = Number.MAX_SAFE_INTEGER;

async function interpret({ spec, trace, stats }: Job): Promise<number> {
  const { fuel = MOST_FUEL } = spec;
  const call = guestCallOf(stats ? { ...spec, fuel } : spec, { stdout, stderr }, (made) => {
    wasi = made;
  });
  let probe: Probe | undefined;
  if (trace !== undefined) {
    const { instructions, inspector } = describe(call);
    const write = (line: string) => stderr.write(utf8(`${cleanLine(line)}\n`));
    probe = tracer({ instructions, nameOf: (f) => inspector.nameOf(f), write, ...trace });
  }
  const onOpen = (run: GuestRun) => {
    engine = () => engineStats(fuel - run.fuelLeft, run.guest.instance);
  };
  return statusOf(await runToEnd(call, probe, undefined, onOpen), say);
}

function engineStats(fuel: number, { memories, tables }: GuestRun["guest"]["instance"]): EngineStats {
  const bytes = memories.reduce((sum, one) => sum + one.bytes.byteLength, 0);
  return {
    fuel,
    memory: { count: memories.length, pages: bytes / PAGE_BYTES },
    tables: { count: tables.length, elements: tables.reduce((sum, { elements }) => sum + elements.length, 0) },
  };
}

function compile({ spec, tier, stats }: Job): number {
  const { memoryPages = MEMORY_PAGES } = spec;
  const loaded = unwrap(load(spec.bytes, { memoryPages, tableElements: TABLE_ELEMENTS }));
  unwrap(checkWasiImports(loaded.module));
  unwrap(validate(loaded));
  const functions = new Map(
    loaded.exports.flatMap(({ name, type }) => (type === undefined ? [] : [[name, type] as const])),
  );
  const params = new Map([...functions].map(([name, type]) => [name, type.params]));
  const { entry, args } = callValues(spec, params);
  wasi = unwrap(createWasi(wasiOptions(spec, { stdout, stderr })));
  try {
    const results = runOnV8(loaded, {
      wasi,
      entry,
      args: args.map(asNumber),
      metered: tier === "metered",
      deterministic: spec.deterministic === true,
      ...(spec.fuel === undefined ? {} : { fuel: spec.fuel }),
      ...(stats ? { onEnd } : {}),
    });
    for (const [n, type] of (functions.get(entry)?.results ?? []).entries()) {
      const value = asValue(type, results[n]);
      say(value === undefined ? type : valueText(value));
    }
    return 0;
  } catch (thrown) {
    if (thrown instanceof WasiExit) return thrown.status & 0xff;
    throw thrown;
  }
}

function onEnd({ fuel, sizes }: Parameters<NonNullable<OnV8["onEnd"]>>[0]): void {
  const { memories, tables } = sizes;
  engine = () => ({ fuel, memory: { count: memories.count, pages: memories.bytes / PAGE_BYTES }, tables });
}

function tellStats({ tier, json }: Job, ms: number): void {
  const stats = runStats(tier, ms, engine(), wasi?.stats());
  const lines = json ? [JSON.stringify(stats)] : statsLines(stats);
  for (const line of lines) stderr.write(utf8(`${line}\n`));
}

async function main(job: Job): Promise<Ended> {
  const began = performance.now();
  try {
    return { kind: "status", status: job.tier === "interpreter" ? await interpret(job) : compile(job) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { kind: "fault", code: error.code, of: error.kind, message: error.message };
  } finally {
    if (job.stats) tellStats(job, performance.now() - began);
  }
}

parentPort?.postMessage(await main(workerData as Job));
