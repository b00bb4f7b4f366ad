/**
 * `npm run test:e2e`: the debugger on a terminal, then kill -9 at random moments. One real agent process, a module that
 * counts, updates and a failing release in between; the agent is killed again and again while all this happens. In the
 * end: every number the module was told is safe has arrived, the state is a release's own, and the last committed release
 * runs. Prints its seed.
 */
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";
import { debugOnTerminal } from "./terminal.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const random = seeded(seed);
process.stdout.write(
  `kill test: ${kills} kills, seed ${seed}  (repeat with: npm run test:e2e -- --kills ${kills} --seed ${seed})\n`,
);

/** mulberry32: small, and the same everywhere. */
function seeded(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const site = await Site.open();
const start = performance.now();
const findings: string[] = [];
try {
  const terminal = await debugOnTerminal();
  process.stdout.write(
    terminal.skipped === undefined ? "debug on a terminal: tried\n" : `skipped: ${terminal.skipped}\n`,
  );
  findings.push(...terminal.findings);
  await run();
} catch (error) {
  findings.push(error instanceof Error ? error.message : String(error));
} finally {
  await site.close();
}
const seconds = Math.round((performance.now() - start) / 100) / 10;
for (const finding of findings) process.stdout.write(`FINDING: ${finding}\n`);
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ target: "kill", seed: String(seed), runs: kills, seconds, findings: findings.length })}\n`,
  );
else process.stdout.write(`${kills} kills in ${seconds} s, ${findings.length} findings\n`);
process.exitCode = findings.length === 0 ? 0 : 1;

async function run(): Promise<void> {
  const { stage, observer } = site;
  const telemetry = () =>
    observer.seen.filter((one) => one.topic === "up/tm/counter/count").map((one) => Number(one.text));
  const good = (version: string) => guestRelease("counter", { name: "counter", version, everyMs: 20 });
  const bad = (version: string) => guestRelease("trapOnTick", { name: "counter", version, everyMs: 20 });

  // Releases alternate while the kills go on; every third one crashes in its probation.
  const plan = Array.from({ length: Math.max(2, Math.ceil(kills / 5)) }, (_, index) => {
    const version = `1.${index}.0`;
    return index % 3 === 2 ? bad(version) : good(version);
  });
  for (const release of plan) await site.publish(release);
  let next = 0;
  const assignNext = async () => {
    const release = plan[Math.min(next, plan.length - 1)];
    next += 1;
    if (release !== undefined) await site.assign([release], { probationS: 1 });
  };
  await assignNext();

  for (let kill = 0; kill < kills; kill += 1) {
    stage.startAgent();
    if (kill % 5 === 4) await assignNext();
    const life = 100 + Math.floor(random() * 1900);
    if (random() < 0.5) void site.hint().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, life));
    if (!stage.agentAlive()) throw new Error(`the agent ended by itself in life ${kill + 1}`);
    await stage.killAgent("SIGKILL");
    checkHalves(kill + 1);
  }

  // The end: a good release, an agent that is left alone, and all that was promised.
  const last = good("2.0.0");
  await site.publish(last);
  await site.assign([last], { probationS: 1 });
  const from = observer.mark();
  stage.startAgent();
  await observer.until("ready", (one) => one.topic === "up/state" && one.get("s") === "ready", { from });
  await site.hint();
  await observer.until(
    "the last release committed",
    (one) => one.topic === "up/job/counter-2.0.0" && one.get("s") === "succeeded",
    { from, ms: 30_000 },
  );
  await observer.until("a count", (one) => one.topic === "up/tm/counter/count", { from: observer.mark() });
  await stage.killAgent("SIGTERM");

  const db = new Database(stage.path("board", "state", "state.db"), { readonly: true });
  const row = db.prepare<[], { value: Buffer }>("SELECT value FROM kv WHERE module = 'counter' AND key = 'n'").get();
  const unsent =
    db.prepare<[], { rows: number }>("SELECT count(*) AS rows FROM outbox WHERE topic LIKE '%/tm/counter/count'").get()
      ?.rows ?? 0;
  const copies = db.prepare<[], { rows: number }>("SELECT count(*) AS rows FROM kv_copied").get()?.rows ?? 0;
  db.close();
  const promised = row?.value.readUInt32LE(0) ?? 0;
  const arrived = new Set(telemetry());
  const lost = Array.from({ length: promised }, (_, index) => index + 1).filter((n) => !arrived.has(n));
  const rolledBack = new Set(observer.seen.filter((one) => one.get("s") === "rolled_back").map((one) => one.topic));
  process.stdout.write(
    `promised ${promised} numbers; arrived ${arrived.size} (${telemetry().length - arrived.size} twice); ` +
      `${unsent} left in the outbox; ${rolledBack.size} releases rolled back\n`,
  );
  if (promised === 0) findings.push("the module never counted: the test has shown nothing");
  if (lost.length > 0)
    findings.push(`lost although accepted: ${lost.slice(0, 20).join(", ")}${lost.length > 20 ? " …" : ""}`);
  if (unsent > 0) findings.push(`${unsent} rows stayed in the outbox of an agent that was online and stopped in order`);
  if (copies > 0) findings.push("a copy of key-value state is left although nothing is in probation");
}

/** What the disk says right after a kill: a candidate has its copy of the state, and nothing else has one. */
function checkHalves(kill: number): void {
  const db = new Database(site.stage.path("board", "state", "state.db"));
  try {
    const check = db.pragma("integrity_check", { simple: true });
    if (check !== "ok") findings.push(`after kill ${kill}: the database is damaged: ${check}`);
    const tables = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'module'").get() as { n: number };
    if (tables.n === 0) return;
    const candidates = db
      .prepare<[], { name: string }>("SELECT name FROM module WHERE candidate IS NOT NULL")
      .all()
      .map((one) => one.name);
    const copies = db
      .prepare<[], { module: string }>("SELECT module FROM kv_copied")
      .all()
      .map((one) => one.module);
    if (candidates.join() !== copies.join()) {
      findings.push(`after kill ${kill}: half-applied: candidates [${candidates}], copies of state [${copies}]`);
    }
  } finally {
    db.close();
  }
}
