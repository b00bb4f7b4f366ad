/** Steps 1 to 4: repositories, broker, a provisioned board, the agent as a process of its own. */

import { provisionBoard } from "../../agent/provision/device.ts";
import { POLICY_PATH, TRUSTED_ROOT_PATH } from "../../attest/index.ts";
import { discoverSensors } from "../../devices/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import { boardDocument, policyDocument } from "./documents.ts";
import type { Play } from "./play.ts";

export async function services(play: Play, externalBroker: string | undefined): Promise<void> {
  const { story, stage } = play;
  await story.step(
    "Two TUF repositories",
    "root needs 2 of 3 offline keys; served as static files",
    async ({ say, hold }) => {
      const { repo, served } = await stage.repositories();
      const sigstore = await stage.sigstore();
      play.put({ repo, served, sigstore });
      const root = JSON.parse(new TextDecoder().decode(repo.imageRoot()));
      say("image", `${served.imageMetadataUrl}  (owner: what exists and is released)`);
      say("director", `${served.directorUrl(stage.device).metadataUrl}  (online: what this board shall run)`);
      say(
        "root",
        `threshold ${root.signed.roles.root.threshold} of ${root.signed.roles.root.keyids.length} keys, consistent snapshots ${root.signed.consistent_snapshot}`,
      );
      hold(
        root.signed.roles.root.threshold === 2 && root.signed.consistent_snapshot === true,
        "root threshold 2, consistent snapshots",
      );
      say("sigstore", `${sigstore.url}  (local Fulcio, Rekor, timestamp authority that really sign)`);
    },
  );
  await story.step(
    "A broker",
    externalBroker === undefined ? "a device writes up/#, reads dn/#, nothing else" : "the broker you named",
    async ({ say }) => {
      const url = await stage.broker(externalBroker);
      const { link, observer } = await stage.operator(url);
      play.put({ brokerUrl: url, link, observer });
      say("mqtt", `${url}${externalBroker === undefined ? "  (embedded)" : ""}`);
    },
  );
}

export async function provisionAndStart(play: Play): Promise<void> {
  const { story, stage } = play;
  await story.step("A board is provisioned", "owner, publisher and director are three authorities", async ({ say }) => {
    const repo = play.get("repo");
    const world = stage.world();
    world.warm(22.5);
    play.put({ world });
    unwrap(
      await repo.putOwnerTargets(
        new Map([
          [POLICY_PATH, policyDocument(stage.operatorKey.publicPem)],
          [TRUSTED_ROOT_PATH, play.get("sigstore").trustedRoot],
        ]),
      ),
    );
    unwrap(await repo.assign(stage.device, []));
    const served = play.get("served");
    const [temperature] = discoverSensors();
    const made = unwrap(
      provisionBoard(stage.path("board"), {
        config: {
          schema: "sallyport.device/1",
          tenant: stage.tenant,
          device: stage.device,
          class: "porch",
          region: "eu",
          image: { metadataUrl: served.imageMetadataUrl, targetsUrl: served.imageTargetsUrl },
          director: served.directorUrl(stage.device),
          broker: { url: play.get("brokerUrl"), username: stage.device, password: stage.passwords.device },
          simulatedDirectory: world.directory,
          pollS: 3600,
        },
        imageRoot: repo.imageRoot(),
        directorRoot: repo.directorRoot(),
        board: boardDocument(temperature),
      }),
    );
    play.put({ enrolled: unwrap(parsePublicKey(made.key.publicPem)) });
    say("device", `${stage.device}, key ${made.key.keyId.slice(0, 16)}…, roots of both repositories pinned`);
    say("policy", "signed by 2 of 3 owner keys: whose evidence counts, how far grants may go, whose commands count");
    say("polls", "every 3600 s: whatever happens below within seconds happens because of a hint");
  });
  await story.step("The agent starts", "presence with last will, birth, desired state empty", async ({ say, hold }) => {
    const observer = play.get("observer");
    const pid = stage.startAgent();
    const state = await observer.until("state ready", (one) => one.topic === "up/state" && one.get("s") === "ready", {
      from: 0,
    });
    const birth = await observer.until("birth", (one) => one.topic === "up/birth", { from: 0 });
    const sensors = birth.get("sensors");
    hold(Array.isArray(sensors) && sensors.some((one) => one.real === true), "the board has at least one real sensor");
    say("process", `pid ${pid}, agent ${state.get("agent")}, boot ${state.get("boot")}`);
    if (Array.isArray(sensors)) {
      say(
        "real",
        sensors
          .filter((one) => one.real)
          .map((one) => `${one.name} (${one.driver})`)
          .join(", "),
      );
      say(
        "simulated",
        sensors
          .filter((one) => !one.real)
          .map((one) => one.name)
          .join(", "),
      );
    }
  });
}
