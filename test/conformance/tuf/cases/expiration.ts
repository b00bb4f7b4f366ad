/** Freeze attacks and forgotten renewals: expired files, served and kept, under a clock that moves (5.3.10, 5.4.4, 5.5.6, 5.6.5). */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "../context.ts";
import { DAY_MS, START_MS, timeAfter } from "../simulator.ts";

const DAY = (day: number) => ({ at: START_MS + day * DAY_MS });

export const expiration: readonly Case[] = [
  {
    name: "an expired root is kept, and nothing after it is believed",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.repo.publish("root");
      await t.refresh("ok");
      t.repo.root.expires = timeAfter(-1);
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      t.requests();
      await t.refresh("UPDATE_STALE");
      t.same(t.requests().at(-1), "metadata/4.root.json", "last request");
      t.shows({ root: 3, snapshot: 1, targets: 1, timestamp: 1 });
    },
  },
  ...(["timestamp", "snapshot", "targets"] as const).map(
    (role): Case => ({
      name: `an expired ${role} is not kept`,
      async run(t) {
        await t.init();
        await t.refresh("ok");
        const { targets } = { targets: t.repo.targets() };
        const document = { timestamp: t.repo.timestamp, snapshot: t.repo.snapshot, targets }[role];
        document.expires = timeAfter(-5);
        const all = ["targets", "snapshot", "timestamp"];
        t.repo.publish(...all.slice(all.indexOf(role)));
        await t.refresh("UPDATE_STALE");
        const after = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };
        if (role === "snapshot") after.timestamp = 2;
        if (role === "targets") Object.assign(after, { timestamp: 2, snapshot: 2 });
        t.shows(after);
      },
    }),
  ),
  {
    name: "a file expires at its second and not before",
    async run(t) {
      t.repo.timestamp.expires = timeAfter(1);
      t.repo.publish("timestamp");
      await t.init();
      await t.refresh("ok", { at: START_MS + DAY_MS - 1 });
      await t.refresh("UPDATE_STALE", { at: START_MS + DAY_MS });
    },
  },
  {
    name: "a kept root that has expired leads to a newer one that has not",
    async run(t) {
      await t.init();
      t.repo.root.expires = timeAfter(7);
      t.repo.publish("root");
      await t.refresh("ok");
      t.repo.root.expires = timeAfter(21);
      t.repo.publish("root");
      await t.refresh("ok", DAY(18));
      t.same(t.versions()["root"], 3, "root");
    },
  },
  {
    name: "roots that expired while nobody looked are steps on the way",
    async run(t) {
      await t.init();
      for (const days of [-30, -20, -10, 30]) {
        t.repo.root.expires = timeAfter(days);
        t.repo.publish("root");
      }
      await t.refresh("ok");
      t.same(t.versions()["root"], 5, "root");
    },
  },
  {
    name: "a kept timestamp that has expired is replaced by a newer one",
    async run(t) {
      await t.init();
      t.repo.timestamp.expires = timeAfter(7);
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.timestamp.expires = timeAfter(21);
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok", DAY(18));
      t.shows({ root: 1, snapshot: 2, targets: 2, timestamp: 3 });
    },
  },
  {
    name: "a kept timestamp that has expired still is a floor: an older one that has not is refused",
    async run(t) {
      await t.init();
      t.repo.timestamp.expires = timeAfter(25);
      t.repo.publish("timestamp");
      const older = t.repo.file("timestamp.json");
      t.repo.timestamp.expires = timeAfter(7);
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.files.set("timestamp.json", older);
      await t.refresh("UPDATE_ROLLBACK", DAY(18));
      t.same(t.versions()["timestamp"], 3, "timestamp");
    },
  },
  {
    name: "kept snapshot and targets that have expired are fetched anew",
    async run(t) {
      await t.init();
      t.repo.snapshot.expires = timeAfter(7);
      t.repo.targets().expires = timeAfter(7);
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok");
      await t.refresh("UPDATE_STALE", DAY(8));
      t.repo.snapshot.expires = timeAfter(21);
      t.repo.targets().expires = timeAfter(21);
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok", DAY(18));
      t.shows({ root: 1, snapshot: 3, targets: 3, timestamp: 3 });
    },
  },
  {
    name: "a freeze is noticed: the same files again are refused when their time is over",
    async run(t) {
      t.repo.timestamp.expires = timeAfter(2);
      t.repo.publish("timestamp");
      await t.init();
      await t.refresh("ok");
      await t.refresh("ok", DAY(1));
      await t.refresh("UPDATE_STALE", DAY(3));
    },
  },
  {
    name: "a clock that went back lets nothing older in",
    async run(t) {
      const before = t.repo.file("timestamp.json");
      await t.init();
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("ok", DAY(20));
      t.repo.files.set("timestamp.json", before);
      await t.refresh("UPDATE_ROLLBACK", DAY(-300));
      t.shows({ root: 1, snapshot: 2, targets: 2, timestamp: 2 });
    },
  },
  {
    name: "an expiry that is no time is refused",
    async run(t) {
      await t.init();
      t.repo.timestamp.expires = "never";
      t.repo.publish("timestamp");
      await t.refresh("UPDATE_METADATA_INVALID");
    },
  },
  {
    name: "an expired delegated role is refused when the search needs it, and only then",
    async run(t) {
      t.repo.delegate("team", { paths: ["team/*"] });
      t.repo.targets("team").expires = timeAfter(-1);
      t.repo.addTarget("own.txt", Buffer.from("own"));
      t.repo.addTarget("team/file.txt", Buffer.from("theirs"), "team");
      t.repo.publish("team", "targets", "snapshot", "timestamp");
      await t.init();
      await t.download("own.txt", "ok");
      await t.download("team/file.txt", "UPDATE_STALE");
      t.same(t.downloads(), ["own"], "downloads");
    },
  },
  {
    name: "a kept file with a wrong end does not stop the client for ever",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      t.damage((directory) => writeFileSync(join(directory, "targets.json"), "{"));
      await t.refresh("ok");
      t.shows({ root: 1, snapshot: 1, targets: 1, timestamp: 1 });
    },
  },
];
