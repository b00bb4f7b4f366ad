/** Targets (5.7): what is written, what is not written, what is not fetched twice. */
import type { Case } from "../context.ts";
import { digest } from "../simulator.ts";

const PATH = "file.txt";

const publishAll = ["targets", "snapshot", "timestamp"] as const;

export const download: readonly Case[] = [
  {
    name: "a refresh alone downloads nothing, a download the named target",
    async run(t) {
      t.repo.addTarget(PATH, Buffer.from("content"));
      t.repo.publish(...publishAll);
      await t.init();
      await t.refresh("ok");
      t.same(t.downloads(), [], "downloads");
      t.requests();
      await t.download(PATH, "ok");
      t.same(t.downloads(), ["content"], "downloads");
      const asked = t.requests().filter((one) => one.startsWith("targets/"));
      t.same(asked, [`targets/${digest(Buffer.from("content"))}.${PATH}`], "targets asked for");
    },
  },
  {
    name: "the hash stands before the last part of a path with folders",
    async run(t) {
      t.repo.addTarget("a/b/c.txt", Buffer.from("deep"));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download("a/b/c.txt", "ok");
      t.same(t.downloads(), ["deep"], "downloads");
      t.same(t.requests().at(-1), `targets/a/b/${digest(Buffer.from("deep"))}.c.txt`, "last request");
    },
  },
  {
    name: "a target that is served with other bytes is refused, and what was downloaded before stays",
    async run(t) {
      const entries = ["one.txt", "two.txt"].map((path) => t.repo.addTarget(path, Buffer.from(`text of ${path}`)));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download("one.txt", "ok");
      for (const [at, path] of ["one.txt", "two.txt"].entries()) {
        const hash = entries[at]?.hashes["sha256"] ?? "";
        t.repo.serveTarget(path, Buffer.from("evil of one.txt".slice(0, 15)), [hash]);
      }
      await t.download("one.txt", "ok");
      await t.download("two.txt", "UPDATE_TARGET_HASH");
      t.same(t.downloads(), ["text of one.txt"], "downloads");
    },
  },
  ...(
    [
      ["shorter", "tex"],
      ["longer", "text and more"],
    ] as const
  ).map(
    ([how, served]): Case => ({
      name: `a target that is served ${how} than signed is refused`,
      async run(t) {
        const { hashes } = t.repo.addTarget(PATH, Buffer.from("text"));
        t.repo.publish(...publishAll);
        t.repo.serveTarget(PATH, Buffer.from(served), Object.values(hashes));
        await t.init();
        await t.download(PATH, "UPDATE_TARGET_LENGTH");
        t.same(t.downloads(), [], "downloads");
      },
    }),
  ),
  {
    name: "a target that changes again and again is replaced under its name, never by bytes that were not signed",
    async run(t) {
      t.repo.addTarget(PATH, Buffer.from("0"));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download(PATH, "ok");
      for (const n of [1, 2, 3]) {
        const entry = t.repo.addTarget(PATH, Buffer.from(String(n)));
        t.repo.publish(...publishAll);
        await t.download(PATH, "ok");
        t.same(t.downloads(), [String(n)], "downloads");
        t.repo.serveTarget(PATH, Buffer.from("x"), Object.values(entry.hashes));
        t.repo.publish(...publishAll);
        await t.download(PATH, "ok");
        t.same(t.downloads(), [String(n)], "downloads");
      }
    },
  },
  ...[["sha256"], ["sha512"], ["sha384"], ["sha256", "sha512"]].map(
    (algorithms): Case => ({
      name: `a target with ${algorithms.join(" and ")} is verified by all of it`,
      async run(t) {
        const entry = t.repo.addTarget(PATH, Buffer.from("text"), "targets", algorithms);
        t.repo.publish(...publishAll);
        await t.init();
        await t.download(PATH, "ok");
        const asked = t.requests().filter((one) => one.startsWith("targets/"));
        t.same(asked.length, 1, "downloads asked for");
        t.isTrue(
          Object.values(entry.hashes).some((hash) => asked[0] === `targets/${hash}.${PATH}`),
          "asked for by one of its hashes",
        );
        const last = algorithms.at(-1) ?? "";
        const wrong = t.repo.addTarget("wrong.txt", Buffer.from("text"), "targets", algorithms);
        t.repo.serveTarget("wrong.txt", Buffer.from("text"), Object.values(wrong.hashes));
        wrong.hashes[last] = digest(Buffer.from("other"), last);
        t.repo.serveTarget("wrong.txt", Buffer.from("text"), Object.values(wrong.hashes));
        t.repo.publish(...publishAll);
        await t.download("wrong.txt", "UPDATE_TARGET_HASH");
        t.same(t.downloads(), ["text"], "downloads");
      },
    }),
  ),
  ...[
    ["of an unknown kind only", { "sha-0815": "00" }],
    ["of none", {}],
  ].map(
    ([what, hashes]): Case => ({
      name: `a target with a hash ${what} is not accepted`,
      async run(t) {
        const entry = t.repo.addTarget(PATH, Buffer.from("text"));
        entry.hashes = { ...(hashes as Record<string, string>) };
        t.repo.serveTarget(PATH, Buffer.from("text"), Object.values(entry.hashes));
        t.repo.artifacts.set(PATH, Buffer.from("text"));
        t.repo.publish(...publishAll);
        await t.init();
        await t.download(PATH, "UPDATE_TARGET_HASH");
        t.same(t.downloads(), [], "downloads");
      },
    }),
  ),
  {
    name: "a target that is there already is not asked for again",
    async run(t) {
      t.repo.addTarget(PATH, Buffer.from("text"));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download(PATH, "ok");
      await t.download(PATH, "ok");
      t.same(t.requests().filter((one) => one.startsWith("targets/")).length, 1, "downloads asked for");
    },
  },
  {
    name: "several targets are fetched in order, up to the first that fails",
    async run(t) {
      for (const path of ["1.txt", "2.txt", "3.txt"]) t.repo.addTarget(path, Buffer.from(path));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download(["2.txt", "1.txt", "missing.txt", "3.txt"], "UPDATE_TARGET_MISSING");
      t.same(t.downloads(), ["2.txt", "1.txt"], "downloads");
    },
  },
  {
    name: "an empty target is a target",
    async run(t) {
      t.repo.addTarget(PATH, Buffer.alloc(0));
      t.repo.publish(...publishAll);
      await t.init();
      await t.download(PATH, "ok");
      t.same(t.downloads(), [""], "downloads");
    },
  },
  {
    name: "a target that the server does not have is a failure",
    async run(t) {
      t.repo.addTarget(PATH, Buffer.from("text"));
      t.repo.artifacts.clear();
      t.repo.publish(...publishAll);
      await t.init();
      await t.download(PATH, "UPDATE_HTTP_STATUS");
      t.same(t.downloads(), [], "downloads");
    },
  },
];
