/** The workflow as such (TUF 5.1 to 5.6): which files are asked for, which are trusted after each kind of failure. */

import type { Case } from "../context.ts";
import { ed25519Key } from "../keys.ts";
import { DAY_MS, edited, START_MS, timeAfter } from "../simulator.ts";

const TOP = ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json"];
const ALL_FIRST = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };

/** What stays trusted when a role is refused: everything that the workflow came to before. */
const AFTER: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  root: { root: 1 },
  timestamp: { root: 2 },
  snapshot: { root: 2, timestamp: 2 },
  targets: { root: 2, snapshot: 2, timestamp: 2 },
};

const unsigned: readonly Case[] = ["root", "timestamp", "snapshot", "targets"].map((role) => ({
  name: `${role} that nobody signed is refused, what came before it is kept`,
  async run(t) {
    t.repo.signers.set(role, []);
    t.repo.publish("root", "targets", "snapshot", "timestamp");
    await t.init();
    await t.refresh("UPDATE_SIGNATURE");
    t.shows(AFTER[role] ?? {});
  },
}));

const misplaced: readonly Case[] = (
  [
    ["root", "UPDATE_ROLLBACK"],
    ["snapshot", "UPDATE_MIX_AND_MATCH"],
    ["targets", "UPDATE_MIX_AND_MATCH"],
  ] as const
).map(([role, code]) => ({
  name: `${role} whose version is not the one of its file name is refused`,
  async run(t) {
    const document = role === "root" ? t.repo.root : role === "snapshot" ? t.repo.snapshot : t.repo.targets();
    document.version = 3;
    const bytes = t.repo.sign(document, t.repo.signers.get(role) ?? []);
    document.version = 1;
    t.repo.publish("root", "targets", "snapshot", "timestamp");
    t.repo.files.set(`2.${role}.json`, bytes);
    await t.init();
    await t.refresh(code);
    t.shows(AFTER[role] ?? {});
  },
}));

