/** `sallyport repo drop`: gives up a change that waits for signatures. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { leadOf } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo drop",
  summary: "Give up a change that waits for signatures. Who signed it already must say --replace to sign another.",
  options: { dir: DIR_OPTION, role: { value: "ROLE", required: true, help: "root, targets or a team" } },
  examples: ["sallyport repo drop --role targets"],
  async run(args, io) {
    const lead = leadOf(args.text("role"));
    unwrap(await openRepo(args).drop(lead));
    io.out(`${lead}: given up`);
    return 0;
  },
};
