/**
 * What directed metadata costs: signing an assignment for every device, signing what expires again, and what one device
 * downloads of it, for fleets of growing size.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createRepositories } from "../../updater/repository/index.ts";
import type { Row } from "./row.ts";
import { BOARD } from "./updater-site.ts";

export async function benchDirectors(short: boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const devices of short ? [1, 100] : [1, 100, 100_000]) {
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
  const now = () => Date.now();
  const repositories = unwrap(await createRepositories(directory, { tenant: "bench", teams: ["acme"], now }));
  const ids = Array.from({ length: devices }, (_, at) => (at === 0 ? BOARD : (`board-${at + 1}` as typeof BOARD)));
  const name = `${devices} devices`;
  const change = await cpuOf(async () => {
    for (const id of ids) unwrap(await repositories.assign(id, []));
  });
  const refresh = await cpuOf(async () => void unwrap(await repositories.resign()));
  const metadata = join(directory, "director", BOARD, "metadata");
  const sizes = readdirSync(metadata)
    .filter((file) => /^(?:timestamp|2\.snapshot|2\.targets)\.json$/.test(file))
    .map((file) => statSync(join(metadata, file)).size);
  const per = (subject: string, ms: number): Row => ({ name, subject, value: ms / devices, unit: "ms" });
  return [
    per("a change for all, CPU per device", change),
    per("the daily refresh, CPU per device", refresh),
    { name, subject: "one device downloads", value: sizes.reduce((sum, one) => sum + one, 0), unit: "bytes" },
  ];
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
