/** Revoked trust: the release was admitted and runs when its signer turns out to be in other hands. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICY_PATH } from "../../../attest/index.ts";
import { provenanceStatement, signPlain } from "../../../attest/publisher/index.ts";
import { policyDocument } from "../../../examples/demo/documents.ts";
import { CI } from "../../../examples/demo/releases.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { CEILING, Site } from "../../e2e/site.ts";
import { guestRelease } from "../../guests/guests.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await owns(2);
  await site.start();
}, 30_000);
afterAll(() => site.close());

const runs = guestRelease("counter", { name: "runs" });
const keyed = guestRelease("counter", { name: "keyed" });
const later = guestRelease("counter", { name: "later" });
const identity = { issuer: CI.issuer, subject: CI.subject };
const key = newSigner();

/** Provenance by the build's identity or by its key; and who is believed no more. */
async function owns(version: number, ...revoked: readonly object[]): Promise<void> {
  const document = policyDocument(site.stage.operatorKey.publicPem, CEILING, version);
  const by = { identities: [identity], keys: [key.publicPem] };
  const built = { builders: [CI.builder], sources: [CI.source], buildTypes: [CI.buildType] };
  const rule = { devices: { all: true }, modules: { team: "acme" } };
  const evidence = [{ ...rule, require: [{ type: "provenance", ...by, ...built }] }];
  const whole = { ...JSON.parse(Buffer.from(document).toString()), evidence, revoked };
  unwrap(await site.repo.putOwnerTargets(new Map([[POLICY_PATH, utf8(JSON.stringify(whole))]])));
}

/** The same, and the board has seen it. */
async function policy(...that: Parameters<typeof owns>): Promise<void> {
  await owns(...that);
  await site.order("refresh", {});
}

/** A plain envelope under the key, without Sigstore. */
async function publishByKey({ module, manifest }: typeof keyed): Promise<void> {
  const statement = provenanceStatement({
    artifacts: [
      { name: "module.wasm", sha256: sha256(module) },
      { name: "manifest.json", sha256: sha256(manifest) },
    ],
    ...{ builderId: CI.builder, buildType: CI.buildType, sourceUri: CI.source },
    ...{ startedOn: "2026-11-20T10:00:00Z", finishedOn: "2026-11-20T10:01:00Z" },
  });
  const bundle = await signPlain(statement, [key]);
  unwrap(await site.repo.publishRelease({ manifest, module, bundle, hardware: ["any/core-v1"] }));
}

/** The first of these that the board says from `from` on. */
const said = (topic: string, from: number, more: (one: { get(path: string): unknown }) => boolean = () => true) =>
  site.observer.until(topic, (one) => one.topic === topic && more(one), { from });
const seenFrom = (from: number, topic: string) => site.observer.seen.slice(from).filter((one) => one.topic === topic);
const stateOf = (name: string) => `up/mod/${name}/state`;
const REVOKED = { code: "ATTEST_REVOKED", kind: "attack" };
const TEXT = "no more: it was stolen";

describe("what runs when it is revoked", () => {
  it("goes on when the owner only wants to know, and is reported once; nothing new comes in with it", async () => {
    await site.install(runs);
    let from = site.observer.mark();
    await policy(3, { identity, reason: "it was stolen", running: "flag" });
    const doubt = await said("up/ev/update.doubted", from);
    expect({ code: doubt.get("data.code"), kind: doubt.get("data.kind") }).toEqual(REVOKED);
    expect(doubt.text).toContain(TEXT);
    await site.order("refresh", {});
    expect(seenFrom(from, "up/ev/update.doubted")).toHaveLength(1);
    expect(seenFrom(from, stateOf("runs")).filter((one) => one.get("s") !== "running")).toEqual([]);

    from = site.observer.mark();
    await site.publish(later);
    await site.assign([runs, later]);
    await site.hint();
    const rejected = await said("up/ev/update.rejected", from);
    expect({ code: rejected.get("data.code"), kind: rejected.get("data.kind") }).toEqual(REVOKED);
    expect(rejected.text).toContain(TEXT);
    await site.assign([runs]);
    await policy(4);
  }, 60_000);

  it.each<[string, number, object]>([
    ["its signer", 5, { identity }],
    ["its builder", 7, { builder: CI.builder }],
    ["its code", 9, { digest: runs.parsed.entry.sha256 }],
    ["its manifest", 11, { digest: sha256(runs.manifest) }],
  ])(
    "is stopped when the owner says so, and starts again when it is taken back: %s",
    async (_, version, culprit) => {
      let from = site.observer.mark();
      await policy(version, { ...culprit, reason: "it was stolen", running: "stop" });
      const stopped = await said(stateOf("runs"), from, (one) => one.get("s") === "stopped");
      expect(stopped.get("code")).toBe("ATTEST_REVOKED");
      from = site.observer.mark();
      await policy(version + 1);
      await said(stateOf("runs"), from, (one) => one.get("s") === "running");
    },
    60_000,
  );

  it("is stopped by its key, and what another has signed goes on", async () => {
    await publishByKey(keyed);
    await site.assign([runs, keyed]);
    let from = site.observer.mark();
    await site.hint();
    await site.observer.job("keyed-1.0.0", "succeeded", from);
    from = site.observer.mark();
    await policy(13, { key: key.keyId, reason: "it was stolen", running: "stop" });
    const stopped = await said(stateOf("keyed"), from, (one) => one.get("s") === "stopped");
    expect(stopped.get("code")).toBe("ATTEST_REVOKED");
    expect(seenFrom(from, stateOf("runs"))).toEqual([]);
  }, 60_000);
});
