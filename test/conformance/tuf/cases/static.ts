/** Repositories as other makers and our own tools write them, served as they stand. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { teamName } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { createRepositories } from "../../../../updater/repository/index.ts";
import type { Case } from "../context.ts";
import { ecdsaKey, ed25519Key, renamed } from "../keys.ts";
import { edited, START_MS } from "../simulator.ts";

function filesUnder(folder: string): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return new Map(
    names.map((one) => {
      const path = join(one.parentPath, one.name);
      return [path.slice(folder.length + 1), new Uint8Array(readFileSync(path))];
    }),
  );
}

export const statics: readonly Case[] = [
  {
    name: "a repository that our own tool made is one that any client reads",
    async run(t) {
      const place = join(mkdtempSync(join(t.directory, "made-")), "repository");
      const team = unwrap(parseShape(teamName, "acme", "the team"));
      const made = unwrap(await createRepositories(place, { tenant: "acme-corp", teams: [team], now: () => START_MS }));
      unwrap(await made.putOwnerTargets(new Map([["policy/policy.json", utf8("{}")]])));
      t.repo.files.clear();
      for (const [name, bytes] of filesUnder(join(place, "image", "metadata"))) t.repo.files.set(name, bytes);
      for (const [name, bytes] of filesUnder(join(place, "image", "targets"))) t.repo.artifacts.set(name, bytes);
      await t.init(made.imageRoot());
      await t.refresh("ok");
      await t.download("policy/policy.json", "ok");
      t.same(t.downloads(), ["{}"], "downloads");
    },
  },
  {
    name: "a repository kept in version control: ids that are no hashes, empty signatures of who has not signed yet, fields of its own",
    async run(t) {
      const people = ["alice", "bob", "carol"].map((name) => {
        const key = ecdsaKey();
        return { ...renamed(key, `${name}-4f1d`), document: { ...key.document, "x-online-owner": `@${name}` } };
      });
      const [alice, bob] = people;
      const online = renamed(ed25519Key({ "x-online-uri": "kms:somewhere" }), "online-77aa");
      const signing = people.filter((one) => one === alice || one === bob);
      t.repo.setKeys("root", people, 2, signing);
      t.repo.setKeys("targets", people, 2, signing);
      t.repo.setKeys("snapshot", [online]);
      t.repo.setKeys("timestamp", [online]);
      for (const document of [t.repo.root, t.repo.targets(), t.repo.snapshot, t.repo.timestamp]) {
        Object.assign(document, { "x-expiry-period": 365, "x-signing-period": 60 });
      }
      t.repo.root.version = 0;
      t.repo.targets().version = 0;
      t.repo.delegate("team-docs", { paths: ["docs/*"], terminating: true });
      t.repo.addTarget("docs/readme.md", Buffer.from("read me"), "team-docs");
      t.repo.publish("root", "team-docs", "targets", "snapshot", "timestamp");
      const waiting = (name: string) =>
        t.repo.files.set(
          name,
          edited(t.repo.file(name), ({ signatures }) => signatures.push({ keyid: "carol-4f1d", sig: "" })),
        );
      waiting("1.root.json");
      waiting("1.targets.json");
      await t.init();
      await t.refresh("ok");
      await t.download("docs/readme.md", "ok");
      t.same(t.downloads(), ["read me"], "downloads");
    },
  },
  {
    name: "a repository that has lived long: keys in hex, ids under older rules, hashes of two kinds, roots of ten years",
    async run(t) {
      const old = ed25519Key({ keyid_hash_algorithms: ["sha256", "sha512"] });
      t.repo.setKeys("root", [old, renamed(ecdsaKey("nistp256", "ecdsa-sha2-nistp256"), "e".repeat(64))], 1);
      t.repo.root.version = 0;
      for (let year = 0; year < 10; year += 1) {
        t.repo.root.expires = `${2018 + year}-06-01T00:00:00Z`;
        t.repo.publish("root");
      }
      t.repo.namesHashes = true;
      const entry = t.repo.addTarget("trusted_root.json", Buffer.from("{}"), "targets", ["sha256", "sha512"]);
      entry.custom = { usage: "everything", status: "Active", uri: "https://example.org" };
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      await t.refresh("ok");
      await t.download("trusted_root.json", "ok");
      t.shows({ root: 10, snapshot: 2, targets: 2, timestamp: 2 });
    },
  },
];
