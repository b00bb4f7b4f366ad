/** Seen from elsewhere: the board's proof of an admission, and its word about what it runs now. */
import { readFileSync } from "node:fs";
import { verifyProof } from "../../agent/proof/index.ts";
import { appraise, parseReference } from "../../attest/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { Play } from "./play.ts";
import type { Signed } from "./releases.ts";
import type { Step } from "./story.ts";

/** With nothing but the fleet's first roots, the key that the board was enrolled with and the code. */
export async function provenElsewhere(play: Play, release: Signed, { say, hold }: Step): Promise<void> {
  const { stage } = play;
  const repo = play.get("repo");
  const enrolled = play.get("enrolled");
  const { team, name, version } = release.parsed;
  const file = readFileSync(stage.path("board", "state", "proofs", `${team}.${name}.${version}.proof.json`));
  const { proof, verdict } = unwrap(
    verifyProof(file, {
      roots: { image: repo.imageRoot(), director: repo.directorRoot() },
      device: { by: "key", key: enrolled },
      module: release.module,
    }),
  );
  hold(verdict.accepted, "an auditor's machine comes to the board's verdict");
  const kilobytes = (file.byteLength / 1000).toFixed(0);
  say("proof", `${kilobytes} kB judged again without the board: ${proof.verdict.reasons.length} checks, accepted`);

  const reference = unwrap(
    parseReference(
      utf8(
        JSON.stringify({
          schema: "sallyport.reference/1",
          tenant: stage.tenant,
          device: stage.device,
          keys: [enrolled.pem],
          modules: [{ team, name, digests: [release.parsed.entry.sha256] }],
          maxAgeS: 60,
        }),
      ),
    ),
  );
  const judged = (text: string) =>
    appraise({ envelope: utf8(text), reference, before: undefined, nowMs: nodeClock.now() }).status;
  const said = await play
    .get("observer")
    .until("an attestation of the running module", (one) => one.topic === "up/att" && judged(one.text) === "verified", {
      from: 0,
    });
  say("attested", `${JSON.parse(said.text).payloadType}: the board signs that it runs this module and no other`);
}
