/**
 * Where the race is run: `root/` is what a guest is given, `outside/` what it must never reach. The same names are inside
 * and outside, so that a path that was checked inside and used outside finds something there.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A thing inside and a link beside it that the attacker exchanges with it. */
export const ATTACKS = [
  { thing: "dir", link: "dir-link", target: "../outside" },
  { thing: "abs", link: "abs-link", target: "outside (absolute)" },
  { thing: "file", link: "file-link", target: "../outside/secret" },
  { thing: "a/b/c", link: "a/b/c-link", target: "../../../outside" },
] as const;

/** A directory that the attacker moves to `far/` and back; going up from there leads to `far/secret`. */
export const MOVED = { parent: "pit", name: "deep" } as const;

const DIRECTORIES = ["dir", "abs", "a/b/c"] as const;
const INSIDE = "inside";
export const OUTSIDE = "outside";

/** Paths whose last name is a file; the directory before it is the attacker's. */
export const TARGETS: readonly string[] = [
  ...["dir/secret", "abs/secret", "a/b/c/secret", "dir/../dir/secret", "./dir/./secret", "through/secret"],
  ...["pit/deep/../secret", "pit/deep/./../../pit/secret"],
];
/** Directories of the attacker's, for what is made and removed in them. */
export const PLACES: readonly string[] = ["dir", "abs", "a/b/c", "through"];

export function setScene(scene: string): void {
  const root = join(scene, "root");
  for (const one of [...DIRECTORIES, `${MOVED.parent}/${MOVED.name}`]) mkdirSync(join(root, one), { recursive: true });
  for (const one of ["outside", "far"]) mkdirSync(join(scene, one));
  for (const one of DIRECTORIES) furnish(join(root, one), INSIDE);
  furnish(join(scene, "outside"), OUTSIDE);
  writeFileSync(join(root, "file"), INSIDE);
  writeFileSync(join(root, MOVED.parent, "secret"), INSIDE);
  writeFileSync(join(scene, "far", "secret"), OUTSIDE);
  // A link of the guest's own, to a directory of the attacker's.
  symlinkSync("dir", join(root, "through"));
  for (const { link, target } of ATTACKS) {
    symlinkSync(target.includes("absolute") ? join(scene, "outside") : target, join(root, link));
  }
}

const FILES = ["secret", "victim", "source"];

function furnish(directory: string, content: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, "empty"), { recursive: true });
  for (const name of FILES) writeFileSync(join(directory, name), content);
}

/** Puts back inside what was removed. Outside, where the attacker may lead it, all of it is there. */
export function refurnish(scene: string, place: string): void {
  for (const path of ["spare", `${place}/victim`, `${place}/source`]) {
    try {
      writeFileSync(join(scene, "root", path), INSIDE, { flag: "wx" });
    } catch {
      // It is there, or the attacker was faster: the next round will do it.
    }
  }
}

/** What lies outside, as one text that changes when anything there does. */
export function outsideState(scene: string): string {
  const directory = join(scene, "outside");
  const files = readdirSync(directory).sort();
  const states = files.map((name) => {
    const { size, mtimeMs, nlink, mode } = statSync(join(directory, name));
    return `${name} ${size} ${mtimeMs} ${nlink} ${mode}`;
  });
  const far = join(scene, "far", "secret");
  return [...states, readFileSync(join(directory, "secret"), "utf8"), readFileSync(far, "utf8")].join("\n");
}

export function restoreOutside(scene: string): void {
  furnish(join(scene, "outside"), OUTSIDE);
  writeFileSync(join(scene, "far", "secret"), OUTSIDE);
}
