/**
 * The table of attacks, made from the tests: a file under `updater/` is one attack, its name is the attack as a
 * sentence, its opening comment gives the class and what the attacker does, and the codes in it are what an operator
 * sees. `node test/attacks/table.ts` writes docs/security-attacks.md; table.test.ts holds the page to the files.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALL_CATALOGUES } from "../../agent/cli/codes.ts";
import { ROOT } from "../tree.ts";

/** The classes in the order of the page. The word before an opening comment's colon is one of them. */
export const CLASSES: readonly (readonly [name: string, what: string])[] = [
  ["Arbitrary software", "The attacker wants a board to run what nobody who may has signed."],
  ["Rollback", "Older, validly signed files take the place of newer ones, in the repository or on the board."],
  ["Fast-forward", "Versions are driven up so that no honest file would ever be newer again."],
  ["Freeze", "A board is kept on what it has while the world goes on."],
  ["Wrong device", "Files that were signed for one board are served to another."],
  ["Mix and match", "Files of different states, or of two repositories, are combined."],
  ["Partial bundle", "Of what belongs together only a part is named or served."],
  ["Endless data", "The board is to run out of memory, disk or time."],
  ["Slow retrieval", "The server is so slow that nothing ever arrives, and never so slow that it seems gone."],
  ["Wrong software", "A good release is sent to a board that it was not made for."],
  ["Dropped requests", "Nothing is forged: the board is cut off."],
  ["Wrong paths", "A name in a file leads out of the place where it may lead."],
  ["Key compromise", "The attacker holds some of the keys, or only the way between: row by row what that gives."],
];

export interface Attack {
  /** `updater/<name>.test.ts` below test/attacks. */
  readonly file: string;
  readonly sentence: string;
  readonly family: string;
  readonly what: string;
  /** In the order in which the file names them. */
  readonly codes: readonly string[];
}

const KINDS = new Map(
  ALL_CATALOGUES.flatMap(({ table }) => Object.entries(table).map(([code, { kind }]) => [code, kind])),
);
export const FOLDER = join(ROOT, "test", "attacks", "updater");
export const PAGE = join(ROOT, "docs", "security-attacks.md");

export function attacks(): readonly Attack[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".test.ts"));
  return names.sort().map((name) => {
    const text = readFileSync(join(FOLDER, name), "utf8");
    const [, family = "", what = ""] = /^\/\*\* ([^:\n]+): ([^\n]+) \*\/\n/.exec(text) ?? [];
    const codes = [...text.matchAll(/"([A-Z]+_[A-Z_]+)"/g)]
      .map(([, code = ""]) => code)
      .filter((code) => KINDS.has(code));
    const sentence = capital(name.replace(/\.test\.ts$/, "").replaceAll("-", " "));
    return { file: `updater/${name}`, sentence, family, what: capital(what), codes: [...new Set(codes)] };
  });
}

export function page(): string {
  const all = attacks();
  const sections = CLASSES.map(([name, what]) => {
    const rows = all.filter(({ family }) => family === name).map(row);
    return [`## ${name}`, "", what, "", "| attack | what an operator sees |", "|---|---|", ...rows, ""].join("\n");
  });
  return `${INTRODUCTION}\n${sections.join("\n")}`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function row({ sentence, file, what, codes }: Attack): string {
  const seen = codes.map((code) => `\`${code}\` (${KINDS.get(code)})`);
  const cell = seen.length === 0 ? "nothing: it has no effect" : seen.join(", ");
  return `| **[${sentence}](../test/attacks/${file}).** ${what} | ${cell} |`;
}

const INTRODUCTION = `<!-- Written by \`node test/attacks/table.ts\`; a test holds it to the files under test/attacks. -->
# Attacks on updates, and what a board says to each

One attack, one test: \`npm run attacks\` runs them all, each against real repositories with real signatures, a server or
a stick, and a board with its files on disk. The tests hold every refusal to its code, its kind and its line of text.
[errors.md](errors.md) and \`sallyport explain CODE\` say what a code means and what to do.

What a code's kind says: *attack* is evidence that somebody altered, replaced or withheld something, or erred in a way
that looks the same; *stale* is too old to be believed; *refusal* is an input that a board does not take from anybody;
*network* is a line or a server that does not deliver, by misfortune or on purpose. Whatever the kind, the board keeps
running what it verified before, and the next honest look brings it up to date.

What the attacks do not cover alone, chance does: \`npm run sim -- updater --runs 1000\` runs a board through publishing,
rotation of keys, expiry, altered and withheld files, clocks that jump, lost power, failing disks and damaged memory,
holds it at each step to what was signed and seen, and prints the seed.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, page());
