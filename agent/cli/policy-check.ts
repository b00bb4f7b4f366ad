/** `sallyport policy check`: is this policy one that boards take, and does it do what its owner means? */
import { POLICY_BYTES_MAX, type Policy } from "../../attest/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { readFile } from "./files.ts";
import { paint } from "./paint.ts";
import { checkPolicy, sayFinding } from "./policy-file.ts";
import { timeOption } from "./policy-time.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "policy check",
  summary: "Parse a policy and look for rules that cannot match, cannot be met, or stand wider open than they look.",
  positionals: ["FILE"],
  options: {
    at: { value: "TIME", help: "the day it is judged by, e.g. 2026-11-21T00:00:00Z; now unless given" },
    strict: { help: "warnings count as errors" },
    json: { help: "print the findings as JSON" },
  },
  examples: ["sallyport policy check policy.json", "sallyport policy check policy.json --strict --json"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const { policy, findings } = checkPolicy(readFile(file, POLICY_BYTES_MAX), timeOption(args, nodeClock));
    const errors = findings.filter((one) => one.severity === "error").length;
    const refused = errors > 0 || policy === undefined || (args.flag("strict") && findings.length > 0);
    if (args.flag("json")) {
      io.out(JSON.stringify({ file, accepted: !refused, ...(policy && { version: policy.version }), findings }));
      return refused ? 1 : 0;
    }
    const { red, yellow, green } = paint(io.colour);
    for (const one of findings) io.out(sayFinding(one, file, one.severity === "error" ? red : yellow));
    const found = `${count(errors, "error")}, ${count(findings.length - errors, "warning")}`;
    io.out(`${file}: ${policy === undefined ? "no policy" : contents(policy)}: ${refused ? red(found) : green(found)}`);
    return refused ? 1 : 0;
  },
};

function contents({ version, evidence, ceilings, parties = [] }: Policy): string {
  const people = parties.length === 0 ? [] : [count(parties.length, "party", "parties")];
  return [
    `version ${version}`,
    count(evidence.length, "evidence rule"),
    count(ceilings.length, "ceiling"),
    ...people,
  ].join(", ");
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number === 0 ? "no" : number} ${number === 1 ? one : many}`;
}
