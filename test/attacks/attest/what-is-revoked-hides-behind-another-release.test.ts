/** Revoked trust: the director, or a thief of its keys, no longer names what is revoked, so that nobody judges it again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICY_PATH } from "../../../attest/index.ts";
import { policyDocument } from "../../../examples/demo/documents.ts";
import { CI } from "../../../examples/demo/releases.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { CEILING, Site } from "../../e2e/site.ts";
import { guestRelease } from "../../guests/guests.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await site.start();
}, 30_000);
afterAll(() => site.close());

const STRANGER = "https://ci.example/somebody/else/.build/release.yml@refs/heads/main";
const identity = { issuer: CI.issuer, subject: CI.subject };
const release = (name: string, version: string) => guestRelease("counter", { name, version });
type Release = ReturnType<typeof release>;
let version = 1;

async function revoke(...revoked: readonly object[]): Promise<void> {
  version += 1;
  const document = policyDocument(site.stage.operatorKey.publicPem, CEILING, version);
  const reasons = revoked.map((one) => ({ ...one, reason: "it was stolen" }));
  const whole = { ...JSON.parse(Buffer.from(document).toString()), revoked: reasons };
  unwrap(await site.repo.putOwnerTargets(new Map([[POLICY_PATH, utf8(JSON.stringify(whole))]])));
  await site.order("refresh", {});
}

const state = (name: string, wanted: string, from: number) =>
  site.observer.until(`${name} ${wanted}`, (one) => one.topic === `up/mod/${name}/state` && one.get("s") === wanted, {
    from,
  });

/** The director wants a next release that no door lets in; the one before it goes on. */
async function wantWorse(name: string): Promise<Release> {
  const [first, second] = [release(name, "1.0.0"), release(name, "2.0.0")];
  await site.install(first);
  await site.publish(second, STRANGER);
  await site.assign([second]);
  const from = site.observer.mark();
  await site.hint();
  await site.observer.until("refusal", (one) => one.topic === "up/ev/update.rejected", { from });
  return first;
}

describe("what is revoked and runs, while the director names something else", () => {
  it.each<[string, string, (first: Release) => object]>([
    ["its code", "code", (first) => ({ digest: first.parsed.entry.sha256 })],
    ["its signer", "signer", () => ({ identity })],
    ["its builder", "builder", () => ({ builder: CI.builder })],
  ])(
    "is stopped although the release that is wanted in its place never comes in, and runs again when that is taken back: %s",
    async (_, name, culprit) => {
      const first = await wantWorse(name);
      let from = site.observer.mark();
      await revoke({ ...culprit(first), running: "stop" });
      expect((await state(name, "stopped", from)).get("code")).toBe("ATTEST_REVOKED");
      from = site.observer.mark();
      await revoke();
      expect((await state(name, "running", from)).get("ver")).toBe("1.0.0");
    },
    60_000,
  );

  it("goes on and is reported once, where the owner only wants to know", async () => {
    const first = await wantWorse("flagged");
    const from = site.observer.mark();
    await revoke({ digest: first.parsed.entry.sha256, running: "flag" });
    const isDoubt = (one: { topic: string }) => one.topic === "up/ev/update.doubted";
    const doubt = await site.observer.until("doubt", isDoubt, { from });
    expect(doubt.get("data.code")).toBe("ATTEST_REVOKED");
    expect(doubt.get("data.stopped")).toBe(false);
    await site.order("refresh", {});
    expect(site.observer.seen.slice(from).filter(isDoubt)).toHaveLength(1);
    expect(site.observer.seen.slice(from).filter((one) => one.topic === "up/mod/flagged/state")).toEqual([]);
    await revoke();
  }, 60_000);

  it("is stopped although its release was yanked", async () => {
    const first = release("yanked", "1.0.0");
    await site.install(first);
    const { team, name, version: own } = first.parsed;
    unwrap(await site.repo.yank({ team, name, version: own, reason: "it was stolen" }));
    const from = site.observer.mark();
    await revoke({ identity, running: "stop" });
    expect((await state(name, "stopped", from)).get("code")).toBe("ATTEST_REVOKED");
    await revoke();
  }, 60_000);

  it("does not come back when the release in its place fails", async () => {
    const [first, second] = [
      release("back", "1.0.0"),
      guestRelease("trapOnTick", { name: "back", version: "2.0.0", everyMs: 4000 }),
    ];
    await site.install(first);
    await site.publish(second);
    await site.assign([second], { probationS: 600 });
    const from = site.observer.mark();
    await site.hint();
    await site.observer.until("probation", (one) => one.topic === "up/mod/back/state" && one.get("ver") === "2.0.0", {
      from,
    });
    await revoke({ digest: first.parsed.entry.sha256, running: "stop" });
    const kept = await state("back", "stopped", from);
    expect(kept.get("code")).toBe("ADMIT_KEPT_STOPPED");
    expect(kept.text).toContain("ATTEST_REVOKED");
  }, 60_000);
});
