/** `sallyport proof list`: which admissions a board can prove. */
import { openProof } from "../proof/index.ts";
import { columns, size } from "./bars.ts";
import { openBoardProofs } from "./proof-board.ts";
import type { Verb } from "./verb.ts";

interface Row {
  readonly named: string;
  readonly judged?: string;
  readonly bytes?: number;
  readonly digest?: string;
  readonly problem?: string;
}

export const verb: Verb = {
  name: "proof list",
  summary: "List the proofs that a board keeps: one for each release that runs or is in probation.",
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    json: { help: "one JSON object" },
  },
  examples: ["sallyport proof list --dir /var/lib/sallyport"],
  async run(args, io) {
    const { releases, store, board } = openBoardProofs(args);
    const rows = releases.map((release): Row => {
      const bytes = store.read(release, "proof");
      const opened = bytes.ok ? openProof(bytes.value) : bytes;
      const named = `${release.team}/${release.name}/${release.version}`;
      if (!bytes.ok || !opened.ok) return { named, problem: opened.ok ? "" : opened.error.line() };
      const { proof, digest, key } = opened.value;
      const problem = key.keyId === board.key.keyId ? undefined : "signed by another key than this board's";
      const judged = new Date(proof.time.judgedMs).toISOString();
      return { named, judged, bytes: bytes.value.byteLength, digest, ...(problem === undefined ? {} : { problem }) };
    });
    if (args.flag("json")) io.out(JSON.stringify({ device: board.config.device, proofs: rows }));
    else if (rows.length === 0) io.out("no proofs yet");
    else {
      const cells = rows.map(({ named, judged = "", bytes = 0, digest = "", problem = "" }) => [
        named,
        judged,
        bytes === 0 ? "" : size(bytes),
        problem === "" ? `sha256 ${digest}` : problem,
      ]);
      for (const line of columns(cells, ["left", "left", "right", "left"])) io.out(line);
    }
    return rows.some((one) => one.problem !== undefined) ? 1 : 0;
  },
};
