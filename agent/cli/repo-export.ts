/** `sallyport repo export`: a change that waits, as one file for the machine where the key is. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { writeFile } from "./files.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { leadOf } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo export",
  summary: "Write a change that waits for signatures to FILE, with the evidence by which its signer can judge it.",
  positionals: ["FILE"],
  options: { dir: DIR_OPTION, role: { value: "ROLE", required: true, help: "root, targets or a team" } },
  examples: ["sallyport repo export --role root /media/usb/root.signing.json"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const bytes = unwrap(await openRepo(args).exportChange(leadOf(args.text("role"))));
    writeFile(file, bytes);
    io.out(`${file}: ${bytes.byteLength} bytes`);
    io.err(`next, where the key is: sallyport repo sign ${file} --key KEY --known known.json`);
    return 0;
  },
};
