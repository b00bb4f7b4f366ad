/** Steps 5 to 7: a first release from source to a moving pin; an update that keeps state; a bad one that rolls back. */
import type { Play } from "./play.ts";
import { CI, makeRelease, publish, type Signed } from "./releases.ts";
import { provenElsewhere } from "./steps-proof.ts";

export async function firstRelease(play: Play): Promise<void> {
  const { story } = play;
  const release = await story.step(
    "A module is published",
    "SLSA provenance, keyless, logged; director assigns with grants",
    async ({ say }) => {
      const made = await makeRelease(play.get("sigstore"), "1.0.0");
      say("built", `examples/room-climate 1.0.0 from source: ${made.module.byteLength} bytes of WebAssembly`);
      const bundle = JSON.parse(new TextDecoder().decode(made.bundle));
      say("signed", `${CI.subject}`);
      say(
        "evidence",
        `${bundle.mediaType}: certificate, ${bundle.verificationMaterial.tlogEntries.length} log entry, timestamp`,
      );
      await publish(play.get("repo"), made);
      await play.assign(made);
      say("assigned", 'sensors, the line "fan", two channels, a key-value store; nothing else');
      return made;
    },
  );
  await story.step("It runs and moves a pin", "real and simulated readings arrive; warm room, fan on", (step) =>
    runs(play, release, step),
  );
}

async function runs(
  play: Play,
  release: Signed,
  { say, hold }: Parameters<Parameters<Play["story"]["step"]>[2]>[0],
): Promise<void> {
  const observer = play.get("observer");
  const world = play.get("world");
  const from = observer.mark();
  const hinted = performance.now();
  await play.hint();
  await observer.job("room-climate-1.0.0", "probation", from);
  const first = await play.reading("a first reading", () => true, from);
  say(
    "running",
    `${((performance.now() - hinted) / 1000).toFixed(2)} s after the hint: refreshed, verified, admitted, started`,
  );
  say("digest", `sha256:${release.parsed.entry.sha256.slice(0, 24)}… as signed`);
  say("reading", first.text);
  const system = await observer.until("a system reading", (one) => one.topic === "up/tm/room-climate/system", { from });
  say("real", `${system.text}  (this machine, from /proc)`);
  hold(world.level("fan") === "0", "the fan is off in a cool room");
  const warm = observer.mark();
  world.warm(29);
  const on = await play.reading("the fan reported on", (one) => one.get("fan") === 1, warm);
  say("simulated", `room at 29 °C: ${on.text}`);
  say("the pin", `the board sees line "fan" at level ${world.level("fan")}`);
  hold(world.level("fan") === "1", "the line is high when the room is warm");
  const cool = observer.mark();
  world.warm(22.5);
  await play.reading("the fan reported off", (one) => one.get("fan") === 0, cool);
  hold(world.level("fan") === "0", "the line is low again");
  await observer.job("room-climate-1.0.0", "succeeded", from);
  say("committed", "probation is over");
  await provenElsewhere(play, release, { say, hold });
}

export async function laterReleases(play: Play): Promise<void> {
  await play.story.step(
    "Updates, and one that fails",
    "state survives; a crash in probation rolls code and state back",
    async ({ say, hold }) => {
      const observer = play.get("observer");
      const repo = play.get("repo");
      const sigstore = play.get("sigstore");
      const before = Number((await play.reading("a reading of release 1", () => true)).get("n"));

      const second = await makeRelease(sigstore, "2.0.0");
      await publish(repo, second);
      await play.assign(second);
      let from = observer.mark();
      await play.hint();
      const fresh = await play.reading("a reading of release 2", (one) => one.get("release") === "2.0.0", from);
      say("2.0.0", `counts on at n=${fresh.get("n")} (release 1 was at ${before}): ${fresh.text}`);
      hold(
        Number(fresh.get("n")) > before && Number(fresh.get("n")) < before + 20,
        "the counter went on where release 1 left it",
      );
      await observer.job("room-climate-2.0.0", "succeeded", from);

      const third = await makeRelease(sigstore, "3.0.0");
      await publish(repo, third);
      await play.assign(third);
      const last = Number((await play.reading("a reading", () => true)).get("n"));
      from = observer.mark();
      await play.hint();
      const back = await observer.until(
        "roll-back",
        (one) => one.topic === "up/job/room-climate-3.0.0" && one.get("s") === "rolled_back",
        { from },
      );
      say("3.0.0", `rolled back by itself: ${back.get("code")}: ${back.get("reason")}`);
      const again = await play.reading(
        "release 2 again",
        (one) => one.get("release") === "2.0.0",
        observer.seen.indexOf(back),
      );
      const n = Number(again.get("n"));
      say("state", `release 3 had written n=999999; release 2 goes on at n=${n}`);
      hold(n > last && n < last + 20, `key-value state is as release 2 left it (n=${n} after ${last})`);
      // The director's word is 3.0.0 still; the story goes on with what works.
      await play.assign(second);
      await play.hint();
    },
  );
}
