/** Names that mean something in a URL or on a disk: one request, one file, nowhere else. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "../context.ts";

const NAMES = [
  "?",
  "#",
  "/delegatedrole",
  "../delegatedrole",
  "..",
  ".",
  "a%2Fb",
  "con:aux",
  "ünï code",
  "x".repeat(120),
];
const REFUSED = ["__proto__", "constructor", "17", "x".repeat(129)];
const PATHS = [
  "what?.txt",
  "100%.txt",
  "a#b.txt",
  "dir with space/ü.txt",
  "a+b&c=d.txt",
  "..hidden.txt",
  "c:\\x.txt",
  "a//b",
];

export const quoting: readonly Case[] = [
  ...NAMES.map(
    (name): Case => ({
      name: `a role called ${JSON.stringify(name.slice(0, 20))} is asked for by its encoded name and kept in the directory`,
      async run(t) {
        t.repo.delegate(name);
        t.repo.publish(name, "targets", "snapshot", "timestamp");
        await t.init();
        await t.download("nothing", "UPDATE_TARGET_MISSING");
        const encoded = encodeURIComponent(name);
        t.same(t.requests().at(-1), `metadata/1.${encoded}.json`, "last request");
        t.same(Object.keys(t.versions()).length, 5, "trusted files");
        t.same(readdirSync(join(t.metadataDir, "..")).includes("delegatedrole.json"), false, "a file outside");
        await t.download("nothing", "UPDATE_TARGET_MISSING");
        t.same(t.requests(), ["metadata/2.root.json", "metadata/timestamp.json"], "requests the second time");
      },
    }),
  ),
  ...REFUSED.map(
    (name): Case => ({
      name: `a role called ${JSON.stringify(name.slice(0, 20))} is refused with whoever delegates to it`,
      async run(t) {
        // Written as text: an object literal would not have such a field.
        t.repo.delegate("placeholder");
        t.repo.publish("placeholder", "targets", "snapshot", "timestamp");
        const [role] = t.repo.targets().delegations?.roles ?? [];
        Object.assign(role ?? {}, { name });
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.init();
        await t.refresh("UPDATE_DELEGATION");
        t.shows({ root: 1, snapshot: 3, timestamp: 3 });
      },
    }),
  ),
  ...(["root", "timestamp", "snapshot", "targets"] as const).map(
    (name): Case => ({
      name: `a delegation to ${name} is refused`,
      async run(t) {
        t.repo.delegate("placeholder");
        t.repo.publish("placeholder", "targets", "snapshot", "timestamp");
        const [role] = t.repo.targets().delegations?.roles ?? [];
        Object.assign(role ?? {}, { name });
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.init();
        await t.refresh("UPDATE_METADATA_INVALID");
      },
    }),
  ),
  ...PATHS.map(
    (path): Case => ({
      name: `a target called ${JSON.stringify(path)} is fetched and kept inside the target directory`,
      async run(t) {
        t.repo.addTarget(path, Buffer.from(path));
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.init();
        await t.download(path, "ok");
        t.same(t.downloads(), [path], "downloads");
        await t.download(path, "ok");
        t.same(t.requests().filter((one) => one.startsWith("targets/")).length, 1, "downloads asked for");
      },
    }),
  ),
  ...["../../escape.txt", "a/../escape.txt", "./here.txt", "..", "/etc/escape.txt", "//example.org/x"].map(
    (path): Case => ({
      name: `a target called ${JSON.stringify(path)}, which a URL cannot carry, is not asked for`,
      async run(t) {
        t.repo.addTarget(path, Buffer.from(path));
        t.repo.publish("targets", "snapshot", "timestamp");
        await t.init();
        await t.refresh("ok");
        t.requests();
        await t.download(path, "UPDATE_PATH_REFUSED");
        t.same(t.requests().length, 2, "requests");
        t.same(t.downloads(), [], "downloads");
      },
    }),
  ),
];
