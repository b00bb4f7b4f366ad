/**
 * The attacker: a process of its own that swaps directories and files with links as fast as it can, with one system call for
 * both names (renameat2 with RENAME_EXCHANGE), and moves a directory out and back in. Ends when its standard input does, and
 * prints how often it swapped.
 */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS, MOVED } from "./scene.ts";

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const BATCH = 200;

const [scene = ""] = process.argv.slice(2);
const ffi = process.getBuiltinModule("node:ffi");
const { functions } = ffi.dlopen(null, {
  renameat2: { arguments: ["i32", "string", "i32", "string", "u32"], return: "i32" },
});

const pairs = ATTACKS.map(({ thing, link }) => [join(scene, "root", thing), join(scene, "root", link)] as const);
const inside = join(scene, "root", MOVED.parent, MOVED.name);
const outside = join(scene, "far", MOVED.name);

let swaps = 0;
let ended = false;
process.stdin.on("end", () => {
  ended = true;
});
process.stdin.resume();

function batch(): void {
  for (let n = 0; n < BATCH; n += 1) {
    for (const [a, b] of pairs) if (functions.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) swaps += 1;
    renameSync(inside, outside);
    renameSync(outside, inside);
    swaps += 2;
  }
  if (ended) console.log(JSON.stringify({ swaps }));
  else setImmediate(batch);
}

batch();
