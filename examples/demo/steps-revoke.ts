/** Step 9: the operator takes the pin away while the module runs, and it stays away. */
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Play } from "./play.ts";

/** What `gpio_set` returned is what the module publishes: SP_EREVOKED is -2. */
const SP_EREVOKED = -2;

export async function revocation(play: Play): Promise<void> {
  await play.story.step(
    "A grant is revoked live",
    "next call SP_EREVOKED, line safe; survives kill -9 and refresh",
    async ({ say, hold }) => {
      const observer = play.get("observer");
      const world = play.get("world");
      let from = observer.mark();
      world.warm(30);
      await play.reading("the fan on", (one) => one.get("fan") === 1, from);
      hold(world.level("fan") === "1", "the fan runs before the revocation");

      from = observer.mark();
      const sent = performance.now();
      const id = await play.order("revoke", {
        module: "room-climate",
        capability: "gpio:fan",
        reason: "the story asks for it",
      });
      const answer = await observer.until("the answer", (one) => one.topic === `up/res/${id}`, { from });
      hold(answer.get("ok") === true, "the board took the signed command");
      say("revoked", `gpio:fan, acknowledged ${(performance.now() - sent).toFixed(0)} ms after it was sent`);
      hold(world.level("fan") === "0", "the line went to its safe level at once");
      say("the pin", "level 0, the safe level, with the room at 30 °C");
      const after = await play.reading("SP_EREVOKED in a reading", (one) => one.get("fan") === SP_EREVOKED, from);
      say("module", `runs on, its call gets SP_EREVOKED: ${after.text}`);

      await play.stage.killAgent("SIGKILL");
      await observer.until("the last will", (one) => one.topic === "up/state" && one.get("s") === "lost", { from });
      from = observer.mark();
      play.stage.startAgent();
      await observer.until("ready again", (one) => one.topic === "up/state" && one.get("s") === "ready", { from });
      const refreshed = await play.order("refresh", {});
      await observer.until(
        "the refresh's answer",
        (one) => one.topic === `up/res/${refreshed}` && one.get("ok") === true,
        { from },
      );
      const later = await play.reading("still revoked", (one) => one.get("fan") === SP_EREVOKED, observer.mark());
      hold(world.level("fan") === "0", "the line is still at its safe level");
      say("kill -9", `restarted, refreshed, still revoked: ${later.text}`);

      from = observer.mark();
      const command = {
        schema: "sallyport.command/1",
        id: "forged-command",
        verb: "restart",
        args: { module: "room-climate" },
      };
      await play.get("link").sendCommand(play.stage.device, "restart", utf8(JSON.stringify(command)));
      const ignored = await observer.event("command.refused", "COMMAND_UNSIGNED", from);
      say("unsigned", `ignored and reported: ${ignored.get("data.code")}: ${ignored.get("data.reason")}`);
    },
  );
}
