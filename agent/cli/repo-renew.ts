/** `sallyport repo renew`: the next version of an offline role with a new end, otherwise as it is. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { leadOf, tellSettled } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo renew",
  summary: "Renew an offline role before it ends: root (of both repositories), targets or a team.",
  positionals: ["ROLE"],
  options: { dir: DIR_OPTION },
  examples: ["sallyport repo renew root", "sallyport repo renew acme"],
  async run(args, io) {
    const [role = ""] = args.positionals;
    tellSettled(unwrap(await openRepo(args).rotate({ what: "renew", role: leadOf(role) })), io);
    return 0;
  },
};
