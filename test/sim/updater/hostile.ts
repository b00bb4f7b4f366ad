/**
 * Who stands between repository and board in a run: holds no key, but decides of every served file whether it is
 * there, whole, of today, of another board or of another name. Everything is done to the copy that boards read.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Random } from "../../fuzz/random.ts";
import { DEVICE, OTHER } from "../../unit/updater/content.ts";
import { damaged } from "./board.ts";

function filesIn(place: string): readonly string[] {
  if (!existsSync(place)) return [];
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort();
}

/** The files that a board asks for first are hit more often. */
function pickFile(place: string, random: Random): string | undefined {
  const files = filesIn(place);
  const ours = files.filter((one) => /\/(?:timestamp|\d+\.(?:snapshot|targets|root|team-\w+))\.json$/.test(one));
  const list = random.chance(0.75) && ours.length > 0 ? ours : files;
  return list.length === 0 ? undefined : random.pick(list);
}

/** The state just before the present one is the most tempting. */
function pickOld(olds: readonly string[], random: Random): string {
  return random.chance(0.5) ? (olds.at(-1) ?? random.pick(olds)) : random.pick(olds);
}

type Trick = (place: string, olds: readonly string[], random: Random) => string;

const tricks: readonly Trick[] = [
  (place, _, random) => {
    const file = pickFile(place, random);
    if (file === undefined) return "nothing is left to alter";
    writeFileSync(file, damaged(readFileSync(file), random));
    return `alter ${relative(place, file)}`;
  },
  (place, _, random) => {
    const targets = filesIn(place).filter((one) => one.includes("/targets/"));
    if (targets.length === 0) return "no target is left to alter";
    const file = random.pick(targets);
    writeFileSync(file, Buffer.from(readFileSync(file)).fill("!"));
    return `other bytes of the same length as ${relative(place, file)}`;
  },
  (place, _, random) => {
    const file = pickFile(place, random);
    if (file === undefined) return "nothing is left to withhold";
    rmSync(file);
    return `withhold ${relative(place, file)}`;
  },
  (place, _, random) => {
    const part = random.pick(["image", "director", "image/metadata", `director/${DEVICE}/metadata`, "image/targets"]);
    rmSync(join(place, part), { recursive: true, force: true });
    return `withhold all of ${part}`;
  },
  (place, olds, random) => {
    if (olds.length === 0) return "nothing older is known";
    const part = random.pick(["image", "director", `director/${DEVICE}`, "image/metadata"]);
    rmSync(join(place, part), { recursive: true, force: true });
    cpSync(join(pickOld(olds, random), part), join(place, part), { recursive: true });
    return `an older ${part}`;
  },
  (place, olds, random) => {
    const old = olds.length === 0 ? undefined : pickOld(olds, random);
    if (old === undefined) return "nothing older is known";
    const folder = random.pick(["image/metadata", `director/${DEVICE}/metadata`]);
    mkdirSync(join(place, folder), { recursive: true });
    // Laid over what is there: newer files with versions in their names stay.
    cpSync(join(old, folder), join(place, folder), { recursive: true });
    return `an older ${folder} over the newer one`;
  },
  (place, olds, random) => {
    const old = olds.length === 0 ? undefined : pickOld(olds, random);
    const from = old === undefined ? undefined : pickFile(old, random);
    if (old === undefined || from === undefined) return "nothing older is known";
    const to = join(place, relative(old, from));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
    return `an older ${relative(place, to)}`;
  },
  (place, _, random) => {
    const [from, to] = [pickFile(place, random), pickFile(place, random)];
    if (from === undefined || to === undefined || from === to) return "nothing is left to exchange";
    cpSync(from, to);
    return `${relative(place, from)} in the place of ${relative(place, to)}`;
  },
  (place, _, random) => {
    const other = join(place, "director", OTHER);
    const part = random.pick(["metadata", "metadata/timestamp.json"]);
    if (!existsSync(join(other, part))) return "the other board's files are gone";
    mkdirSync(join(place, "director", DEVICE, "metadata"), { recursive: true });
    cpSync(join(other, part), join(place, "director", DEVICE, part), { recursive: true });
    return `the other board's ${part}`;
  },
  (place, _, random) => {
    const file = pickFile(place, random);
    if (file === undefined) return "nothing is left to replace";
    const deep = `{"signed":${"[".repeat(5000)}${"]".repeat(5000)},"signatures":[]}`;
    const proto = '{"signed":{"__proto__":{"version":9}},"signatures":[]}';
    writeFileSync(file, random.pick(["<html>please log in</html>", "{}", "null", deep, proto, "\ufeff{}"]));
    return `rubbish as ${relative(place, file)}`;
  },
];

/** Does one of these things to a place that boards read; says which. */
export function harm(place: string, olds: readonly string[], random: Random): string {
  return random.pick(tricks)(place, olds, random);
}
