/** `sallyport repo renew`: the next versions of offline roles with a new end, otherwise as they are. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { leadOf, tellSettled } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo renew",
  summary: "Renew offline roles before they end, as one change: root (of both repositories), targets, teams.",
  positionals: ["ROLE..."],
  options: { dir: DIR_OPTION },
  examples: ["sallyport repo renew root", "sallyport repo renew root targets acme"],
  async run(args, io) {
    const [role = "", ...also] = args.positionals.map(leadOf);
    tellSettled(unwrap(await openRepo(args).rotate({ what: "renew", role, also })), io);
    return 0;
  },
};
