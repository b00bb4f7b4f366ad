/** `sallyport proof export`: takes a proof off a board, byte by byte as it was signed. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { openProof } from "../proof/index.ts";
import { writeFile } from "./files.ts";
import { openBoardProofs } from "./proof-board.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "proof export",
  summary: "Copy one of a board's proofs to a file, for whoever wants to verify it elsewhere.",
  positionals: ["TEAM/NAME[/VERSION]"],
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    out: { value: "FILE", required: true, help: "where the proof is written" },
    vsa: { value: "FILE", help: "where the verification summary of the same admission is written" },
  },
  examples: [
    "sallyport proof export acme/thermostat --dir /var/lib/sallyport --out thermostat.proof.json",
    "sallyport verify-proof thermostat.proof.json --root roots --device-ca devices.pem",
  ],
  async run(args, io) {
    const { store, find } = openBoardProofs(args);
    const release = find(args.positionals[0] ?? "");
    const bytes = unwrap(store.read(release, "proof"));
    const { digest, key } = unwrap(openProof(bytes));
    writeFile(args.text("out"), bytes);
    io.out(`${args.text("out")}: sha256 ${digest}, signed by device key ${key.keyId}`);
    const summary = args.maybe("vsa");
    if (summary !== undefined) {
      writeFile(summary, unwrap(store.read(release, "vsa")));
      io.out(`${summary}: what a policy takes as evidence of type vsa, if it names this device's key`);
    }
    return 0;
  },
};
