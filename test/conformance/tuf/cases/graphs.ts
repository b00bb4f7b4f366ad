/** Delegations (5.6.7): the order of the search, where it ends, whose word counts for which path. */
import type { Case, Context } from "../context.ts";
import { digest } from "../simulator.ts";

/** `from > name`, with `!` for terminating and the paths in brackets, `*` unless said otherwise. */
function build(t: Context, edges: string): void {
  const names = new Set<string>();
  for (const edge of edges.split(", ")) {
    const [, from = "", mark, name = "", paths] = /^(\w+) (>|!) (\w+)(?: \[(.*)\])?$/.exec(edge) ?? [];
    t.repo.delegate(name, { from, terminating: mark === "!", paths: paths?.split(" ") ?? ["*"] });
    names.add(name);
  }
  t.repo.publish(...names, "targets", "snapshot", "timestamp");
}

const GRAPHS: readonly (readonly [name: string, edges: string, visited: string])[] = [
  ["one delegation", "targets > A", "A"],
  ["two delegations, in their order", "targets > A, targets > B", "A B"],
  ["two levels", "targets > A, targets > B, B > C", "A B C"],
  ["children before the next sibling", "targets > A, targets > B, A > C, A > D", "A C D B"],
  ["grandchildren before the next sibling", "targets > A, targets > B, A > C, C > D", "A C D B"],
  ["a terminating delegation ends the search", "targets > A, targets > B, A ! C, A > D", "A C"],
  ["a terminating delegation's own children are visited", "targets > A, targets > B, A ! C, C > D", "A C D"],
  ["a terminating delegation at the top", "targets ! A, targets > B", "A"],
  ["branches for other paths are not visited", "targets > A [*.py], targets > B, A > C", "B"],
  ["branches for other paths below", "targets > A, targets > B, A > C [*.py], C > D", "A B"],
  ["a terminating delegation for other paths ends nothing", "targets ! A [*.py], targets > B", "B"],
  ["a circle", "targets > A, targets > B, B > C, C > D, D > B", "A B C D"],
  ["a role that delegates to itself", "targets > A, A > A, targets > B", "A B"],
  ["two roles that lead to a third", "targets > A, targets > B, B > C, A > C", "A C B"],
  [
    "two roles that lead to a third, the first for other paths",
    "targets > A, targets > B, B > C, A > C [*.py]",
    "A B C",
  ],
];

const TREE =
  "targets > A [*.doc *.md foo-?.tgz], targets > B [releases/*/*], B > C [releases/x/*], B > D [releases/y/*.zip]";
const HELD: Readonly<Record<string, readonly string[]>> = {
  targets: ["own"],
  A: ["README.md", "releases/README.md", "foo-1.tgz", "foo-alpha.tgz"],
  C: ["releases/x/x_v1"],
  D: ["releases/y/y_v1.zip", "releases/z/z_v1.zip"],
};
const SEARCHES: readonly (readonly [name: string, path: string, found: boolean, visited: string])[] = [
  ["needs no delegation for the owner's own path", "own", true, ""],
  ["follows a wildcard", "README.md", true, "A"],
  ["follows folders to one team", "releases/x/x_v1", true, "B C"],
  ["follows folders to another team", "releases/y/y_v1.zip", true, "B D"],
  ["stops where a link of the chain does not delegate the path", "releases/z/z_v1.zip", false, "B"],
  ["does not let a wildcard cross a slash", "releases/README.md", false, ""],
  ["lets a question mark stand for one character", "foo-1.tgz", true, "A"],
  ["does not let a question mark stand for several", "foo-alpha.tgz", false, ""],
  ["tells upper from lower case", "README.MD", false, ""],
];

const metadataAsked = (t: Context) =>
  t
    .requests()
    .filter((one) => one.startsWith("metadata/"))
    .slice(4)
    .map((one) => /^metadata\/\d+\.(.*)\.json$/.exec(one)?.[1]);

