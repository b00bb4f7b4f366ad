/** Revoked trust: the release was admitted and runs when its signer turns out to be in other hands. */
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

const runs = guestRelease("counter", { name: "runs" });
const later = guestRelease("counter", { name: "later" });
const identity = { issuer: CI.issuer, subject: CI.subject };

async function policy(version: number, ...revoked: readonly object[]): Promise<void> {
  const document = policyDocument(site.stage.operatorKey.publicPem, CEILING, version);
  const whole = { ...JSON.parse(Buffer.from(document).toString()), revoked };
  unwrap(await site.repo.putOwnerTargets(new Map([[POLICY_PATH, utf8(JSON.stringify(whole))]])));
  await site.order("refresh", {});
}

/** The first of these that the board says of the module from `from` on. */
const said = (topic: string, from: number, more: (one: { get(path: string): unknown }) => boolean = () => true) =>
  site.observer.until(topic, (one) => one.topic === topic && more(one), { from });
const seenFrom = (from: number, topic: string) => site.observer.seen.slice(from).filter((one) => one.topic === topic);
const MODULE_STATE = "up/mod/runs/state";
const TEXT = "no more: it was stolen";

describe("what runs when it is revoked", () => {
  it("goes on when the owner only wants to know, and is reported once; nothing new comes in with it", async () => {
    await site.install(runs);
    let from = site.observer.mark();
    await policy(2, { identity, reason: "it was stolen", running: "flag" });
    const doubt = await said("up/ev/update.doubted", from);
    expect(doubt.get("data.code")).toBe("ATTEST_REVOKED");
    expect(doubt.text).toContain(TEXT);
    await site.order("refresh", {});
    expect(seenFrom(from, "up/ev/update.doubted")).toHaveLength(1);
    expect(seenFrom(from, MODULE_STATE).filter((one) => one.get("s") !== "running")).toEqual([]);

    from = site.observer.mark();
    await site.publish(later);
    await site.assign([runs, later]);
    await site.hint();
    const rejected = await said("up/ev/update.rejected", from);
    expect(rejected.get("data.code")).toBe("ATTEST_REVOKED");
    expect(rejected.text).toContain(TEXT);
  }, 60_000);

  it.each<[string, number, object]>([
    ["its signer", 3, { identity }],
    ["its builder", 5, { builder: CI.builder }],
    ["its code", 7, { digest: runs.parsed.entry.sha256 }],
  ])(
    "is stopped when the owner says so, and starts again when it is taken back: %s",
    async (_, version, culprit) => {
      let from = site.observer.mark();
      await policy(version, { ...culprit, reason: "it was stolen", running: "stop" });
      const stopped = await said(MODULE_STATE, from, (one) => one.get("s") === "stopped");
      expect(stopped.get("code")).toBe("ATTEST_REVOKED");
      from = site.observer.mark();
      await policy(version + 1);
      await said(MODULE_STATE, from, (one) => one.get("s") === "running");
    },
    60_000,
  );
});
