/** A board says what it runs, over a real broker; an appraiser elsewhere judges it, asks, and knows a replay. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBoard } from "../../agent/provision/device.ts";
import { agentDigest, ownDirectory } from "../../agent/provision/own-files.ts";
import { appraise, parseReference, type Reference, type Remembered } from "../../attest/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../runtime/kernel/signer.ts";
import { guestRelease } from "../guests/guests.ts";
import { ROOT } from "../tree.ts";
import { type Publishable, Site } from "./site.ts";

const FIRST = guestRelease("counter", { name: "counter" });
const SECOND = guestRelease("counter", { name: "counter", version: "2.0.0" });

let site: Site;
let broker = "";
let keyPem = "";
let agent = "";
beforeAll(async () => {
  site = await Site.open();
  await site.start();
  const board = unwrap(readBoard(site.stage.path("board")));
  [broker, keyPem] = [board.config.broker.url, board.key.publicPem];
  agent = unwrap(await agentDigest(ownDirectory()));
  await site.install(FIRST);
});
afterAll(() => site.close());

function referenceText(release: Publishable, changes: object = {}): string {
  const { tenant, device } = site.stage;
  const { team, name } = release.parsed;
  return JSON.stringify({
    ...{ schema: "sallyport.reference/1", tenant, device, keys: [keyPem], agents: [agent], tiers: ["metered"] },
    modules: [{ team, name, digests: [sha256(release.module)] }],
    metadataMin: { image: { targets: 1 }, director: { targets: 1 } },
    maxAgeS: 600,
    ...changes,
  });
}
const reference = (release: Publishable, changes: object = {}): Reference =>
  unwrap(parseReference(utf8(referenceText(release, changes))));
function appraised(text: string, release: Publishable, before?: Remembered, nonce?: string) {
  const found = appraise({ envelope: utf8(text), reference: reference(release), before, nonce, nowMs: Date.now() });
  const said = [found.status, ...found.reasons.flatMap(({ code }) => code ?? [])];
  return { ...found, said };
}
/** The board's next word that fits. */
const word = (what: string, fits: (predicate: Predicate) => boolean, from = 0) =>
  site.observer.until(what, (one) => one.topic === "up/att" && fits(predicateIn(one.text)), { from });
type Predicate = NonNullable<ReturnType<typeof appraise>["statement"]>["predicate"];
const predicateIn = (text: string): Predicate =>
  JSON.parse(Buffer.from(JSON.parse(text).payload, "base64").toString()).predicate;
const runs = (version: string) => (said: Predicate) =>
  said.modules.some((one) => one.version === version && one.state === "running");

