/**
 * The table of attacks, made from the tests: a file under `updater/` or `attest/` is one attack, its name is the attack
 * as a sentence, its opening comment gives the class and what the attacker does, and the codes in it are what an operator
 * sees. `node test/attacks/table.ts` writes docs/security-attacks.md; table.test.ts holds the page to the files.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALL_CATALOGUES } from "../../agent/cli/codes.ts";
import { ROOT } from "../tree.ts";

type Class = readonly [name: string, what: string];

/** The classes in the order of the page. The word before an opening comment's colon is one of them. */
const ON_UPDATES: readonly Class[] = [
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

const ON_ATTESTATIONS: readonly Class[] = [
  ["Other bytes", "A genuine attestation is put beside code or a manifest that it does not speak of."],
  ["Another kind of document", "What was signed for one purpose is shown where another is asked for."],
  ["A false name", "The signature is good, and the signer is not the one that the owner means."],
  [
    "False witnesses",
    "Certificates, log entries and timestamps: of strangers, of other signatures, out of their time.",
  ],
  ["One for two", "Several independent parties are asked for, and one of them passes for more."],
  ["Old evidence", "What was true once is to count today."],
  ["Revoked trust", "Whom the owner believes no more is to be believed a little longer."],
  ["A weaker policy", "Not the evidence is changed but what is asked of it."],
  ["Made to hurt", "The board is to run out of memory, stack or time, or to trip over a name, while it reads."],
  [
    "A board's own word",
    "What a board says it runs, and the proofs that it keeps, are told by somebody else, or again.",
  ],
];

export interface Attack {
  /** `updater/<name>.test.ts` or `attest/<name>.test.ts`, below test/attacks. */
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
export const PAGE = join(ROOT, "docs", "security-attacks.md");

/** A part of the page: what a folder's files attack. */
export interface Part {
  readonly folder: string;
  readonly classes: readonly Class[];
  /** What stands before the first class. */
  readonly opening: string;
}

export function kindOf(code: string): string | undefined {
  return KINDS.get(code);
}

export function attacks({ folder }: Part): readonly Attack[] {
  const path = join(ROOT, "test", "attacks", folder);
  const names = readdirSync(path).filter((name) => name.endsWith(".test.ts"));
  return names.sort().map((name) => {
    const text = readFileSync(join(path, name), "utf8");
    const [, family = "", what = ""] = /^\/\*\* ([^:\n]+): ([^\n]+) \*\/\n/.exec(text) ?? [];
    const codes = [...text.matchAll(/"([A-Z]+_[A-Z_]+)"/g)]
      .map(([, code = ""]) => code)
      .filter((code) => KINDS.has(code));
    const sentence = capital(name.replace(/\.test\.ts$/, "").replaceAll("-", " "));
    return { file: `${folder}/${name}`, sentence, family, what: capital(what), codes: [...new Set(codes)] };
  });
}

export function page(): string {
  return [INTRODUCTION, ...PARTS.map(section)].join("\n");
}

function section(part: Part): string {
  const all = attacks(part);
  const classes = part.classes.map(([name, what]) => {
    const rows = all.filter(({ family }) => family === name).map(row);
    return [`### ${name}`, "", what, "", "| attack | what an operator sees |", "|---|---|", ...rows, ""].join("\n");
  });
  return `${part.opening}\n${classes.join("\n")}`;
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
# Attacks, and what a board says to each

One attack, one test: \`npm run attacks\` runs them all. The tests hold every refusal to its code, its kind and its line
of text, and beside it the honest twin goes through. [errors.md](errors.md) and \`sallyport explain CODE\` say what a code
means and what to do.

What a code's kind says: *attack* is evidence that somebody altered, replaced or withheld something, or erred in a way
that looks the same; *stale* is too old to be believed; *refusal* is an input that a board does not take from anybody;
*network* is a line or a server that does not deliver, by misfortune or on purpose. Whatever the kind, the board keeps
running what it verified before, and the next honest look brings it up to date.
`;

export const PARTS: readonly Part[] = [
  {
    folder: "updater",
    classes: ON_UPDATES,
    opening: `## On updates

Each against real repositories with real signatures, a server or a stick, and a board with its files on disk.

What the attacks do not cover alone, chance does: \`npm run sim -- updater --runs 1000\` runs a board through publishing,
rotation of keys, expiry, altered and withheld files, clocks that jump, lost power, failing disks and damaged memory,
holds it at each step to what was signed and seen, and prints the seed.
`,
  },
  {
    folder: "attest",
    classes: ON_ATTESTATIONS,
    opening: `## On attestations

Each against a judge that knows nothing of how the bytes arrived, with attestations that a Sigstore on the loopback has
really signed, logged and timestamped, or that are signed by keys which the owner's policy names; where the board's own
conduct counts, against a whole board.

What the attacks do not cover alone, chance does: \`npm run fuzz -- attest --seconds 60\` damages bundles, statements,
policies and proofs with knowledge of their form, and lists each damaged one that says the same as before.
`,
  },
];

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, page());
