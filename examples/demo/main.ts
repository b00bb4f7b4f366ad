/**
 * `npm run demo`: the whole chain in ten steps, each on the real thing. Ends by itself with status 0 when every step
 * held; `--keep` leaves everything running and says what to play with.
 */
import { parseArgs } from "node:util";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { Play } from "./play.ts";
import { attacks } from "./steps-attacks.ts";
import { revocation } from "./steps-revoke.ts";
import { firstRelease, laterReleases } from "./steps-run.ts";
import { provisionAndStart, services } from "./steps-setup.ts";
import { StepFailed, Story } from "./story.ts";

const HELP = `npm run demo [-- options]

The whole chain on this machine: keys, repositories, broker, board, agent, a signed and attested module, attacks, revocation.

options:
  --broker mqtt://HOST:PORT   use this broker, which must let anybody in, instead of the embedded one
  --keep                      leave everything running at the end; Ctrl-C ends it
  --help                      this text`;

const { values } = parseArgs({
  options: { broker: { type: "string" }, keep: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
if (values.help === true) {
  process.stdout.write(`${HELP}\n`);
} else {
  process.exitCode = await tell(values.broker, values.keep === true);
}

async function tell(broker: string | undefined, keep: boolean): Promise<number> {
  const story = new Story(10);
  const play = new Play(story, broker === undefined ? "demo" : `demo-${process.pid}`);
  story.line(
    "Sallyport: from a publisher's key to a pin that moves. Nothing below is staged; services listen on loopback only.",
  );
  const interrupted = new Promise<void>((resolve) => process.once("SIGINT", () => resolve()));
  const acts = [
    () => services(play, broker),
    () => provisionAndStart(play),
    () => firstRelease(play),
    () => laterReleases(play),
    () => attacks(play),
    () => revocation(play),
  ];
  try {
    for (const act of acts)
      await Promise.race([act(), interrupted.then(() => Promise.reject(new StepFailed("interrupted")))]);
    story.summary();
    if (keep) {
      story.line(play.toPlayWith());
      await interrupted;
    }
    return 0;
  } catch (error) {
    story.summary();
    story.line(`\nThe story ends here: ${reasonOf(error)}`);
    if (error instanceof Error && !(error instanceof StepFailed) && process.env["SALLYPORT_DEBUG"] !== undefined)
      story.line(error.stack);
    story.line(play.lastWords());
    return 1;
  } finally {
    await play.close();
  }
}