function sallyport(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const program = [join(ROOT, "agent/main.ts"), ...args];
    execFile(process.execPath, program, { cwd: ROOT, timeout: 30_000 }, (error, out, err) =>
      resolve({ status: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}
/** Files that an operator has: the broker's password, the command key, the reference values. */
function desk() {
  const file = (name: string, text: string) => {
    writeFileSync(site.stage.path(name), text);
    return site.stage.path(name);
  };
  const { tenant, device, passwords } = site.stage;
  return {
    file,
    link: [
      "--broker",
      broker,
      "--password-file",
      file("pw", passwords.operator),
      "--tenant",
      tenant,
      "--device",
      device,
    ],
  };
}

describe("the attestation on the broker", () => {
  it("verifies against what was assigned, and stays there for who comes later", async () => {
    const said = await word("an attestation of the module", runs("1.0.0"));
    const { status, statement } = appraised(said.text, FIRST);
    expect(status).toBe("verified");
    expect(statement?.subject.map(({ digest }) => digest.sha256)).toEqual([agent, sha256(FIRST.module)]);
    const { observer } = await site.stage.operator(broker);
    const later = await observer.until("the retained one", (one) => one.topic === "up/att", { from: 0 });
    expect(appraised(later.text, FIRST).status).toBe("verified");
  });

  it("names the proof that the board keeps of the admission", async () => {
    const said = await word("one with a proof", ({ modules }) => modules[0]?.proofDigest !== undefined);
    const path = site.stage.path("board", "state", "proofs", "acme.counter.1.0.0.proof.json");
    expect(predicateIn(said.text).modules[0]?.proofDigest).toBe(sha256(readFileSync(path)));
  });

  it("is known when it is delivered again, and when an older one is", async () => {
    const [old] = site.observer.seen.filter((one) => one.topic === "up/att");
    const from = site.observer.mark();
    await site.order("attest", { nonce: "22".repeat(32) });
    const now = await word("the next one", (one) => one.nonce === undefined && runs("1.0.0")(one), from);
    const { remembered, status } = appraised(now.text, FIRST);
    expect(status).toBe("verified");
    expect(appraised(now.text, FIRST, remembered).said).toEqual(["stale", "APPRAISE_REPLAYED"]);
    expect(old?.text).not.toBe(now.text);
    expect(appraised(old?.text ?? "", FIRST, remembered).said).toContain("APPRAISE_COUNTER");
  });

  it("tells of an update, a revocation and a new start of the agent", async () => {
    const first = appraised((await word("the module", runs("1.0.0"))).text, FIRST).remembered;
    const from = site.observer.mark();
    await site.install(SECOND);
    const updated = await word("the second release", runs("2.0.0"), from);
    expect(appraised(updated.text, FIRST, first).said).toEqual(["mismatch", "APPRAISE_MODULES"]);
    expect(appraised(updated.text, SECOND, first).said).toEqual(["verified"]);

    const { grantsDigest } = predicateIn(updated.text).modules[0] ?? {};
    const revokedFrom = site.observer.mark();
    await site.order("revoke", { module: "counter", capability: "publish:count", reason: "test" });
    const revoked = await word("other grants", ({ modules }) => modules[0]?.grantsDigest !== grantsDigest, revokedFrom);
    const third = appraised(revoked.text, SECOND, first).remembered;

    await site.stop();
    const startedFrom = site.observer.mark();
    await site.start();
    const started = await word("after the start", runs("2.0.0"), startedFrom);
    expect(appraised(started.text, SECOND, third).said).toEqual(["verified"]);
    expect(predicateIn(started.text).boot.count).toBe((third?.boot.count ?? 0) + 1);
    expect(predicateIn(started.text).boot.id).toBe(third?.boot.id);
  });
});

describe("an operator", () => {
  it("asks with a nonce and gets an answer that carries it, on the command line", async () => {
    const { file, link } = desk();
    const state = site.stage.path("seen.json");
    const key = file("op.pem", site.stage.operatorPem);
    const expected = file("reference.json", referenceText(SECOND));
    const ask = () => sallyport("challenge", ...link, "--key", key, "--expect", expected, "--state", state, "--json");
    const first = await ask();
    expect(first).toMatchObject({ status: 0 });
    const { status, claim, reasons, statement } = JSON.parse(first.out);
    expect(status).toBe("verified");
    expect(claim).toContain("not against who controls the board");
    expect(reasons.find((one: { check: string }) => one.check === "nonce").outcome).toBe("passed");
    expect(statement.predicate.nonce).toMatch(/^[0-9a-f]{64}$/);
    const counter = JSON.parse(readFileSync(state, "utf8")).counter;
    expect(await ask()).toMatchObject({ status: 0 });
    expect(JSON.parse(readFileSync(state, "utf8")).counter).toBeGreaterThan(counter);
    expect((await ask()).err).toContain("took attest");
  });

  it("is not taken in by an earlier answer", async () => {
    const nonce = "00".repeat(32);
    const from = site.observer.mark();
    const result = await site.order("attest", { nonce });
    expect([result.get("ok"), result.get("reason")]).toEqual([true, expect.stringContaining("attestation")]);
    const answer = await word("the answer", (one) => one.nonce === nonce, from);
    expect(appraised(answer.text, SECOND, undefined, nonce).said).toEqual(["verified"]);
    expect(appraised(answer.text, SECOND, undefined, "11".repeat(32)).said).toEqual(["mismatch", "APPRAISE_NONCE"]);
    const after = await word("the next retained one", (one) => one.nonce === undefined, site.observer.mark());
    expect(predicateIn(after.text).counter).toBeGreaterThan(predicateIn(answer.text).counter);
  });

  it("appraises a file offline: against the board's key, and not against another's", async () => {
    const { file } = desk();
    const now = await word("the second release", runs("2.0.0"));
    const path = file("att.json", now.text);
    const mine = await sallyport("appraise", path, "--device-dir", site.stage.path("board"));
    expect(mine).toMatchObject({ status: 0 });
    expect(mine.out).toContain("verified\n");
    expect(mine.out).toContain("  -   quote            no TPM is recorded");
    const { tenant, device } = site.stage;
    const stranger = file("stranger.pem", unwrap(parseSigner(generateKeyPem())).publicPem);
    const other = await sallyport("appraise", path, "--device-key", stranger, "--tenant", tenant, "--device", device);
    expect(other.status).toBe(1);
    expect(other.out).toContain("APPRAISE_SIGNATURE");
    const drawn = await sallyport("appraise", path, "--device-dir", site.stage.path("board"), "--print-expect");
    expect(drawn).toMatchObject({ status: 0 });
    const program = [join(ROOT, "agent/main.ts"), "appraise", "-", "--expect", file("drawn.json", drawn.out)];
    const piped = spawnSync(process.execPath, program, { input: now.text, encoding: "utf8" });
    expect(piped.stdout).toMatch(/pass {2}modules[\s\S]*verified\n/);
    expect(piped.status).toBe(0);
    expect((await sallyport("appraise", path)).status).toBe(2);
    expect((await sallyport("appraise", "--agent-digest-of", ROOT)).out.trim()).toBe(agent);
  });
});
