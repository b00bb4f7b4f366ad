/** `sallyport repo merge`: brings signatures home; what has enough of them is published, all at once. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { SIGNING_BYTES_MAX, shortId } from "../../updater/repository/index.ts";
import { readFile } from "./files.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { tellSettled } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo merge",
  summary: "Add the signatures of returned files to the change that waits; publish it when its thresholds are reached.",
  positionals: ["[FILE...]"],
  options: { dir: DIR_OPTION, json: { help: "print what was added and what became of it as JSON" } },
  examples: [
    "sallyport repo merge anna.signing.json bob.signing.json",
    "sallyport repo merge    (what has its signatures and could not be published then)",
  ],
  async run(args, io) {
    const files = args.positionals.map((name) => ({ name, bytes: readFile(name, SIGNING_BYTES_MAX) }));
    const merged = unwrap(await openRepo(args).merge(files));
    if (args.flag("json")) {
      io.out(JSON.stringify(merged));
      return 0;
    }
    for (const { role, keyId, name } of merged.added) {
      io.out(`${role}: signature of ${name ?? "a key without a name"} (${shortId(keyId)})`);
    }
    if (merged.added.length === 0) io.out("no signature is new");
    for (const settled of merged.settled) tellSettled(settled, io);
    return 0;
  },
};
