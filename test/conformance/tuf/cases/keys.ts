/** Thresholds, key types and everything that looks like a signature (4.2, 5.3.4): who counts, and how often. */
import type { Case } from "../context.ts";
import { ecdsaKey, ed25519Key, renamed, rsaKey, type SimKey } from "../keys.ts";
import { edited } from "../simulator.ts";

const KINDS: readonly (readonly [string, () => SimKey])[] = [
  ["ed25519", ed25519Key],
  ["ecdsa with P-256", ecdsaKey],
  ["ecdsa with P-384", () => ecdsaKey("nistp384")],
  ["ecdsa with P-256 under its older type name", () => ecdsaKey("nistp256", "ecdsa-sha2-nistp256")],
  ["rsa with PSS", rsaKey],
];

export const keys: readonly Case[] = [
  {
    name: "a snapshot with one signature less than its threshold is refused",
    async run(t) {
      const three = [ed25519Key(), ed25519Key(), ed25519Key()];
      t.repo.setKeys("snapshot", three, 3);
      t.repo.publish("root", "targets", "snapshot", "timestamp");
      await t.init();
      await t.refresh("ok");
      t.repo.signers.set("snapshot", three.slice(1));
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.refresh("UPDATE_SIGNATURE");
      t.same(t.versions()["snapshot"], 2, "snapshot");
    },
  },
  {
    name: "a role with fewer keys than its threshold has no valid file",
    async run(t) {
      await t.init();
      t.repo.setKeys("snapshot", [ed25519Key(), ed25519Key()], 3);
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("UPDATE_SIGNATURE");
      t.shows({ root: 2, timestamp: 2 });
    },
  },
  {
    name: "a key that is listed many times counts once or is refused",
    async run(t) {
      await t.init();
      const key = ed25519Key();
      t.repo.setKeys("snapshot", [key, key, key], 3);
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("UPDATE_METADATA_INVALID");
      t.shows({ root: 1 });
    },
  },
  {
    name: "a key under two names counts once",
    async run(t) {
      await t.init();
      const key = ed25519Key();
      t.repo.setKeys("timestamp", [renamed(key, "first"), renamed(key, "second")], 2);
      t.repo.publish("root", "timestamp");
      await t.refresh("UPDATE_SIGNATURE");
      t.shows({ root: 2 });
    },
  },
  {
    name: "two signatures with the same key id are refused even where one was enough",
    async run(t) {
      await t.init();
      const twice = edited(t.repo.file("1.snapshot.json"), (file) => {
        file.signatures = [...file.signatures, ...file.signatures];
      });
      t.repo.files.set("1.snapshot.json", twice);
      await t.refresh("UPDATE_METADATA_INVALID");
      t.same(t.versions()["snapshot"], undefined, "snapshot");
    },
  },
  {
    name: "a threshold below one is refused",
    async run(t) {
      await t.init();
      t.repo.setKeys("snapshot", [ed25519Key()], 0, []);
      t.repo.publish("root", "snapshot", "timestamp");
      await t.refresh("UPDATE_METADATA_INVALID");
      t.shows({ root: 1 });
    },
  },
  ...KINDS.map(
    ([kind, make]): Case => ({
      name: `a root that needs ${kind} is verified with it, and refused with a wrong signature of its kind`,
      async run(t) {
        await t.init();
        const key = make();
        t.repo.addKey("root", key);
        Object.assign(t.repo.root.roles["root"] ?? {}, { threshold: 2 });
        t.repo.publish("root");
        await t.refresh("ok");
        t.same(t.versions()["root"], 2, "root");
        t.repo.publish("root");
        const elsewhere = key.sign(Buffer.from("another message"));
        const forged = edited(t.repo.file("3.root.json"), ({ signatures }) => {
          for (const one of signatures) if (one.keyid === key.id) one.sig = elsewhere;
        });
        t.repo.files.set("3.root.json", forged);
        await t.refresh("UPDATE_SIGNATURE");
        t.same(t.versions()["root"], 2, "root");
      },
    }),
  ),
  {
    name: "a key of a kind that nobody knows does not count",
    async run(t) {
      await t.init();
      const odd = ed25519Key();
      const document = { ...odd.document, keytype: "post-quantum", scheme: "hope" };
      t.repo.addKey("timestamp", { ...odd, document });
      t.repo.publish("root", "timestamp");
      await t.refresh("ok");
      Object.assign(t.repo.root.roles["timestamp"] ?? {}, { threshold: 2 });
      t.repo.publish("root", "timestamp");
      await t.refresh("UPDATE_SIGNATURE");
      t.same(t.versions()["root"], 3, "root");
    },
  },
  ...(["0".repeat(128), "", "not hex"] as const).map(
    (sig): Case => ({
      name: `a signature that reads ${JSON.stringify(sig.slice(0, 10))} beside a good one does no harm`,
      async run(t) {
        await t.init();
        const second = t.repo.addKey("timestamp");
        t.repo.publish("root", "timestamp");
        const spoiled = edited(t.repo.file("timestamp.json"), ({ signatures }) => {
          for (const one of signatures) if (one.keyid === second.id) one.sig = sig;
        });
        t.repo.files.set("timestamp.json", spoiled);
        await t.refresh("ok");
      },
    }),
  ),
  {
    name: "signatures of strangers beside a good one do no harm, and alone do not count",
    async run(t) {
      await t.init();
      const strangers = [ed25519Key(), ed25519Key()];
      const own = t.repo.signers.get("timestamp") ?? [];
      t.repo.signers.set("timestamp", [...strangers, ...own]);
      t.repo.publish("timestamp");
      await t.refresh("ok");
      t.repo.signers.set("timestamp", strangers);
      t.repo.publish("timestamp");
      await t.refresh("UPDATE_SIGNATURE");
    },
  },
];
