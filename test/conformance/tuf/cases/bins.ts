/** Hash bins (TAP 15) and repositories without consistent snapshots (6.2, 7): what is asked for and what is kept. */
import type { Case } from "../context.ts";
import { digest } from "../simulator.ts";

/** The bin of a path: the first bits of its digest. */
const binOf = (path: string, bits: number) =>
  Number.parseInt(digest(Buffer.from(path)).slice(0, 8), 16) >>> (32 - bits);

export const bins: readonly Case[] = [
  ...[1, 4, 10].map(
    (bits): Case => ({
      name: `a target is found in one of ${2 ** bits} bins, and only that one is asked for`,
      async run(t) {
        const names = t.repo.delegateToBins(bits, "bin");
        const path = "catalogue/item.txt";
        const name = names[binOf(path, bits)] ?? "";
        t.repo.addTarget(path, Buffer.from("text"), name);
        t.repo.publish(...names, "targets", "snapshot", "timestamp");
        await t.init();
        await t.download(path, "ok");
        const asked = t.requests().filter((one) => one.includes("bin-"));
        t.same(asked, [`metadata/1.${name}.json`], "bins asked for");
        t.same(t.downloads(), ["text"], "downloads");
      },
    }),
  ),
  {
    name: "a target in the wrong bin is not found",
    async run(t) {
      const names = t.repo.delegateToBins(2, "bin");
      const path = "item.txt";
      t.repo.addTarget(path, Buffer.from("text"), names[(binOf(path, 2) + 1) % 4] ?? "");
      t.repo.publish(...names, "targets", "snapshot", "timestamp");
      await t.init();
      await t.download(path, "UPDATE_TARGET_MISSING");
    },
  },
  {
    name: "a bin that another bin's file is served for is refused",
    async run(t) {
      const names = t.repo.delegateToBins(1, "bin");
      t.repo.publish(...names, "targets", "snapshot", "timestamp");
      const wanted = names[binOf("item.txt", 1)] ?? "";
      t.repo.namesHashes = true;
      t.repo.targets(wanted).version = 6;
      t.repo.publish(...names, "snapshot", "timestamp");
      const other = names.find((one) => one !== wanted) ?? "";
      t.repo.files.set(`7.${wanted}.json`, t.repo.file(`2.${other}.json`));
      await t.init();
      await t.download("item.txt", "UPDATE_MIX_AND_MATCH");
    },
  },
  {
    name: "a bit length beyond 32 is refused",
    async run(t) {
      t.repo.delegateToBins(1, "bin");
      Object.assign(t.repo.targets().delegations?.succinct_roles ?? {}, { bit_length: 33 });
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      await t.refresh("UPDATE_METADATA_INVALID");
    },
  },
  {
    name: "without consistent snapshots names carry no versions and targets no hashes",
    async run(t) {
      t.repo.root.consistent_snapshot = false;
      t.repo.delegate("team", { paths: ["team/*"] });
      t.repo.addTarget("team/file.txt", Buffer.from("text"), "team");
      t.repo.publish("root", "team", "targets", "snapshot", "timestamp");
      await t.init(t.repo.file("2.root.json"));
      await t.download("team/file.txt", "ok");
      const expected = ["3.root", "timestamp", "snapshot", "targets", "team"].map((one) => `metadata/${one}.json`);
      t.same(t.requests(), [...expected, "targets/team/file.txt"], "requests");
      t.repo.publish("team", "targets", "snapshot", "timestamp");
      await t.refresh("ok");
      t.same(t.versions()["snapshot"], 3, "snapshot");
    },
  },
  {
    name: "without consistent snapshots a file newer than the one that was named is refused: an upload is half done",
    async run(t) {
      t.repo.root.consistent_snapshot = false;
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      await t.init(t.repo.file("2.root.json"));
      t.repo.publish("targets");
      await t.refresh("UPDATE_MIX_AND_MATCH");
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("ok");
    },
  },
  {
    name: "a repository may turn consistent snapshots on",
    async run(t) {
      t.repo.root.consistent_snapshot = false;
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      await t.init(t.repo.file("2.root.json"));
      await t.refresh("ok");
      t.repo.root.consistent_snapshot = true;
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      t.requests();
      await t.refresh("ok");
      t.isTrue(t.requests().includes("metadata/3.snapshot.json"), "the snapshot is asked for by version");
    },
  },
];
