/**
 * `npm run snapshots`: real programs are stopped at seeded points, written down and continued in a fresh process; a short
 * one is stopped at every n-th instruction and continued inside this one. Output, memory and fuel must be the same.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { snapshot } from "../../runtime/interpret/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type Outcome, program, resume, start } from "./rig.ts";

const HELP = `Usage: npm run snapshots -- [--points N] [--steps N] [--seed S] [--json]

  --points N   seeded points of each program, each continued in a fresh process (default 200)
  --steps N    points of the short program, every n-th instruction (default 5000)

Example: npm run snapshots -- --points 20 --steps 500 --seed 7`;

const LIMITS = { stackSlots: 1 << 14, callDepth: 1 << 10 };
const FUEL = 1e12;
const PROGRAMS: readonly (readonly [name: string, rounds: string])[] = [
  ["integer", "4"],
  ["pointers", "10"],
  ["float", "20"],
];

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    steps: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    resume: { type: "string" },
    program: { type: "string", default: "integer" },
    rounds: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});

const path = (name: string) => fileURLToPath(new URL(`../bench/programs/${name}.wasm`, import.meta.url));

if (values.help) console.log(HELP);
else if (values.resume !== undefined) {
  const args = [values.program, values.rounds];
  console.log(JSON.stringify(resume(path(values.program), args, { limits: LIMITS }, readFileSync(values.resume))));
} else {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "sallyport-snapshots-"));
  let runs = 0;
  let findings = 0;
  const judge = (where: string, found: Outcome, expected: Outcome) => {
    runs += 1;
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    findings += 1;
    console.log(`${where}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  };
  try {
    const random = generator(values.seed);
    for (const [name, rounds] of PROGRAMS) atPoints(folder, name, rounds, Number(values.points), random, judge);
    everyInstruction(Number(values.steps), judge);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${runs} snapshots continued in ${seconds} s, ${findings} differ.`);
  if (values.json) console.log(JSON.stringify({ target: "snapshots", seed: values.seed, runs, seconds, findings }));
  process.exitCode = findings === 0 && runs > 0 ? 0 : 1;
}

function atPoints(
  folder: string,
  name: string,
  rounds: string,
  points: number,
  random: () => number,
  judge: (where: string, found: Outcome, expected: Outcome) => void,
): void {
  const args = [name, rounds];
  const reference = program(path(name), args, { fuel: FUEL, limits: LIMITS });
  const expected = reference.finish(start(reference));
  const total = FUEL - expected.fuelLeft;
  console.log(`${name} ${rounds}: ${total} units of fuel, ${points} points, each continued in a fresh process`);
  for (let n = 0; n < points; n += 1) {
    const spent = Math.max(1, Math.floor(random() * total * 0.999));
    const one = program(path(name), args, { fuel: spent, limits: LIMITS });
    const call = start(one);
    const { state } = call.run();
    if (state !== "fuel") throw new Error(`${name} did not stop after ${spent} units`);
    one.store.fuel += FUEL - spent;
    const file = join(folder, "call.snapshot");
    writeFileSync(file, unwrap(snapshot(one.store, call)));
    const child = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), "--resume", file, "--program", name, "--rounds", rounds],
      { encoding: "utf8" },
    );
    if (child.status !== 0) throw new Error(`the fresh process failed: ${child.stderr}`);
    const rest = JSON.parse(child.stdout) as Outcome;
    judge(`${name} after ${spent} units`, { ...rest, output: one.output.join("") + rest.output }, expected);
  }
}

/** Stops before every n-th instruction of a short run, so that `points` of them are visited. */
function everyInstruction(points: number, judge: (where: string, found: Outcome, expected: Outcome) => void): void {
  const name = "sha256";
  const args = [name, "0"];
  let instructions = 0;
  const count = () => {
    instructions += 1;
    return undefined;
  };
  const counting = program(path(name), args, { fuel: FUEL, limits: LIMITS, probe: count });
  const expected = counting.finish(start(counting));
  const every = Math.max(1, Math.floor(instructions / points));
  console.log(`${name} 0: ${instructions} instructions, stopped before every ${every === 1 ? "one" : `${every}th`}`);
  for (let at = 1; at <= instructions; at += every) {
    let seen = 0;
    const probe = () => {
      seen += 1;
      return seen === at ? ("stop" as const) : undefined;
    };
    const one = program(path(name), args, { fuel: FUEL, limits: LIMITS, probe });
    const call = start(one);
    const { state } = call.run();
    if (state !== "probe") throw new Error(`no stop at instruction ${at}`);
    const file = unwrap(snapshot(one.store, call));
    const rest = resume(path(name), args, { limits: LIMITS, probe: () => undefined }, file);
    judge(`${name} before instruction ${at}`, { ...rest, output: one.output.join("") + rest.output }, expected);
  }
}

/** A small generator of doubles in [0, 1) from a text seed (mulberry32). */
function generator(seed: string): () => number {
  let state = [...seed].reduce((sum, one) => Math.imul(sum ^ one.charCodeAt(0), 16777619), 2166136261);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
