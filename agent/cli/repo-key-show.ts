/** `sallyport repo key show`: which key a file holds, without its passphrase where the file allows it. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { readPublicHalf } from "../../updater/repository/index.ts";
import { passphrase } from "./files.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo key show",
  summary: "Print the id and kind of keys: public or private files, encrypted ones, descriptions of signer programs.",
  positionals: ["FILE..."],
  options: { json: { help: "print each key as metadata names it" } },
  examples: ["sallyport repo key show anna.pem.pub", "sallyport repo key show --json keys/hsm.json"],
  async run(args, io) {
    for (const file of args.positionals) {
      const { key } = unwrap(readPublicHalf(file, passphrase()));
      if (args.flag("json")) io.out(JSON.stringify({ file, keyid: key.keyID, ...key.toJSON() }));
      else io.out(`${key.keyID}  ${key.scheme}  ${file}`);
    }
    return 0;
  },
};
