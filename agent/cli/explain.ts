/** `sallyport explain CODE`: what a code means and what to do. Without a code: the whole list; as Markdown for docs/errors.md. */
import { cliFault } from "../faults.ts";
import { ALL_CATALOGUES, findCode, SP_CODES } from "./codes.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "explain",
  summary: "Say what a code means and what to do about it.",
  positionals: ["[CODE]"],
  options: {
    json: { help: "print the entry as JSON" },
    markdown: { help: "print the whole catalogue as Markdown (docs/errors.md is made with this)" },
  },
  examples: ["sallyport explain ADMIT_NOT_GRANTED", "sallyport explain", "sallyport explain SP_EREVOKED --json"],
  async run(args, io) {
    if (args.flag("markdown")) {
      io.out(errorsMarkdown());
      return 0;
    }
    const code = args.positionals[0]?.toUpperCase();
    if (code === undefined) {
      for (const { table } of [...ALL_CATALOGUES, { table: SP_CODES }]) {
        for (const [name, entry] of Object.entries(table)) io.out(`${name.padEnd(32)} ${entry.says}`);
      }
      return 0;
    }
    const entry = findCode(code);
    if (entry === undefined) throw cliFault("CLI_UNKNOWN_CODE", { code });
    if (args.flag("json")) io.out(JSON.stringify({ code, ...entry }));
    else
      for (const line of [
        `${code} (${entry.kind})`,
        `  says:  ${entry.says}`,
        `  means: ${entry.means}`,
        `  to do: ${entry.todo}`,
      ])
        io.out(line);
    return 0;
  },
};

/** One plain sentence for a code. */
export function explainLine(code: string): string {
  return findCode(code)?.means ?? "";
}

export function errorsMarkdown(): string {
  const lines = [
    "# Error codes",
    "",
    "Generated from the rooms' catalogues by `npm run errors`; `sallyport explain CODE` says the same on a terminal.",
    "Facts in braces are filled in when the fault happens.",
  ];
  for (const { room, table } of [...ALL_CATALOGUES, { room: "SP (what a module sees)", table: SP_CODES }]) {
    lines.push("", `## ${room}`, "", "| code | kind | says | what to do |", "|---|---|---|---|");
    for (const [code, entry] of Object.entries(table)) {
      lines.push(`| \`${code}\` | ${entry.kind} | ${cell(entry.says)} ${cell(entry.means)} | ${cell(entry.todo)} |`);
    }
  }
  return lines.join("\n");
}

function cell(text: string): string {
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`;
  return sentence.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
