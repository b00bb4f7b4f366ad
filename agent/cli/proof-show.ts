/** `sallyport proof show`: one of a board's proofs, verified from the board's own roots and key. */
import { unwrap } from "../../runtime/kernel/result.ts";
import { verifyProof } from "../proof/index.ts";
import { AGENT_VERSION } from "../version.ts";
import { openBoardProofs } from "./proof-board.ts";
import { proofJson, sayProof } from "./proof-text.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "proof show",
  summary: "Verify one of a board's proofs from the board's own roots and key, and say what it rests on.",
  positionals: ["TEAM/NAME[/VERSION]"],
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    json: { help: "one JSON object" },
  },
  examples: ["sallyport proof show acme/thermostat --dir /var/lib/sallyport"],
  async run(args, io) {
    const { board, store, find } = openBoardProofs(args);
    const bytes = unwrap(store.read(find(args.positionals[0] ?? ""), "proof"));
    const roots = { image: board.imageRoot, director: board.directorRoot };
    const result = unwrap(verifyProof(bytes, { roots, device: { by: "key", key: board.key }, agent: AGENT_VERSION }));
    if (args.flag("json")) io.out(JSON.stringify(proofJson(result)));
    else sayProof(result, io);
    return 0;
  },
};
