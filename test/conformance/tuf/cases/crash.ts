/** Power cuts, damaged files and two processes at once: what was trusted stays a floor, and the next refresh comes through. */
import { cpSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { attempt } from "../../../../runtime/kernel/result.ts";
import { defaultLimits } from "../../../../updater/client/source.ts";
import type { Case, Context } from "../context.ts";
import { genericClient } from "../generic-client.ts";
import { START_MS } from "../simulator.ts";

const KILLER = pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), "..", "kill-at.ts")).href;
const STEPS_MAX = 200;
const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;

/** A refresh without a process of its own; answers the code, or `ok`. */
async function refreshHere(t: Context): Promise<string> {
  const { metadataUrl, targetsUrl } = t.mount;
  const client = genericClient({
    directory: t.metadataDir,
    metadataUrl,
    targetsUrl,
    at: START_MS,
    limits: defaultLimits,
  });
  const result = await attempt(() => client.run([], t.targetDir));
  client.close();
  return result.ok ? "ok" : result.error.code;
}

function replaceFiles(t: Context, files: ReadonlyMap<string, Uint8Array>): void {
  t.repo.files.clear();
  for (const [name, bytes] of files) t.repo.files.set(name, bytes);
}

/** Every file that is shown is whole: `versions` reads them all. */
function isBetween(t: Context): Record<string, number> {
  const shown = t.versions();
  for (const role of ROLES) t.isTrue(shown[role] === 1 || shown[role] === 2, `${role} is whole`);
  return shown;
}

const half = (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2));

export const crash: readonly Case[] = [
  {
    name: "a refresh that is killed at any step leaves whole files, nothing below them is believed, and the next one comes through",
    async run(t) {
      await t.init();
      await t.refresh("ok", { alone: true });
      const old = new Map(t.repo.files);
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      const current = new Map(t.repo.files);
      const start = `${t.metadataDir}-start`;
      cpSync(t.metadataDir, start, { recursive: true });
      let killed = 0;
      for (let step = 1; step < STEPS_MAX; step += 1) {
        rmSync(t.metadataDir, { recursive: true });
        cpSync(start, t.metadataDir, { recursive: true });
        const env = { NODE_OPTIONS: `--import=${KILLER}`, SALLYPORT_KILL_AT: String(step) };
        const { exit, signal } = await t.command(["refresh"], { env });
        if (exit === 0) break;
        t.same(signal, "SIGKILL", `signal at step ${step}`);
        killed += 1;
        const shown = isBetween(t);
        replaceFiles(t, old);
        await refreshHere(t);
        const after = t.versions();
        for (const role of ROLES) {
          t.isTrue((after[role] ?? 0) >= (shown[role] ?? 0), `${role} did not go back after step ${step}`);
        }
        replaceFiles(t, current);
        t.same(await refreshHere(t), "ok", `the refresh after step ${step}`);
        t.shows({ root: 2, snapshot: 2, targets: 2, timestamp: 2 });
        const left = readdirSync(t.metadataDir, { recursive: true, encoding: "utf8" });
        t.same(
          left.filter((name) => name.includes(".tmp-")),
          [],
          `leftovers after step ${step}`,
        );
      }
      t.isTrue(killed > 20, `${killed} steps were cut`);
      t.same(isBetween(t), { root: 2, snapshot: 2, targets: 2, timestamp: 2 }, "the run that nobody killed");
    },
  },
  ...ROLES.map(
    (role): Case => ({
      name: `half a ${role}.json is made whole from its twin, and stays a floor`,
      async run(t) {
        const old = new Map(t.repo.files);
        t.repo.publish("root", "targets", "snapshot", "timestamp");
        await t.init();
        await t.refresh("ok");
        t.damage((directory) => half(join(directory, `${role}.json`)));
        await t.refresh("ok");
        t.shows({ root: 2, snapshot: 2, targets: 2, timestamp: 2 });
        t.damage((directory) => half(join(directory, `${role}.json`)));
        const current = new Map(t.repo.files);
        replaceFiles(t, old);
        await t.refresh("UPDATE_ROLLBACK");
        replaceFiles(t, current);
        await t.refresh("ok");
        t.shows({ root: 2, snapshot: 2, targets: 2, timestamp: 2 });
      },
    }),
  ),
  {
    name: "half a root.json beside a damaged history leads back to the first root, and what was trusted since is no less a floor",
    async run(t) {
      t.repo.publish("root", "timestamp");
      await t.init();
      await t.refresh("ok");
      half(join(t.metadataDir, "root.json"));
      half(join(t.metadataDir, "history", "2.root.json"));
      const next = t.repo.file("2.root.json");
      t.repo.files.delete("2.root.json");
      await t.refresh("UPDATE_ROLLBACK", { alone: true });
      t.repo.files.set("2.root.json", next);
      await t.refresh("ok", { alone: true });
      t.same(t.versions()["root"], 2, "root");
    },
  },
  {
    name: "a damaged first root is replaced by the one that is shown",
    async run(t) {
      t.repo.publish("root");
      await t.init();
      await t.refresh("ok");
      half(join(t.metadataDir, "history", "pinned.json"));
      await t.refresh("ok", { alone: true });
      t.same(t.versions()["root"], 2, "root");
    },
  },
  {
    name: "files that somebody else wrote into the directory are verified like downloads",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      const forged = Buffer.from(t.repo.file("timestamp.json")).toString().replace('"version":1,', '"version":9,');
      rmSync(join(t.metadataDir, "history", "timestamp.json"));
      t.damage((directory) => writeFileSync(join(directory, "timestamp.json"), forged));
      await t.refresh("ok");
      t.same(t.versions()["timestamp"], 1, "timestamp");
    },
  },
  {
    name: "files that look like metadata and are none do not stop the client",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      const empty = JSON.stringify({ signed: { version: 9, expires: "2030-01-01T00:00:00Z" }, signatures: [] });
      for (const role of ROLES) {
        rmSync(join(t.metadataDir, "history", `${role}.json`), { force: true });
        t.damage((directory) => writeFileSync(join(directory, `${role}.json`), empty));
      }
      await t.refresh("ok");
      t.shows({ root: 1, snapshot: 1, targets: 1, timestamp: 1 });
    },
  },
  {
    name: "a second process on the same directory is told who is first, and the first one comes through",
    async run(t) {
      await t.init();
      const asked = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      t.mount.behaviour = (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        asked.resolve();
        void release.promise.then(() => response.writeHead(200).end(t.repo.file("timestamp.json")));
        return true;
      };
      const first = t.command(["refresh"]);
      await Promise.race([asked.promise, first]);
      const second = await t.command(["refresh"]);
      t.same([second.exit, second.code], [1, "UPDATE_LOCKED"], "the second");
      release.resolve();
      t.same((await first).exit, 0, "the first");
      t.mount.behaviour = undefined;
      await t.refresh("ok");
    },
  },
  {
    name: "the lock of a process that was killed does not last",
    async run(t) {
      await t.init();
      const env = { NODE_OPTIONS: `--import=${KILLER}`, SALLYPORT_KILL_AT: "6" };
      t.same((await t.command(["refresh"], { env })).signal, "SIGKILL", "signal");
      t.isTrue(
        readdirSync(t.metadataDir).some((name) => name.startsWith("lock.")),
        "a lock is left",
      );
      await t.refresh("ok");
    },
  },
];
