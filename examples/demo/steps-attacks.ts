/** Step 8: four attacks, each refused with its code and one sentence, while the good release keeps running. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { explainLine } from "../../agent/cli/explain.ts";
import type { Wish } from "../../runtime/kernel/authority/capability.ts";
import { wishShape } from "../../runtime/kernel/authority/capability.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import type { Seen } from "./observer.ts";
import type { Play } from "./play.ts";
import { makeRelease, publish, type Signed } from "./releases.ts";

type Say = (label: string, text: string) => void;

export async function attacks(play: Play): Promise<void> {
  await play.story.step(
    "Four attacks are refused",
    "a code and a sentence each; release 2 keeps running",
    async ({ say }) => {
      await changedBytes(play, say);
      await oldMetadata(play, say);
      await otherSigner(play, say);
      await greedyManifest(play, say);
    },
  );
}

async function refused(play: Play, say: Say, what: string, type: string, code: string, from: number): Promise<void> {
  const event = await play.get("observer").event(type, code, from);
  say(what, `${code}: ${event.get("data.reason")}`);
  say("", explainLine(code));
  const still: Seen = await play.reading("release 2 still running", (one) => one.get("release") === "2.0.0");
  say("", `release 2 goes on: n=${still.get("n")}`);
}

/** Somebody with write access to the server's disk changes one byte of a properly signed release, and of its deltas. */
async function changedBytes(play: Play, say: Say): Promise<void> {
  const release = await makeRelease(play.get("sigstore"), "2.0.0", { version: "2.1.0" });
  await publish(play.get("repo"), release);
  for (const file of [targetFile(play, release), ...deltaFiles(play, release)]) {
    const bytes = readFileSync(file);
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }
  const from = play.get("observer").mark();
  await play.assign(release);
  await play.hint();
  await refused(play, say, "bytes", "update.rejected", "UPDATE_TARGET_HASH", from);
}

/** A mirror serves yesterday's metadata again. */
async function oldMetadata(play: Play, say: Say): Promise<void> {
  const timestamp = play.stage.path("repo", "image", "metadata", "timestamp.json");
  const old = readFileSync(timestamp);
  // Something newer is published, and the board sees it …
  await publish(play.get("repo"), await makeRelease(play.get("sigstore"), "2.0.0", { version: "2.1.1" }));
  const current = readFileSync(timestamp);
  const seen = play.get("observer").mark();
  await refresh(play, seen);
  // … then the old one comes back.
  writeFileSync(timestamp, old);
  const from = play.get("observer").mark();
  await play.hint();
  await refused(play, say, "metadata", "update.refused", "UPDATE_ROLLBACK", from);
  writeFileSync(timestamp, current);
}

/** A release that is published and assigned, but signed by an identity that the owner's policy does not name. */
async function otherSigner(play: Play, say: Say): Promise<void> {
  const subject = "https://git.example/acme/room-climate-fork/.ci/release.yml@refs/heads/main";
  const release = await makeRelease(play.get("sigstore"), "2.0.0", { version: "2.2.0", subject });
  await publish(play.get("repo"), release);
  const from = play.get("observer").mark();
  await play.assign(release);
  await play.hint();
  await refused(play, say, "identity", "update.rejected", "ATTEST_IDENTITY_MISMATCH", from);
}

/** A good release of the right signer that asks for the door lock, which nobody granted. */
async function greedyManifest(play: Play, say: Say): Promise<void> {
  const lock: Wish = unwrap(parseShape(wishShape, { cap: "gpio", line: "door-lock", dir: "out", maxHz: 1 }, "wish"));
  const release = await makeRelease(play.get("sigstore"), "2.0.0", { version: "2.3.0", extraWishes: [lock] });
  await publish(play.get("repo"), release);
  const from = play.get("observer").mark();
  await play.assign(release);
  await play.hint();
  await refused(play, say, "grant", "update.rejected", "ADMIT_NOT_GRANTED", from);
}

/** Makes the board look, and waits until it has: a signed command answers after the round. */
async function refresh(play: Play, from: number): Promise<void> {
  await play.order("refresh", {});
  await play
    .get("observer")
    .until("the refresh's answer", (one) => one.topic.startsWith("up/res/") && one.get("verb") === "refresh", { from });
}

function targetFile(play: Play, release: Signed): string {
  const { team, name, version, entry } = release.parsed;
  const folder = releasePaths(team, name, version).module.split("/").slice(0, -1);
  const directory = play.stage.path("repo", "image", "targets", ...folder);
  const file = readdirSync(directory).find((one) => one.startsWith(entry.sha256));
  return `${directory}/${file}`;
}

/** From releases that boards may still have; without them a board would not ask for the whole file. */
function deltaFiles(play: Play, release: Signed): readonly string[] {
  const directory = play.stage.path("repo", "image", "targets", "deltas", release.parsed.entry.sha256);
  return existsSync(directory) ? readdirSync(directory).map((name) => `${directory}/${name}`) : [];
}