export const graphs: readonly Case[] = [
  ...GRAPHS.map(
    ([name, edges, visited]): Case => ({
      name,
      async run(t) {
        await t.init();
        build(t, edges);
        await t.download("missing", "UPDATE_TARGET_MISSING");
        t.same(metadataAsked(t), visited.split(" "), "roles in order");
      },
    }),
  ),
  ...SEARCHES.map(
    ([name, path, found, visited]): Case => ({
      name: `the search ${name}`,
      async run(t) {
        await t.init();
        build(t, TREE);
        for (const [role, paths] of Object.entries(HELD)) {
          for (const one of paths) t.repo.addTarget(one, Buffer.from(`${one} by ${role}`), role);
        }
        for (const role of ["A", "B", "C", "D", "targets"]) {
          t.repo.targets(role).version = 0;
          t.repo.publish(role);
        }
        t.repo.publish("snapshot", "timestamp");
        await t.download(path, found ? "ok" : "UPDATE_TARGET_MISSING");
        t.same(t.downloads().length, found ? 1 : 0, "downloads");
        t.same(metadataAsked(t), visited === "" ? [] : visited.split(" "), "roles in order");
      },
    }),
  ),
  {
    name: "a role signed for one delegator is not believed under another",
    async run(t) {
      await t.init();
      t.repo.delegate("parentA", { paths: ["a/*"] });
      t.repo.delegate("parentB", { paths: ["b/*"] });
      const key = t.repo.delegate("release", { from: "parentA", paths: ["a/*"] });
      t.repo.delegate("release", { from: "parentB", paths: ["b/*"] });
      t.repo.signers.set("release", [key]);
      t.repo.addTarget("a/file", Buffer.from("honest"), "release");
      t.repo.addTarget("b/file", Buffer.from("malicious"), "release");
      t.repo.publish("release", "parentA", "parentB", "targets", "snapshot", "timestamp");
      await t.download(["a/file", "b/file"], "UPDATE_SIGNATURE");
      t.same(t.downloads(), ["honest"], "downloads");
    },
  },
  {
    name: "a role that the snapshot does not name is not even asked for",
    async run(t) {
      await t.init();
      build(t, "targets > A [a/*]");
      delete t.repo.snapshot.meta["A.json"];
      t.repo.publish("snapshot", "timestamp");
      await t.refresh("ok");
      t.requests();
      await t.download("a/file", "UPDATE_MIX_AND_MATCH");
      t.same(t.requests(), ["metadata/2.root.json", "metadata/timestamp.json"], "requests");
      t.same(t.versions()["A"], undefined, "A");
    },
  },
  {
    name: "a delegated role that is not there is a failure",
    async run(t) {
      await t.init();
      build(t, "targets > A, targets > B");
      t.repo.addTarget("file", Buffer.from("by B"), "B");
      t.repo.publish("B", "snapshot", "timestamp");
      t.repo.files.delete("1.A.json");
      await t.download("file", "UPDATE_METADATA_MISSING");
    },
  },
  {
    name: "a delegated role whose keys are taken away is refused, kept as it may be",
    async run(t) {
      await t.init();
      build(t, "targets > A");
      t.repo.addTarget("file", Buffer.from("by A"), "A");
      t.repo.publish("A", "snapshot", "timestamp");
      await t.download("file", "ok");
      t.repo.targets().delegations = { keys: {}, roles: [] };
      t.repo.delegate("A");
      t.repo.signers.set("A", (t.repo.signers.get("A") ?? []).slice(0, 1));
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.download("file", "UPDATE_SIGNATURE");
    },
  },
  {
    name: "the search ends at the largest number of roles",
    async run(t) {
      await t.init();
      const names = Array.from({ length: 70 }, (_, n) => `role${n}`);
      for (const name of names) t.repo.delegate(name);
      t.repo.publish(...names, "targets", "snapshot", "timestamp");
      await t.download("missing", "UPDATE_TARGET_MISSING");
      t.same(metadataAsked(t).length, 64, "roles asked for");
    },
  },
  {
    name: "patterns of a delegation know * and ? and nothing else",
    async run(t) {
      await t.init();
      build(t, "targets > A [{a,b}/x @(a|b) [ab] a/** **/x !(a)]");
      for (const path of ["a/x", "a", "b", "b/x", "a/b/x"]) t.repo.addTarget(path, Buffer.from(path), "A");
      t.repo.publish("A", "snapshot", "timestamp");
      // `a/**` and `**/x` are a folder and one more part, each any text.
      await t.download("a/x", "ok");
      for (const path of ["b", "a", "a/b/x"]) await t.download(path, "UPDATE_TARGET_MISSING");
      t.same(t.downloads(), ["a/x"], "downloads");
    },
  },
  {
    name: "path hash prefixes lead to the role that has the path",
    async run(t) {
      await t.init();
      const path = "some/path.txt";
      const hash = digest(Buffer.from(path));
      const other = hash.startsWith("0") ? "1" : "0";
      t.repo.delegate("wrong", { prefixes: [other] });
      t.repo.delegate("right", { prefixes: ["ffff", hash.slice(0, 3)] });
      t.repo.addTarget(path, Buffer.from("text"), "right");
      t.repo.publish("wrong", "right", "targets", "snapshot", "timestamp");
      await t.download(path, "ok");
      t.same(metadataAsked(t), ["right"], "roles in order");
    },
  },
];
