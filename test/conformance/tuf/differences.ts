/** The list of verdicts that differ from the stock client's: read, and held against what a run found. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = join(dirname(fileURLToPath(import.meta.url)), "differences.txt");

/** Lines `CASE #COMMAND: ours …, stock … — REASON`; empty lines and lines with `#` in front are comments. */
export function readDifferences(): ReadonlyMap<string, string> {
  const lines = readFileSync(FILE, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [difference = "", reason = ""] = line.split(" — ");
      return [difference, reason];
    }),
  );
}

/** What is wrong with the list; a whole run also finds lines that are no longer true. */
export function compare(
  found: readonly string[],
  listed: ReadonlyMap<string, string>,
  isWhole: boolean,
): readonly string[] {
  const unlisted = found.filter((one) => !listed.has(one)).map((one) => `a difference without a reason: ${one}`);
  const unreasoned = [...listed].filter(([, reason]) => reason === "").map(([one]) => `no reason is given for: ${one}`);
  const gone = isWhole
    ? [...listed.keys()].filter((one) => !found.includes(one)).map((one) => `no difference any more: ${one}`)
    : [];
  return [...unlisted, ...unreasoned, ...gone];
}
