/** Opens the repositories a verb works on. */
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { openRepositories, type Repositories } from "../../updater/repository/index.ts";
import { passphrase } from "./files.ts";
import type { Args, OptionSpec } from "./verb.ts";

export const DIR_OPTION: OptionSpec = { value: "DIR", default: ".sallyport/repo", help: "the repositories' directory" };

export function openRepo(args: Args): Repositories {
  const secret = passphrase();
  return unwrap(
    openRepositories(args.text("dir"), { now: nodeClock.now, ...(secret === undefined ? {} : { passphrase: secret }) }),
  );
}
