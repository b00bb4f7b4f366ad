/** `sallyport repo bins`: spreads a team's catalogue over hash bins, when it outgrows what boards read of one role. */
import { teamName } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { tellSettled } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo bins",
  summary: "Spread what a team offers over 2^N hash bins, signed with the team's keys. Boards follow by themselves.",
  options: {
    dir: DIR_OPTION,
    team: { value: "TEAM", required: true, help: "whose releases" },
    bits: { value: "N", required: true, help: "how many bins, as a power of two: 1 to 10; 0 puts all into one role" },
  },
  examples: ["sallyport repo bins --team acme --bits 8"],
  async run(args, io) {
    const bits = args.integer("bits", { min: 0, max: 10 });
    const team = args.parsed("team", teamName);
    tellSettled(unwrap(await openRepo(args).rotate({ what: "bins", team, bits })), io);
    return 0;
  },
};
