/** The whole chain in one process: from a publisher's key to a pin that moves, and back to its safe level. */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBoard } from "../../agent/provision/device.ts";
import { signCommand } from "../../agent/wire/index.ts";
import { buildRoomClimate } from "../../examples/room-climate/build.ts";
import { parseManifest, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { generateKeyPem, parsePublicKey, parseSigner } from "../../runtime/kernel/signer.ts";
import { judgeVersionManifest } from "../../updater/repository/index.ts";
import { COUNTER_WISHES, guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await site.start();
});
afterAll(() => site.close());

const climate = async (release: "1.0.0" | "2.0.0" | "3.0.0") => {
  const built = await buildRoomClimate({ release });
  return { ...built, parsed: unwrap(parseManifest(built.manifest)) };
};
const manifestIn = (envelope: string) => Buffer.from(JSON.parse(envelope).payload, "base64").toString();
const codeAfter = async (from: number, type: string) => {
  const event = await site.observer.until(type, (one) => one.topic === `up/ev/${type}`, { from });
  return event.get("data.code");
};

describe("the chain", () => {
  it("runs a module that both repositories, the evidence and the grants agree on, and moves the pin", async () => {
    await site.install(await climate("1.0.0"));
    site.world.warm(30);
    await site.observer.until("fan on", (one) => one.get("fan") === 1);
    expect(site.world.level("fan")).toBe("1");
  });

  it("tells how an installation goes on, from the download to its end, each state once and in order", () => {
    const said = site.observer.seen.filter((one) => one.topic === "up/job/room-climate-1.0.0");
    const states = said.map((one) => one.get("s"));
    const way = ["received", "downloading", "verifying", "staged", "activating", "probation", "succeeded"];
    expect(states).toEqual(way);
    const revisions = said.map((one) => Number(one.get("rev")));
    expect(revisions).toEqual(revisions.map((_, index) => (revisions[0] ?? 0) + index));
  });

  it("signs what it runs and has seen, for the director's side to judge", async () => {
    const board = unwrap(readBoard(site.stage.path("board")));
    const said = await site.observer.until(
      "a version manifest with the module",
      (one) => one.topic === "up/versions" && one.text.length > 0 && manifestIn(one.text).includes("room-climate"),
      { from: 0 },
    );
    const key = unwrap(parsePublicKey(board.key.publicPem));
    const judged = judgeVersionManifest({ bytes: utf8(said.text), device: board.config.device, key, seen: undefined });
    const { manifest } = unwrap(judged);
    const { parsed, module } = await climate("1.0.0");
    expect(manifest.installed).toContainEqual({
      path: parsed.entry.path,
      length: module.byteLength,
      sha256: parsed.entry.sha256,
      releaseCounter: 1,
    });
    expect(manifest.metadata?.image.targets).toBeGreaterThan(0);
    expect(manifest.refused).toBeUndefined();
  });

  it("keeps a module's state across an update and gives it back after a release that crashes in probation", async () => {
    await site.install(await climate("2.0.0"));
    const before = await site.telemetry("room-climate", "climate");
    const bad = await climate("3.0.0");
    await site.publish(bad);
    await site.assign([bad]);
    const from = site.observer.mark();
    await site.hint();
    const back = await site.observer.job("room-climate-3.0.0", "rolled_back", from);
    expect(back.get("code")).toBe("MODULE_TRAPPED");
    const after = await site.observer.until("2.0.0 again", (one) => one.get("release") === "2.0.0", {
      from: site.observer.seen.indexOf(back),
    });
    expect(Number(after.get("n"))).toBeGreaterThan(Number(before.get("n")));
    expect(Number(after.get("n"))).toBeLessThan(Number(before.get("n")) + 30);
  });

  it("does not try the crashed release again when it looks at the repositories again", async () => {
    const from = site.observer.mark();
    await site.order("refresh", {});
    const states = site.observer.seen.slice(from).filter((one) => one.topic === "up/job/room-climate-3.0.0");
    expect(states.map((one) => one.get("s"))).not.toContain("probation");
    await site.assign([await climate("2.0.0")]);
    await site.order("refresh", {});
  });

  it("tries code that failed again when its manifest was corrected, and not before", async () => {
    const failing = guestRelease("trapOnTick", { name: "again" });
    const written = JSON.parse(fromUtf8(failing.manifest) ?? "");
    const entry = { ...written.entry, path: releasePaths("acme", "again", "1.0.1").module };
    const manifest = utf8(JSON.stringify({ ...written, version: "1.0.1", entry }));
    const corrected = { module: failing.module, manifest, parsed: unwrap(parseManifest(manifest)) };
    for (const release of [failing, corrected]) {
      await site.publish(release);
      await site.assign([await climate("2.0.0"), release]);
      const from = site.observer.mark();
      await site.hint();
      const end = await site.observer.job(`again-${release.parsed.version}`, "rolled_back", from);
      expect(end.get("code")).toBe("MODULE_TRAPPED");
    }
    await site.assign([await climate("2.0.0")]);
    await site.order("refresh", {});
  });

  it("refuses a module that is not in the image repository, whatever the director says", async () => {
    const from = site.observer.mark();
    const stray = guestRelease("counter", { name: "stray" });
    await expect(site.assign([stray])).rejects.toMatchObject({ code: "REPO_NOT_RELEASED" });
    expect(site.observer.seen.slice(from).filter((one) => one.topic.includes("stray"))).toEqual([]);
  });

  it("refuses a release signed by another identity, and keeps what runs", async () => {
    const release = guestRelease("counter", { name: "foreign" });
    await site.publish(release, "https://git.example/mallory/app/.ci/release.yml@refs/heads/main");
    await site.assign([await climate("2.0.0"), release]);
    const from = site.observer.mark();
    await site.hint();
    expect(await codeAfter(from, "update.rejected")).toBe("ATTEST_IDENTITY_MISMATCH");
    await site.telemetry("room-climate", "climate");
  });

  it("refuses a release that asks for more than was granted, and keeps what runs", async () => {
    const lock = { cap: "gpio", line: "door-lock", dir: "out", maxHz: 1 };
    const release = guestRelease("counter", { name: "greedy", capabilities: [...COUNTER_WISHES, lock] });
    await site.publish(release);
    await site.assign([await climate("2.0.0"), release]);
    const from = site.observer.mark();
    await site.hint();
    expect(await codeAfter(from, "update.rejected")).toBe("ADMIT_NOT_GRANTED");
    await site.telemetry("room-climate", "climate");
  });

  it("refuses older metadata and goes on when the right one is back", async () => {
    const path = site.stage.path("repo", "image", "metadata", "timestamp.json");
    const old = readFileSync(path);
    unwrap(await site.repo.resign());
    const current = readFileSync(path);
    await site.order("refresh", {});
    writeFileSync(path, old);
    const from = site.observer.mark();
    await site.hint();
    expect(await codeAfter(from, "update.refused")).toBe("UPDATE_ROLLBACK");
    writeFileSync(path, current);
    await site.order("refresh", {});
  });

  it("takes a grant away by signed command, with the line safe before the answer is out", async () => {
    await site.assign([await climate("2.0.0")]);
    await site.order("refresh", {});
    expect(site.world.level("fan")).toBe("1");
    const answer = await site.order("revoke", { module: "room-climate", capability: "gpio:fan", reason: "test" });
    expect(answer.get("ok")).toBe(true);
    expect(site.world.level("fan")).toBe("0");
    await site.observer.until("SP_EREVOKED", (one) => one.get("fan") === -2);
  });

  it("keeps it away after a restart and a refresh, until director metadata lifts that revocation by its id", async () => {
    const state = await site.order("revoke", { module: "room-climate", capability: "gpio:fan", reason: "again" });
    await site.stop();
    await site.start();
    await site.order("refresh", {});
    await site.observer.until("still SP_EREVOKED", (one) => one.get("fan") === -2, { from: site.observer.mark() });
    const ids = site.observer.seen
      .filter((one) => one.topic === "up/ev/grant.revoked")
      .map((one) => String(one.get("data.revocation")));
    expect(ids).toContain(state.get("id"));
    const from = site.observer.mark();
    await site.assign([await climate("2.0.0")], { lifts: [...new Set(ids)] });
    await site.hint();
    await site.observer.until("the fan again", (one) => one.get("fan") === 1, { from });
    expect(site.world.level("fan")).toBe("1");
  });

  it("ignores commands that are forged, replayed, expired or for another board, and reports each", async () => {
    const { link, stage, observer } = site;
    const restart = () => site.command("restart", { module: "room-climate" });
    const refused = async (bytes: Uint8Array) => {
      const from = observer.mark();
      await link.sendCommand(stage.device, "restart", bytes);
      return codeAfter(from, "command.refused");
    };
    const mallory = unwrap(parseSigner(generateKeyPem()));
    expect(await refused(await signCommand(restart(), mallory))).toBe("COMMAND_UNSIGNED");
    const once = await signCommand(restart(), stage.operatorKey);
    const from = observer.mark();
    await link.sendCommand(stage.device, "restart", once);
    await observer.until("taken", (one) => one.topic.startsWith("up/res/"), { from });
    expect(await refused(once)).toBe("COMMAND_REPLAYED");
    const now = Date.now();
    expect(
      await refused(
        await signCommand({ ...restart(), issuedAt: now - 20_000, notAfter: now - 10_000 }, stage.operatorKey),
      ),
    ).toBe("COMMAND_EXPIRED");
    expect(
      await refused(await signCommand({ ...restart(), device: "porch-2" as typeof stage.device }, stage.operatorKey)),
    ).toBe("COMMAND_WRONG_DEVICE");
  });

  it("stops what runs when the owner's policy no longer accepts its evidence, and keeps it stopped over a restart", async () => {
    await site.policy(2, "https://git.example/acme/elsewhere/.ci/release.yml@refs/heads/main");
    let from = site.observer.mark();
    const isState = (state: string) => (one: { topic: string; get(path: string): unknown }) =>
      one.topic === "up/mod/room-climate/state" && one.get("s") === state;
    await site.order("refresh", {});
    const stopped = await site.observer.until("stopped by policy", isState("stopped"), { from });
    expect(stopped.get("code")).toBe("ATTEST_IDENTITY_MISMATCH");
    expect(site.world.level("fan")).toBe("0");
    await site.stop();
    from = site.observer.mark();
    await site.start();
    const still = await site.observer.until("still stopped", isState("stopped"), { from });
    expect(still.get("code")).toBe("ADMIT_KEPT_STOPPED");
    await site.order("refresh", {});
    expect(site.observer.seen.slice(from).some(isState("running"))).toBe(false);
    from = site.observer.mark();
    await site.policy(3);
    await site.order("refresh", {});
    await site.observer.until("running again", isState("running"), { from });
  });

  it("refuses a policy older than the one it has seen, though its signatures are good", async () => {
    await site.policy(2);
    const from = site.observer.mark();
    await site.hint();
    expect(await codeAfter(from, "update.refused")).toBe("ADMIT_POLICY_ROLLBACK");
    await site.policy(4);
    await site.order("refresh", {});
  });

  it("keeps a grant that was narrowed during probation narrow after the commit", async () => {
    const counter = guestRelease("counter", { name: "narrowed" });
    await site.publish(counter);
    const room = await climate("2.0.0");
    await site.assign([room, counter], { probationS: 3 });
    let from = site.observer.mark();
    await site.hint();
    await site.observer.job("narrowed-1.0.0", "probation", from);
    await site.assign([room, counter], { probationS: 3, grants: [{ cap: "kv" }] });
    await site.order("refresh", {});
    await site.observer.job("narrowed-1.0.0", "succeeded", from);
    await site.stop();
    from = site.observer.mark();
    await site.start();
    const grants = await site.observer.until("grants", (one) => one.topic === "up/mod/narrowed/grants", { from });
    expect(grants.text).toContain('"id":"kv"');
    expect(grants.text).not.toContain('"id":"publish:count"');
  });

  it("starts what runs again although its memory of metadata was damaged, and reports that", async () => {
    await site.stop();
    for (const name of ["vault", "vault.before"]) truncateSync(site.stage.path(`board/state/updater/${name}`), 100);
    const from = site.observer.mark();
    await site.start();
    expect(await codeAfter(from, "update.memory")).toBe("UPDATE_VAULT_TORN");
    const state = "up/mod/narrowed/state";
    await site.observer.until("running", (one) => one.topic === state && one.get("s") === "running", { from });
    await site.order("refresh", {});
    const codes = site.observer.seen.slice(from).map((one) => [one.topic, one.get("data.code")]);
    expect(codes.filter(([topic]) => topic === "up/ev/update.refused")).toEqual([]);
  });

  it("stops and forgets a module that is no longer assigned", async () => {
    await site.assign([]);
    const from = site.observer.mark();
    await site.hint();
    await site.observer.until(
      "stopped",
      (one) => one.topic === "up/mod/room-climate/state" && one.get("s") === "stopped",
      { from },
    );
    expect(site.world.level("fan")).toBe("0");
  });
});
