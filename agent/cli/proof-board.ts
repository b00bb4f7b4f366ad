/** How the verbs of `proof` find a board's proofs: read beside a running agent, which replaces its files whole. */
import { join } from "node:path";
import { unwrap } from "../../runtime/kernel/result.ts";
import { fault as proofFault } from "../proof/index.ts";
import { type Provisioned, readBoard } from "../provision/device.ts";
import { listProofs, type Named, openProofStore, type ProofStore } from "../store/proofs.ts";
import type { Args } from "./verb.ts";

export interface BoardProofs {
  readonly board: Provisioned;
  readonly store: ProofStore;
  readonly releases: readonly Named[];
  /** The one that `TEAM/NAME` or `TEAM/NAME/VERSION` names; the newest of several. Throws PROOF_UNKNOWN. */
  find(wanted: string): Named;
}

export function openBoardProofs(args: Args): BoardProofs {
  const board = unwrap(readBoard(args.text("dir")));
  const directory = join(board.stateDirectory, "proofs");
  const releases = listProofs(directory);
  return {
    board,
    store: openProofStore(directory),
    releases,
    find(wanted) {
      const [team, name, version] = wanted.split("/");
      const found = releases.filter((one) => one.team === team && one.name === name);
      const [newest] = found.toSorted((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }));
      const one = version === undefined ? newest : found.find((each) => each.version === version);
      if (one === undefined) throw proofFault("PROOF_UNKNOWN", { directory, release: wanted });
      return one;
    },
  };
}
