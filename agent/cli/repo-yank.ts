/** `sallyport repo yank`: take a release back without breaking the boards that run it. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseModuleSpec } from "./repo-assign.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo yank",
  summary: "Take a release back: nobody begins with it any more, who runs it goes on and reports.",
  positionals: ["TEAM/NAME@VERSION"],
  options: {
    dir: DIR_OPTION,
    reason: { value: "TEXT", help: "why, as boards will report it" },
    undo: { help: "put the release back" },
  },
  examples: [
    'sallyport repo yank acme/room-climate@1.1.0 --reason "drains batteries"',
    "sallyport repo yank acme/room-climate@1.1.0 --undo",
  ],
  async run(args, io) {
    const [spec = ""] = args.positionals;
    const release = unwrap(parseModuleSpec(spec));
    const undo = args.flag("undo");
    const reason = args.maybe("reason");
    if (undo === (reason !== undefined)) throw usageFault("repo yank: either --reason or --undo is needed");
    unwrap(await openRepo(args).yank({ ...release, reason }));
    io.out(undo ? `${spec} is released again` : `${spec} is taken back; to get boards off it, assign another release`);
    return 0;
  },
};
