/**
 * Committed verdicts: one line a case, `name: verdict`, reviewed by hand. A run compares what it found with them in both
 * directions, so a verdict that changes its reason shows, and so does a case that is gone.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Row {
  readonly name: string;
  readonly verdict: string;
  /** Whether it is accepted or refused as it must be, whatever the table says. */
  readonly isRight: boolean;
  /** For a person, when it is not. */
  readonly says: string;
}

const pathOf = (table: string) => fileURLToPath(new URL(table, import.meta.url));

export function readTable(table: string): ReadonlyMap<string, string> {
  const lines = readFileSync(pathOf(table), "utf8").split("\n");
  const rows = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    rows.map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
}

/** Keeps the table's comment. */
export function writeTable(table: string, rows: readonly Row[]): void {
  const comment = readFileSync(pathOf(table), "utf8").replace(/^(?!#)[\s\S]*/m, "");
  writeFileSync(pathOf(table), comment + rows.map(({ name, verdict }) => `${name}: ${verdict}\n`).join(""));
}

/** The names of the cases that fail, each with its reason; a name that the table has and the run lacks fails too. */
export function failuresOf(rows: readonly Row[], table: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const failures = new Map<string, string>();
  for (const { name, verdict, isRight, says } of rows) {
    const wanted = table.get(name) ?? "no line";
    if (!isRight) failures.set(name, says);
    else if (wanted !== verdict) failures.set(name, `is ${verdict}; the table has ${wanted}`);
  }
  const found = new Set(rows.map(({ name }) => name));
  for (const name of table.keys()) if (!found.has(name)) failures.set(name, "the table has it and the run has not");
  return failures;
}