export const basic: readonly Case[] = [
  {
    name: "a first refresh asks for the next root, timestamp, snapshot and targets, once and in this order",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.same(t.requests(), TOP, "requests");
    },
  },
  {
    name: "a second refresh asks for the next root and the timestamp only",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.requests();
      await t.refresh("ok");
      t.same(t.requests(), TOP.slice(0, 2), "requests");
    },
  },
  {
    name: "initialisation asks for nothing",
    async run(t) {
      await t.initCommand();
      t.same(t.requests(), [], "requests");
      t.shows({ root: 1 });
    },
  },
  {
    name: "the trusted files are the served bytes, white space included",
    async run(t) {
      const spaced = Buffer.concat([t.repo.file("timestamp.json"), Buffer.from(" \n\t ")]);
      t.repo.files.set("timestamp.json", spaced);
      await t.init();
      await t.refresh("ok");
      t.shows(ALL_FIRST);
      for (const [role, name] of [
        ["root", "1.root"],
        ["timestamp", "timestamp"],
        ["snapshot", "1.snapshot"],
        ["targets", "1.targets"],
      ] as const) {
        const served = Buffer.from(t.repo.file(`${name}.json`));
        t.isTrue(served.equals(t.trustedBytes(role)), `${role} is kept as served`);
      }
    },
  },
  {
    name: "a download refreshes first, even when there is no such target",
    async run(t) {
      await t.init();
      await t.download("nothing.txt", "UPDATE_TARGET_MISSING");
      t.same(t.requests(), TOP, "requests");
      t.shows(ALL_FIRST);
    },
  },
  {
    name: "an initial root without a version is refused before anything is asked for",
    async run(t) {
      await t.init(edited(t.repo.pinned, ({ signed }) => delete signed["version"]));
      await t.refresh("UPDATE_METADATA_INVALID");
      t.same(t.requests(), [], "requests");
    },
  },
  {
    name: "an initial root that is not signed by its own keys is refused before anything is asked for",
    async run(t) {
      const other = t.repo.sign({ ...t.repo.root, expires: timeAfter(60) }, t.repo.signers.get("root") ?? []);
      const { signatures } = JSON.parse(Buffer.from(other).toString());
      await t.init(
        edited(t.repo.pinned, (file) => {
          file.signatures = signatures;
        }),
      );
      await t.refresh("UPDATE_SIGNATURE");
      t.same(t.requests(), [], "requests");
    },
  },
  ...unsigned,
  ...misplaced,
  {
    name: "a timestamp that changed without a new version is left aside",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.timestamp.meta["snapshot.json"] = { version: 100 };
      t.repo.timestamp.version = 0;
      t.repo.publish("timestamp");
      t.requests();
      await t.refresh("ok");
      t.same(t.requests(), TOP.slice(0, 2), "requests");
      const kept = JSON.parse(Buffer.from(t.trustedBytes("timestamp")).toString());
      t.same(kept.signed.meta["snapshot.json"].version, 1, "the snapshot that the kept timestamp names");
    },
  },
  {
    name: "lengths and hashes of metadata are followed where they are given",
    async run(t) {
      t.repo.namesHashes = true;
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      await t.refresh("ok");
      t.shows({ root: 1, snapshot: 2, targets: 2, timestamp: 2 });
    },
  },
  ...(["targets", "snapshot"] as const).map(
    (role): Case => ({
      name: `${role} with another hash than the one that names it is refused`,
      async run(t) {
        t.repo.namesHashes = true;
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.init();
        await t.refresh("ok");
        t.repo.publish(role);
        const meta = role === "targets" ? t.repo.snapshot.meta["targets.json"] : t.repo.timestamp.meta["snapshot.json"];
        Object.assign(meta ?? {}, { hashes: { sha256: "0".repeat(64) } });
        t.repo.publish(...(role === "targets" ? ["snapshot", "timestamp"] : ["timestamp"]));
        await t.refresh("UPDATE_MIX_AND_MATCH");
        const { snapshot, targets, timestamp } = t.versions();
        const expected = role === "targets" ? [3, 2, 3] : [2, 2, 3];
        t.same([snapshot, targets, timestamp], expected, "snapshot, targets, timestamp");
      },
    }),
  ),
  {
    name: "fields that the specification does not know are part of what is signed and otherwise left alone",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.root["x-maker"] = { name: "somebody", list: [1, 2, null, true] };
      t.repo.addKey("root", ed25519Key({ "x-owner": "a person" }));
      Object.assign(t.repo.root.roles["root"] ?? {}, { "x-period": 365 });
      t.repo.publish("root");
      await t.refresh("ok");
      t.same(t.versions()["root"], 2, "root");
      t.repo.timestamp["x-maker"] = "signed";
      t.repo.publish("timestamp");
      const altered = edited(t.repo.file("timestamp.json"), ({ signed }) => (signed["x-maker"] = "altered"));
      t.repo.files.set("timestamp.json", altered);
      await t.refresh("UPDATE_SIGNATURE");
    },
  },
  {
    name: "a key's misleading keyid_hash_algorithms does not matter",
    async run(t) {
      await t.init();
      t.repo.setKeys("snapshot", [ed25519Key({ keyid_hash_algorithms: "md5" })]);
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("ok");
      t.shows({ root: 2, snapshot: 2, targets: 1, timestamp: 2 });
    },
  },
  {
    name: "a snapshot that is not there is a failure; the timestamp that names it is kept",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.timestamp.meta["snapshot.json"] = { version: 2 };
      t.repo.publish("timestamp");
      t.requests();
      await t.refresh("UPDATE_METADATA_MISSING");
      t.same(t.requests().at(-1), "metadata/2.snapshot.json", "last request");
      t.shows({ ...ALL_FIRST, timestamp: 2 });
    },
  },
  {
    name: "targets that are not there are a failure; what names them is kept",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.snapshot.meta["targets.json"] = { version: 2 };
      t.repo.publish("snapshot", "timestamp");
      t.requests();
      await t.refresh("UPDATE_METADATA_MISSING");
      t.same(t.requests().at(-1), "metadata/2.targets.json", "last request");
      t.shows({ root: 1, snapshot: 2, targets: 1, timestamp: 2 });
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok");
      t.shows({ root: 1, snapshot: 3, targets: 2, timestamp: 3 });
    },
  },
  {
    name: "a timestamp that is not there is a failure",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.files.delete("timestamp.json");
      t.requests();
      await t.refresh("UPDATE_METADATA_MISSING");
      t.same(t.requests().at(-1), "metadata/timestamp.json", "last request");
      t.shows(ALL_FIRST);
    },
  },
  {
    name: "a snapshot that would pass for a timestamp in everything but its type is refused",
    async run(t) {
      await t.init();
      const [key] = t.repo.signers.get("timestamp") ?? [];
      if (key !== undefined) t.repo.addKey("snapshot", key);
      t.repo.snapshot.meta = { "snapshot.json": { version: 1 } };
      t.repo.publish("root", "snapshot");
      t.repo.files.set("timestamp.json", t.repo.file("2.snapshot.json"));
      await t.refresh("UPDATE_METADATA_INVALID");
      t.shows({ root: 2 });
    },
  },
  {
    name: "the clock that judges expiry is the one that the client is given",
    async run(t) {
      await t.init();
      t.repo.root.expires = timeAfter(7);
      t.repo.publish("root");
      await t.refresh("ok");
      await t.refresh("UPDATE_STALE", { at: START_MS + 8 * DAY_MS });
    },
  },
  {
    name: "metadata of another major version of the specification is refused",
    async run(t) {
      await t.init();
      t.repo.timestamp.spec_version = "2.0.0";
      t.repo.publish("timestamp");
      await t.refresh("UPDATE_METADATA_INVALID");
      t.shows({ root: 1 });
    },
  },
  {
    name: "an error page in the place of metadata is refused",
    async run(t) {
      await t.init();
      t.repo.files.set("timestamp.json", Buffer.from("<html>Sign in to this network</html>"));
      await t.refresh("UPDATE_METADATA_INVALID");
      t.shows({ root: 1 });
    },
  },
];
