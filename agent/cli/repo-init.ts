/** `sallyport repo init`: the short way to both repositories, for trying things: all keys are made here. */
import { tenantId } from "../../runtime/kernel/brand.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createRepositories } from "../../updater/repository/index.ts";
import { passphrase } from "./files.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo init",
  summary: "Create an image and a director repository. Root and owner's targets need 2 of 3 owner keys.",
  options: {
    dir: { value: "DIR", default: ".sallyport/repo", help: "where the repositories and keys are kept" },
    tenant: { value: "NAME", required: true, help: "the tenant all boards belong to" },
    team: { value: "NAME", many: true, help: "a publishing team; it gets modules/NAME/* and a key of its own" },
  },
  examples: [
    "sallyport repo init --tenant home --team acme",
    "SALLYPORT_PASSPHRASE=… sallyport repo init --tenant site --team a --team b",
  ],
  async run(args, io) {
    const dir = args.text("dir");
    const secret = passphrase();
    const options = { tenant: args.parsed("tenant", tenantId), teams: args.list("team"), now: nodeClock.now };
    unwrap(await createRepositories(dir, { ...options, ...(secret === undefined ? {} : { passphrase: secret }) }));
    io.out(`created ${dir}/image and ${dir}/director; keys are in ${dir}/keys`);
    if (secret === undefined)
      io.err("the keys are not encrypted: set SALLYPORT_PASSPHRASE, and or have owners keep their own (repo ceremony)");
    io.err("next: sallyport repo add policy/policy.json FILE, then provision a board");
    return 0;
  },
};
