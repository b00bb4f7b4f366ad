/**
 * What directed metadata costs: a change for every device, signing every timestamp again as each day asks for, what one device
 * downloads of it, and what it takes on the disk, for fleets of growing size.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createRepositories } from "../../updater/repository/index.ts";
import type { Row } from "./row.ts";
import { BOARD, desired, releaseOf } from "./updater-site.ts";

const DAY_MS = 86_400_000;

export async function benchDirectors(short: boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const devices of short ? [1, 100, 1000] : [1, 100, 100_000]) {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
    try {
      rows.push(...(await fleetOf(devices, join(folder, "repository"))));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function fleetOf(devices: number, directory: string): Promise<Row[]> {
  let at = Date.now();
  const repositories = unwrap(await createRepositories(directory, { tenant: "bench", teams: ["acme"], now: () => at }));
  for (const version of ["1.0.0", "1.1.0"]) {
    unwrap(await repositories.publishRelease(releaseOf("small", version, utf8(`\0asm ${version}`))));
  }
  const ids = Array.from({ length: devices }, (_, at) => (at === 0 ? BOARD : (`board-${at + 1}` as typeof BOARD)));
  const name = devices === 1 ? "1 device" : `${devices} devices`;
  const rows: Row[] = [];
  const told = async (what: string, work: () => Promise<unknown>) => {
    const { cpu, wall } = await costOf(work);
    rows.push({ name: `${name}: ${what}`, subject: "CPU per device", value: cpu / devices, unit: "ms" });
    rows.push({ name: `${name}: ${what}`, subject: "time, all", value: wall / 1000, unit: "s" });
  };
  const assign = async (version: string) =>
    unwrap(await repositories.assignAll(ids, () => [desired("small", version)]));
  await told("first assignment", () => assign("1.0.0"));
  const before = spaceOf(directory, ids);
  await told("a change for all", () => assign("1.1.0"));
  at += 5.5 * DAY_MS;
  const refresh = async () => {
    const { devices: renewed } = unwrap(await repositories.refresh(2 * DAY_MS));
    if (renewed !== devices) throw new Error(`${renewed} devices were renewed`);
  };
  await told("timestamps", refresh);
  await told("a look when nothing is due", async () => unwrap(await repositories.refresh(2 * DAY_MS)));
  const metadata = join(directory, "director", BOARD, "metadata");
  const sizes = readdirSync(metadata)
    .filter((file) => /^(?:timestamp|2\.snapshot|2\.targets)\.json$/.test(file))
    .map((file) => statSync(join(metadata, file)).size);
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  return [
    ...rows,
    { name, subject: "metadata of a change", value: bytes, unit: "bytes" },
    { name, subject: "disk, per device", value: before / devices / 1024, unit: "KiB" },
  ];
}

/** Bytes of blocks that the devices' trees take, a file with several names counted once. */
function spaceOf(directory: string, ids: readonly string[]): number {
  const seen = new Set<number>();
  const visit = (path: string): number => {
    const stats = statSync(path);
    if (seen.has(stats.ino)) return 0;
    seen.add(stats.ino);
    const below = stats.isDirectory() ? readdirSync(path).map((one) => visit(join(path, one))) : [];
    return below.reduce((sum, one) => sum + one, stats.blocks * 512);
  };
  return ids.reduce((sum, id) => sum + visit(join(directory, "director", id)), 0);
}

/** Milliseconds. */
async function costOf(work: () => Promise<unknown>): Promise<{ readonly cpu: number; readonly wall: number }> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000, wall: performance.now() - start };
}
