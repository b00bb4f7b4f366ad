/** `sallyport policy explain`: a policy in sentences, and who could make one module run on one device. */
import {
  type Answer,
  explainFor,
  explainRest,
  explainRule,
  type Need,
  type RuleText,
} from "../../attest/review/index.ts";
import { moduleName, teamName } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { paint } from "./paint.ts";
import { readPolicy } from "./policy-file.ts";
import { cleanLine } from "./terminal-text.ts";
import { type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "policy explain",
  summary:
    "Say in sentences what a policy asks; with --module, what it takes to run that module on a device, and whom.",
  positionals: ["FILE"],
  options: {
    module: { value: "TEAM/NAME", help: "the module that shall run" },
    device: { value: "ID", default: "any", help: "where: its id" },
    class: { value: "NAME", default: "any", help: "its class" },
    region: { value: "NAME", default: "any", help: "its region" },
    json: { help: "print the same as JSON" },
  },
  examples: [
    "sallyport policy explain policy.json",
    "sallyport policy explain policy.json --module acme/thermostat --class gateway --region eu",
  ],
  async run(args, io) {
    const policy = readPolicy(args.positionals[0] ?? "");
    const name = args.maybe("module");
    if (name === undefined) {
      const rules = policy.evidence.map((rule, index) => explainRule(rule, index, policy));
      const rest = explainRest(policy);
      if (args.flag("json")) io.out(JSON.stringify({ version: policy.version, rules, rest }));
      else {
        if (rules.length === 0) io.out("Nothing may run: there is no evidence rule.");
        for (const one of rules) tellRule(one, io);
        for (const line of rest) io.out(cleanLine(line));
      }
      return 0;
    }
    const device = { id: args.text("device"), class: args.text("class"), region: args.text("region") };
    const answer = explainFor(policy, { module: parseModule(name), device });
    if (args.flag("json")) io.out(JSON.stringify({ module: name, device, ...answer }));
    else tellAnswer(answer, name, io);
    return answer.runs === "never" ? 1 : 0;
  },
};

export function parseModule(text: string): { readonly team: string; readonly name: string } {
  const [team, name, ...rest] = text.split("/");
  if (name === undefined || rest.length > 0) throw usageFault(`--module ${text} is not TEAM/NAME`);
  return {
    team: unwrap(parseShape(teamName, team, "--module")),
    name: unwrap(parseShape(moduleName, name, "--module")),
  };
}

function tellRule({ rule, speaksOf, asks, regions, needs }: RuleText, io: Io): void {
  const { bold } = paint(io.colour);
  const only = asks === undefined ? "" : `, where it asks for ${asks}`;
  io.out(bold(cleanLine(`evidence[${rule}]: ${speaksOf}${only}`)));
  if (regions !== undefined) io.out(cleanLine(`  runs only in ${regions.join(" or ")}`));
  for (const need of needs) for (const line of needLines(need)) io.out(`  ${cleanLine(line)}`);
}

function needLines({ what, threshold, who, conditions }: Need): readonly string[] {
  const signers = who.flatMap(({ party, names }) =>
    party === "" ? names.map((one) => `    ${one}`) : [`    ${party}: ${names.join(" or ")}`],
  );
  const [only] = signers;
  const first =
    signers.length === 1 && only !== undefined
      ? [`needs ${what}, signed by ${only.trim()}`]
      : signers.length === 0
        ? [`needs ${what}`]
        : [
            `needs ${what}, signed by ${threshold === who.length && threshold > 1 ? "each" : threshold === 1 ? "one" : `${threshold}`} of`,
            ...signers,
          ];
  return [...first, ...conditions.map((one) => `  - ${one}`)];
}

function tellAnswer({ because, rules, always, ceilings, engine }: Answer, name: string, io: Io): void {
  const { red, green, bold } = paint(io.colour);
  if (because !== undefined) io.out(red(cleanLine(`${name} can never run there: ${because}`)));
  else io.out(green(cleanLine(`${name} runs there with evidence that meets every rule:`)));
  for (const one of rules) tellRule(one, io);
  if (because !== undefined) return;
  const rows = rules.flatMap(({ rule, asks, needs }) =>
    needs.map(({ what, threshold, who }) => [
      `evidence[${rule}]${asks === undefined ? "" : ` if it asks for ${asks}`}`,
      what,
      who.length === 0 ? "as the layout says" : `${threshold} of ${who.length}`,
      who.map(({ party, names }) => (party === "" ? names.join(" or ") : party)).join(", "),
    ]),
  );
  io.out("");
  const [head = "", ...lines] = columns([["who could make it run", "with", "how many", "of"], ...rows]);
  io.out(bold(head));
  for (const one of lines) io.out(one);
  if (always.length > 0) io.out(cleanLine(`nobody can do without: ${always.join("; ")}`));
  const most = ceilings.length === 0 ? "nothing, as no ceiling speaks of it" : ceilings.join(", and within that ");
  io.out(cleanLine(`it may be granted at most: ${most}`));
  for (const one of engine) io.out(cleanLine(`it runs with ${one}`));
  io.out("and its team must have signed the release, and the director must assign it");
}

/** Rows as lines, each column as wide as its widest cell but the last. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map(cleanLine));
  const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)));
  return clean.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
