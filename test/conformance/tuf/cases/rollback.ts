/** Older files in the place of newer ones, and the ways back from a version that ran ahead (5.3.11, 5.4.3, 5.5.5). */
import type { Case, Context } from "../context.ts";
import { ed25519Key } from "../keys.ts";

/** Publishes a role again under a lower version. */
function goBack(t: Context, role: "timestamp" | "snapshot" | "targets", version = 1): void {
  const document = { timestamp: t.repo.timestamp, snapshot: t.repo.snapshot, targets: t.repo.targets() }[role];
  document.version = version - 1;
  t.repo.publish(role);
}

export const rollback: readonly Case[] = [
  {
    name: "a timestamp with a lower version is refused",
    async run(t) {
      await t.init();
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.requests();
      goBack(t, "timestamp");
      await t.refresh("UPDATE_ROLLBACK");
      t.same(t.requests().at(-1), "metadata/timestamp.json", "last request");
      t.same(t.versions()["timestamp"], 2, "timestamp");
    },
  },
  ...[false, true].map(
    (namesHashes): Case => ({
      name: `a timestamp that names a lower snapshot${namesHashes ? " with its hash" : ""} is refused`,
      async run(t) {
        await t.init();
        t.repo.namesHashes = namesHashes;
        t.repo.publish("snapshot", "timestamp");
        await t.refresh("ok");
        t.requests();
        goBack(t, "snapshot");
        t.repo.publish("timestamp");
        await t.refresh("UPDATE_ROLLBACK");
        t.same(t.requests().at(-1), "metadata/timestamp.json", "last request");
        t.shows({ root: 1, snapshot: 2, targets: 1, timestamp: 2 });
      },
    }),
  ),
  ...[false, true].map(
    (namesHashes): Case => ({
      name: `a snapshot that names lower targets${namesHashes ? " with their hash" : ""} is refused`,
      async run(t) {
        await t.init();
        t.repo.namesHashes = namesHashes;
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.refresh("ok");
        goBack(t, "targets");
        t.repo.publish("snapshot", "timestamp");
        await t.refresh("UPDATE_ROLLBACK");
        t.shows({ root: 1, snapshot: 2, targets: 2, timestamp: 3 });
      },
    }),
  ),
  {
    name: "a role that vanishes from the snapshot is a rollback",
    async run(t) {
      await t.init();
      t.repo.delegate("team", { paths: ["team/*"] });
      t.repo.publish("team", "targets", "snapshot", "timestamp");
      await t.refresh("ok");
      delete t.repo.snapshot.meta["team.json"];
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("UPDATE_ROLLBACK");
      t.same(t.versions()["snapshot"], 2, "snapshot");
    },
  },
  {
    name: "a delegated role that goes back is refused, though it was never loaded",
    async run(t) {
      await t.init();
      t.repo.delegate("team", { paths: ["team/*"] });
      t.repo.publish("team", "team", "targets", "snapshot", "timestamp");
      await t.refresh("ok");
      t.repo.snapshot.meta["team.json"] = { version: 1 };
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("UPDATE_ROLLBACK");
    },
  },
  {
    name: "an older root in the place of the next one is refused",
    async run(t) {
      await t.init();
      t.repo.publish("root");
      await t.refresh("ok");
      t.repo.files.set("3.root.json", t.repo.file("1.root.json"));
      await t.refresh("UPDATE_ROLLBACK");
      t.same(t.versions()["root"], 2, "root");
    },
  },
  {
    name: "a restored backup of the repository is refused by who has seen newer, and accepted again when it is ahead",
    async run(t) {
      await t.init();
      const backup = new Map(t.repo.files);
      t.repo.publish("targets", "snapshot", "timestamp");
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok");
      const newest = new Map(t.repo.files);
      t.repo.files.clear();
      for (const [name, bytes] of backup) t.repo.files.set(name, bytes);
      await t.refresh("UPDATE_ROLLBACK");
      t.shows({ root: 1, snapshot: 3, targets: 3, timestamp: 3 });
      for (const [name, bytes] of newest) t.repo.files.set(name, bytes);
      t.repo.publish("timestamp");
      await t.refresh("ok");
    },
  },
  {
    name: "new snapshot keys are the way back for targets that ran ahead",
    async run(t) {
      await t.init();
      t.repo.delegate("unwanted", { paths: ["unwanted/*"] });
      t.repo.publish("unwanted");
      t.repo.targets().version = 99;
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["targets"], 100, "targets");
      t.repo.setKeys("snapshot", [ed25519Key()]);
      delete t.repo.snapshot.meta["unwanted.json"];
      goBack(t, "targets");
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["targets"], 1, "targets");
    },
  },
  {
    name: "new snapshot and timestamp keys are the way back for a snapshot that ran ahead",
    async run(t) {
      await t.init();
      t.repo.snapshot.version = 99;
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("ok");
      for (const role of ["snapshot", "timestamp"]) t.repo.setKeys(role, [ed25519Key()]);
      goBack(t, "snapshot");
      t.repo.publish("root", "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["snapshot"], 1, "snapshot");
    },
  },
  {
    name: "new timestamp keys are the way back for a timestamp that ran ahead",
    async run(t) {
      await t.init();
      t.repo.timestamp.version = 99;
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.setKeys("timestamp", [ed25519Key()]);
      t.repo.publish("root");
      goBack(t, "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["timestamp"], 1, "timestamp");
    },
  },
  {
    name: "new timestamp keys alone are the way back for targets that ran ahead: timestamp and snapshot go together",
    async run(t) {
      await t.init();
      t.repo.targets().version = 99;
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok");
      t.repo.setKeys("timestamp", [ed25519Key()]);
      goBack(t, "targets");
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["targets"], 1, "targets");
    },
  },
  {
    name: "a key that is taken away is the way back, though what it signed is signed by one that stays as well",
    async run(t) {
      const stays = ed25519Key();
      t.repo.setKeys("timestamp", [ed25519Key(), stays]);
      t.repo.publish("root", "timestamp");
      await t.init();
      t.repo.timestamp.version = 99;
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.setKeys("timestamp", [stays]);
      t.repo.publish("root");
      goBack(t, "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["timestamp"], 1, "timestamp");
    },
  },
  {
    name: "the way back stays open when the first refresh over it did not come through",
    async run(t) {
      await t.init();
      t.repo.snapshot.version = 99;
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("ok");
      t.repo.setKeys("timestamp", [ed25519Key()]);
      t.repo.publish("root");
      t.repo.files.delete("timestamp.json");
      await t.refresh("UPDATE_METADATA_MISSING");
      t.same(t.versions()["root"], 2, "root");
      goBack(t, "snapshot");
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.same(t.versions()["snapshot"], 1, "snapshot");
    },
  },
  {
    name: "a key that is added is no way back: what the others signed stays a floor",
    async run(t) {
      await t.init();
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.addKey("timestamp");
      t.repo.publish("root");
      goBack(t, "timestamp");
      await t.refresh("UPDATE_ROLLBACK");
    },
  },
  {
    name: "two hundred rotations of root are followed in one refresh, at most 256",
    async run(t) {
      await t.init();
      for (let n = 0; n < 300; n += 1) t.repo.publish("root");
      await t.refresh("ok");
      t.same(t.versions()["root"], 257, "root");
      await t.refresh("ok");
      t.same(t.versions()["root"], 301, "root");
    },
  },
];
