/** A board that may generate no code: `node --jitless` from emitted JavaScript refreshes, admits and runs a module. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { emitJavaScript } from "../emit.ts";
import { guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
let emitted: string;
beforeAll(async () => {
  emitted = mkdtempSync(join(tmpdir(), "sallyport-emitted-"));
  emitJavaScript(emitted, ["agent/main.ts", "runtime/worker/guest.ts"]);
  site = await Site.open();
});
afterAll(async () => {
  await site.close();
  rmSync(emitted, { recursive: true });
});

it("runs the whole chain in the interpreter, and refuses what the policy refuses", async () => {
  const { observer, stage } = site;
  const from = observer.mark();
  stage.startAgent(["--jitless", join(emitted, "agent/main.js")]);
  await observer.until("ready", (one) => one.topic === "up/state" && one.get("s") === "ready", { from });
  const release = guestRelease("counter", { name: "counter", everyMs: 50 });
  await site.install(release);
  const first = await site.telemetry("counter", "count");
  await observer.until(
    "it goes on counting",
    (one) => one.topic === first.topic && Number(one.text) > Number(first.text),
  );

  const foreign = guestRelease("counter", { name: "foreign" });
  await site.publish(foreign, "https://git.example/mallory/app/.ci/release.yml@refs/heads/main");
  await site.assign([release, foreign]);
  const mark = observer.mark();
  await site.hint();
  const rejected = await observer.until("a refusal", (one) => one.topic === "up/ev/update.rejected", { from: mark });
  expect(rejected.get("data.code")).toBe("ATTEST_IDENTITY_MISMATCH");
  expect(readFileSync(stage.path("agent.log"), "utf8")).toContain('"tier":"interpreter"');
});
