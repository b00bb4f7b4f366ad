/** `sallyport repo refresh`: fresh timestamps and snapshots, so that boards do not take silence for a freeze attack. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo refresh",
  summary: "Re-sign timestamps and snapshots of both repositories with the online keys. Offline keys are not touched.",
  options: { dir: DIR_OPTION },
  examples: ["sallyport repo refresh", "sallyport repo refresh --dir /srv/repo    (daily, from a timer)"],
  async run(args, io) {
    unwrap(await openRepo(args).resign());
    io.out("timestamps and snapshots are fresh");
    return 0;
  },
};
