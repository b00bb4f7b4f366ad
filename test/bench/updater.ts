/**
 * `npm run bench -- updater`: what an update costs in bytes and milliseconds, beside stock tuf-js on one repository and a
 * plain download, over loopback and over an emulated link of 1 Mbit/s and 100 ms; what directed metadata costs the
 * director, and what a large catalogue costs in hash bins. The server is a process of its own; bytes are those of the connection, heads included.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { Row } from "./row.ts";
import { benchBins } from "./updater-bins.ts";
import { boardOn, CLIENTS, plainDownload } from "./updater-clients.ts";
import { benchDirectors } from "./updater-directors.ts";
import type { Asked, Counts, Said } from "./updater-server.ts";
import { assign, type BenchSite, makeBenchSite, offer, release } from "./updater-site.ts";

const SERVER_FILE = fileURLToPath(new URL("./updater-server.ts", import.meta.url));
const LARGE_BYTES = 50_000_000;
const DAY_MS = 86_400_000;

interface Bench {
  readonly site: BenchSite;
  readonly folder: string;
  readonly direct: string;
  readonly slow: string;
  /** Bytes of the connections since the last call. */
  counts(): Promise<Counts>;
}

export async function benchUpdater(short: boolean): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  let server: ChildProcess | undefined;
  try {
    const site = await makeBenchSite(join(folder, "repository"));
    server = fork(SERVER_FILE, [site.directory], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const { direct, slow } = await heard(server, "direct");
    const asked = server;
    const counts = async () => {
      asked.send({ ask: "counts" } satisfies Asked);
      return (await heard(asked, "counts")).counts;
    };
    const bench: Bench = { site, folder, direct, slow, counts };
    return [
      ...(await module1MB(bench, short)),
      ...(await boardsDay(bench)),
      ...(await largeFile(bench, short)),
      ...(await benchDirectors(short)),
      ...(await benchBins(short)),
    ];
  } finally {
    server?.send({ ask: "stop" } satisfies Asked);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function heard<K extends string>(server: ChildProcess, key: K): Promise<Extract<Said, Record<K, unknown>>> {
  for (;;) {
    const [message] = (await once(server, "message")) as [Said];
    if (key in message) return message as Extract<Said, Record<K, unknown>>;
  }
}

/** A new board that brings a module of a megabyte: metadata of everything and the module. */
async function module1MB({ site, folder, direct, slow }: Bench, short: boolean): Promise<Row[]> {
  const { module } = site;
  const path = await offer(site, "large", "1.0.0", module);
  const digest = sha256(module);
  const rows: Row[] = [];
  for (const [link, base, turns] of [
    ["loopback", direct, short ? 7 : 25],
    ["1 Mbit/s, 100 ms", slow, short ? 1 : 3],
  ] as const) {
    const times = new Map<string, number[]>();
    const timed = async (subject: string, work: () => Promise<Uint8Array>) => {
      const before = performance.now();
      const bytes = await work();
      if (bytes.byteLength !== module.byteLength) throw new Error(`${subject} brought something else`);
      times.set(subject, [...(times.get(subject) ?? []), performance.now() - before]);
    };
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [subject, make] of Object.entries(CLIENTS)) {
        const client = make(site, base, folder);
        await timed(subject, () => client.update(path));
        if (base === direct) await timed(`${subject}, again`, () => client.update(path));
        client.close();
      }
      await timed("fetch", () => plainDownload(base, path, digest));
    }
    const name = `${megabytes(module)} MB module, ${link}`;
    const beside = base === direct ? "tuf-js" : "fetch";
    for (const [subject, list] of times) {
      const [name2, of] = subject.endsWith(", again") ? [`${name}, again`, `${beside}, again`] : [name, beside];
      rows.push(compared(name2, subject.replace(", again", ""), median(list), median(times.get(of) ?? []), beside));
    }
  }
  return rows;
}

/** What a board's day costs in bytes: nothing new, timestamps signed again, another assignment, a delta. */
async function boardsDay({ site, folder, direct, counts }: Bench): Promise<Row[]> {
  const board = boardOn(site, direct, mkdtempSync(join(folder, "day-")));
  const rows: Row[] = [];
  const told = async (name: string, work: () => Promise<unknown>) => {
    await counts();
    const before = performance.now();
    await work();
    const ms = performance.now() - before;
    const { down, up, bodies } = await counts();
    rows.push(
      { name, subject: "received, bodies", value: bodies, unit: "bytes" },
      { name, subject: "received, heads", value: down - bodies, unit: "bytes" },
      { name, subject: "sent", value: up, unit: "bytes" },
      { name, subject: "time", value: ms, unit: "ms" },
    );
  };
  const must = <T>(result: { ok: true; value: T } | { ok: false; error: Error }): T => {
    if (!result.ok) throw result.error;
    return result.value;
  };
  const look = async () => must(await board.refresh());
  const bring = async (path: string) => must(await board.fetchTarget(must((await look()).agreed(path))));
  try {
    const path = await release(site, "large", "1.1.0", site.module);
    const next = await release(site, "large", "1.2.0", site.changed);
    await assign(site, "large", "1.1.0");
    await told("first look of a new board", look);
    await told("idle check, nothing signed again", look);
    // The timestamps last seven days: they are due, and nothing else is.
    must(await site.repositories.refresh(8 * DAY_MS));
    await told("look after the daily refresh", look);
    must(await site.repositories.resign());
    await told("look after everything was signed again", look);
    await bring(path);
    await assign(site, "large", "1.2.0");
    await told("another assignment", look);
    await told("one line changed: module", () => bring(next));
    rows.push({
      name: "one line changed: whole module",
      subject: "size",
      value: site.changed.byteLength,
      unit: "bytes",
    });
    return rows;
  } finally {
    board.close();
  }
}

async function largeFile({ site, folder, direct }: Bench, short: boolean): Promise<Row[]> {
  const bytes = noise(LARGE_BYTES);
  const path = await offer(site, "huge", "1.0.0", bytes);
  const digest = sha256(bytes);
  const [own, plain]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < (short ? 2 : 5); turn += 1) {
    const client = CLIENTS.sallyport(site, direct, folder);
    const before = performance.now();
    await client.update(path);
    const between = performance.now();
    await plainDownload(direct, path, digest);
    own.push(between - before);
    plain.push(performance.now() - between);
    client.close();
  }
  const name = `${megabytes(bytes)} MB file, loopback`;
  return [
    compared(name, "sallyport", median(own), median(plain), "fetch"),
    { name, subject: "fetch", value: median(plain), unit: "ms" },
  ];
}

function compared(name: string, subject: string, value: number, of: number, baseline: string): Row {
  return subject === baseline
    ? { name, subject, value, unit: "ms" }
    : { name, subject, value, unit: "ms", baseline, ratio: value / of, apart: true };
}

/** Bytes that do not compress, the same each time. */
function noise(length: number): Uint8Array {
  const bytes = new Uint32Array(Math.ceil(length / 4));
  let state = 2_463_534_242;
  for (const at of bytes.keys()) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return new Uint8Array(bytes.buffer, 0, length);
}

function megabytes(bytes: Uint8Array): string {
  return (bytes.byteLength / 1_000_000).toFixed(1);
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
