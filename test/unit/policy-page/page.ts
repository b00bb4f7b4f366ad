/**
 * Reads docs/policy.md: each numbered example has policies (fenced blocks `json NAME`), and commands (`sh`) followed by
 * what they print (`text`). A block `sh refuses` ends with another status than 0.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verb as check } from "../../../agent/cli/policy-check.ts";
import { verb as diff } from "../../../agent/cli/policy-diff.ts";
import { verb as explain } from "../../../agent/cli/policy-explain.ts";
import { verb as simulate } from "../../../agent/cli/policy-simulate.ts";
import { helpOf, type Io, parseVerbArgs, type Verb } from "../../../agent/cli/verb.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import { ROOT } from "../../tree.ts";

export const PAGE = join(ROOT, "docs", "policy.md");

export interface Block {
  readonly commands: readonly string[];
  readonly refuses: boolean;
  readonly prints: string;
}

export interface Example {
  readonly number: number;
  readonly title: string;
  readonly policies: Readonly<Record<string, string>>;
  readonly blocks: readonly Block[];
}

export function readPage(text = readFileSync(PAGE, "utf8")): readonly Example[] {
  return [...text.matchAll(/^## (\d+)\. ([^\n]+)\n((?:(?!^## )[\s\S])*)/gm)].map(
    ([, number, title = "", body = ""]) => ({
      number: Number(number),
      title,
      policies: Object.fromEntries(
        [...body.matchAll(/^```json (\S+)\n([\s\S]*?)^```/gm)].map(([, name = "", json = ""]) => [name, json]),
      ),
      blocks: [...body.matchAll(/^```sh( refuses)?\n([\s\S]*?)^```\n+```text\n([\s\S]*?)^```/gm)].map(
        ([, refuses, commands = "", prints = ""]) => ({
          commands: commands.trim().replaceAll("\\\n", " ").split("\n"),
          refuses: refuses !== undefined,
          prints,
        }),
      ),
    }),
  );
}

const VERBS: Readonly<Record<string, Verb>> = { check, diff, explain, simulate };

/** Runs `sallyport policy VERB …` in `folder`; gives what it prints and the last status. */
export async function runBlock(
  { commands }: Block,
  folder: string,
): Promise<{ readonly printed: string; readonly status: number }> {
  const lines: string[] = [];
  const io: Io = {
    out: (line) => lines.push(line),
    err: (line) => lines.push(line),
    colour: false,
    signal: new AbortController().signal,
  };
  let status = 0;
  for (const command of commands) {
    const [program, group, name = "", ...words] = command.split(/\s+/);
    const verb = VERBS[name];
    if (program !== "sallyport" || group !== "policy" || verb === undefined)
      throw new Error(`not a policy verb: ${command}`);
    const home = process.cwd();
    process.chdir(folder);
    try {
      const args = parseVerbArgs(verb, words);
      if (args === "help") io.out(helpOf(verb));
      else status = await verb.run(args, io);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      io.out(error.line());
      status = 1;
    } finally {
      process.chdir(home);
    }
  }
  return { printed: lines.map((line) => `${line}\n`).join(""), status };
}

export function writePolicies({ policies }: Example, folder: string): void {
  for (const [name, json] of Object.entries(policies)) writeFileSync(join(folder, name), json);
}
