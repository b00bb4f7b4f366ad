/**
 * Seeded runs of one board's updater. Each run is a list of steps that chance picks by weight, judged one by one, and
 * ends with everything repaired. A run that goes wrong prints its steps and how to run it again.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../fuzz/random.ts";
import { DAY_MS } from "../../unit/updater/content.ts";
import { installDisk } from "./board.ts";
import { harm } from "./hostile.ts";
import { Finding, said } from "./judge.ts";
import { makeTemplate } from "./publisher.ts";
import { Scene } from "./scene.ts";

export interface SimOptions {
  readonly runs: number;
  readonly first: number;
  readonly seed: string;
  readonly verbose: boolean;
  log(line: string): void;
  progress(line: string): void;
}

export interface SimSummary {
  readonly target: "updater";
  readonly seed: string;
  readonly runs: number;
  readonly seconds: number;
  readonly findings: number;
  readonly steps: number;
  /** How often refreshes and downloads came through (`ok`), and what refused the others. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const STEPS_MIN = 15;
const STEPS_MAX = 55;

type Step = (scene: Scene, random: Random) => Promise<string> | string;

/** After a change the places that boards read follow, most of the time. */
async function published(scene: Scene, random: Random, change: () => Promise<string>): Promise<string> {
  if (random.chance(0.25)) scene.olds.push(scene.publisher.keepCopy());
  const text = await change();
  const follow = scene.places.filter(() => random.chance(0.55));
  for (const place of follow) scene.publisher.serveTo(place);
  return `${text}${follow.length === 0 ? ", not served yet" : ""}`;
}

const steps: readonly (readonly [weight: number, step: Step])[] = [
  [22, (scene) => scene.refresh().then((text) => `refresh: ${text}`)],
  [9, (scene) => scene.fetch().then((text) => `fetch: ${text}`)],
  [9, (scene) => scene.interrupted()],
  [4, (scene) => scene.refused()],
  [
    4,
    (scene) => {
      scene.board.stop();
      scene.on();
      return "restart";
    },
  ],
  [4, (scene, random) => published(scene, random, () => scene.publisher.release())],
  [5, (scene, random) => published(scene, random, () => scene.publisher.assign())],
  [2, (scene, random) => published(scene, random, () => scene.publisher.assignOther())],
  [2, (scene, random) => published(scene, random, () => scene.publisher.yank())],
  [2, (scene, random) => published(scene, random, () => scene.publisher.policy())],
  [4, (scene, random) => published(scene, random, () => scene.publisher.renewOnline())],
  [4, (scene, random) => published(scene, random, () => scene.publisher.rotate())],
  [
    4,
    (scene) => {
      for (const place of scene.places) scene.publisher.serveTo(place);
      return "serve what is true";
    },
  ],
  [24, (scene, random) => harm(random.pick(scene.places), scene.olds, random)],
  [
    4,
    (scene) => {
      scene.olds.push(scene.publisher.keepCopy());
      return "keep a copy to serve later";
    },
  ],
  [
    6,
    (scene, random) => {
      const days = random.chance(0.15) ? 30 + random.below(400) : random.below(9);
      scene.publisher.clock.now += days * DAY_MS + random.below(DAY_MS);
      return `${days} days pass`;
    },
  ],
  [
    4,
    (scene, random) => {
      const days = random.pick([0, 0, 1, -1, 20, -20, 800, -800, 20_000, -20_000]);
      scene.skewMs = days * DAY_MS;
      return `the board's clock is ${days} days off`;
    },
  ],
  [5, (scene) => scene.damage()],
  [2, (scene) => scene.backup()],
  [2, (scene) => scene.restore()],
  [1, (scene) => scene.repair().then((text) => `repair: ${text}`)],
];
const TOTAL = steps.reduce((sum, [weight]) => sum + weight, 0);

function pickStep(random: Random): Step {
  let at = random.below(TOTAL);
  for (const [weight, step] of steps) {
    at -= weight;
    if (at < 0) return step;
  }
  throw new Error("the weights add up");
}

export async function simulateUpdater(options: SimOptions): Promise<SimSummary> {
  const { runs, first, seed, log } = options;
  installDisk();
  // A disk in memory where there is one: thousands of syncs.
  const base = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sallyport-sim-"));
  const began = performance.now();
  const outcomes = new Map<string, number>();
  const count = (code: string) => void outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  let [findings, done, stepped] = [0, 0, 0];
  try {
    const people = await makeTemplate(base);
    const template = { directory: join(base, "template"), people };
    for (let run = first; run < first + runs; run += 1) {
      const directory = join(base, "run");
      mkdirSync(directory);
      const log = await oneRun(directory, template, new Random(`${seed}/${run}`), count);
      stepped += log.steps.length;
      done += 1;
      if (log.failure !== undefined || options.verbose) for (const step of log.steps) options.log(`  ${step}`);
      if (log.failure !== undefined) {
        findings += 1;
        options.log(`FINDING ${log.failure}`);
        options.log(`again: npm run sim -- updater --seed ${seed} --first ${run} --runs 1`);
      }
      rmSync(directory, { recursive: true });
      options.progress(`${done} of ${runs} runs, ${findings} findings`);
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  const sorted = [...outcomes].sort((a, b) => b[1] - a[1]);
  for (const [code, times] of sorted) log(`${String(times).padStart(7)}  ${code}`);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return {
    target: "updater",
    seed,
    runs: done,
    seconds,
    findings,
    steps: stepped,
    outcomes: Object.fromEntries(sorted),
  };
}

async function oneRun(
  directory: string,
  template: ConstructorParameters<typeof Scene>[1],
  random: Random,
  count: (code: string) => void,
): Promise<{ readonly steps: readonly string[]; readonly failure?: string }> {
  const log: string[] = [];
  let scene: Scene | undefined;
  try {
    scene = new Scene(directory, template, random, count);
    const length = STEPS_MIN + random.below(STEPS_MAX - STEPS_MIN + 1);
    for (let n = 0; n < length; n += 1) log.push(await pickStep(random)(scene, random));
    log.push(`at the end: ${await scene.repair()}`);
    return { steps: log };
  } catch (error) {
    return { steps: log, failure: error instanceof Finding ? error.message : said(error) };
  } finally {
    scene?.board.heal();
    scene?.board.stop();
  }
}
