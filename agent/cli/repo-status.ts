/** `sallyport repo status`: who signs what, what ends when, what waits for whom. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { type RoleStatus, type Status, shortId } from "../../updater/repository/index.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { sayWaiting } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo status",
  summary: "Show roles with their keys and thresholds, when offline roles end, and the changes that wait.",
  options: { dir: DIR_OPTION, json: { help: "print the facts as JSON" } },
  examples: ["sallyport repo status", "sallyport repo status --json"],
  async run(args, io) {
    const status = unwrap(openRepo(args).status());
    if (args.flag("json")) io.out(JSON.stringify(status));
    else for (const line of page(status)) io.out(line);
    return 0;
  },
};

function* page(status: Status): Generator<string> {
  yield `tenant ${status.tenant}, ${status.devices} devices`;
  for (const role of status.roles) yield roleLine(role);
  for (const { repository, role, version, expires, daysLeft } of status.offline) {
    yield `${repository} ${role} ${version} ends ${expires} (${daysLeft < 0 ? "PAST" : `${daysLeft} days left`})`;
  }
  for (const { lead, missing } of status.waiting) {
    yield `${lead}: ${missing.length > 0 ? "waits for signatures" : "has its signatures; sallyport repo merge publishes it"}`;
    yield* sayWaiting(missing);
  }
}

function roleLine({ repository, role, threshold, keys, bins }: RoleStatus): string {
  const names = keys.map(({ id, name, here }) => `${name ?? shortId(id)}${here ? "" : " (elsewhere)"}`);
  return `${repository} ${role}: ${threshold} of ${keys.length}: ${names.join(", ")}${bins === undefined ? "" : `; in ${bins} hash bins`}`;
}
