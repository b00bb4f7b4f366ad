/** `sallyport repo key add`: lets this machine sign with a key, for a repository whose metadata names it. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo key add",
  summary: "Copy private keys or signers' descriptions to the repository's keys, so that verbs here sign with them.",
  positionals: ["FILE..."],
  options: { dir: DIR_OPTION },
  examples: ["sallyport repo key add image-online.pem", "sallyport repo key add hsm.json"],
  async run(args, io) {
    const repo = openRepo(args);
    for (const file of args.positionals) {
      const half = unwrap(await repo.addKey(file));
      io.out(`${half.key.keyID}  ${half.key.scheme}  ${file}`);
    }
    return 0;
  },
};
