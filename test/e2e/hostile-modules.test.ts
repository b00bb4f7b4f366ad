/**
 * Modules that misbehave: the agent stays responsive (a signed command is answered in time), presence stays up, the other
 * module keeps running, and the reason is on MQTT. Every module here was properly signed, attested and granted.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GuestName, type GuestRelease, guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
const good = guestRelease("counter", { name: "good", everyMs: 100 });

beforeAll(async () => {
  site = await Site.open();
  await site.start();
  await site.install(good);
});
afterAll(() => site.close());
beforeEach(async () => {
  await site.assign([good]);
  await site.order("refresh", {});
});

/** Publishes and assigns beside the good module; long probation, so that what it does is seen as a first release. */
async function letIn(release: GuestRelease): Promise<number> {
  await site.publish(release);
  const from = site.observer.mark();
  await site.assign([good, release], { probationS: 60 });
  await site.hint();
  return from;
}

/** While the module does its worst: an answer to a command, a message of the good module, presence not lost. */
async function stillAlive(from: number): Promise<void> {
  const since = performance.now();
  const answer = await site.order("revoke", { module: "nobody", capability: "kv", reason: "is anybody there?" });
  expect(answer.get("ok")).toBe(true);
  expect(performance.now() - since).toBeLessThan(5_000);
  await site.telemetry("good", "count", site.observer.mark());
  const states = site.observer.seen.slice(from).filter((one) => one.topic === "up/state");
  expect(states.map((one) => one.get("s"))).not.toContain("lost");
}

const rolledBack = async (name: GuestName, release: string, code: string, limits = {}) => {
  const from = await letIn(guestRelease(name, { name: release, limits }));
  const job = await site.observer.job(`${release}-1.0.0`, "rolled_back", from);
  expect(job.get("code")).toBe(code);
  expect(job.get("module")).toBe(release);
  expect(job.get("reason")).toMatch(/\w+ \w+/);
  await stillAlive(from);
};

describe("a module that", () => {
  it("loops for ever is ended at its deadline", () => rolledBack("loopForever", "spinner", "MODULE_DEADLINE"));

  it("grows its memory without end is held at its maximum, and says so when it traps", () =>
    rolledBack("growForever", "grower", "MODULE_MEMORY", { memoryPages: 32 }));

  it("sits at its maximum memory without failing is reported and goes on", async () => {
    const from = await letIn(guestRelease("growQuietly", { name: "fat", limits: { memoryPages: 32 } }));
    const notice = await site.observer.event("module.notice", "MODULE_MEMORY_LIMIT", from);
    expect(notice.get("data.reason")).toContain("32 pages");
    await stillAlive(from);
  });

  it("publishes 100 000 messages in a burst gets no further than its rate, and starves nobody", async () => {
    const capabilities = [{ cap: "publish", channel: "count", qos: 1, perMin: 60, maxBytes: 64 }];
    const from = await letIn(guestRelease("burst", { name: "burster", capabilities, limits: { callMs: 20_000 } }));
    const refused = await site.observer.until(
      "rate refusal",
      (one) => one.topic === "up/ev/grant.refused" && one.get("data.code") === "SP_ERATE",
      { from },
    );
    expect(refused.get("data.module")).toBe("burster");
    await stillAlive(from);
    const sent = site.observer.seen.slice(from).filter((one) => one.topic === "up/tm/burster/count").length;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(200);
  });

  it("logs 100 MB has its lines counted and dropped, and fills nothing", async () => {
    const before = process.memoryUsage.rss();
    const from = await letIn(guestRelease("logFlood", { name: "logger", limits: { callMs: 20_000 } }));
    const notice = await site.observer.event("module.notice", "MODULE_LOG_FLOOD", from);
    expect(notice.get("data.reason")).toContain("logger");
    await stillAlive(from);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  });

  it("never returns from its start function does not start", () =>
    rolledBack("spinInStart", "starter", "ENGINE_DEADLINE"));

  it("traps in its start function does not start", () => rolledBack("trapInStart", "stumbler", "ENGINE_TRAP"));

  it("refuses to start by itself is rolled back with what it said", () =>
    rolledBack("refuseStart", "refuser", "MODULE_REFUSED_START"));

  it("crashes after it was committed is started again with growing pauses, and given up in the end", async () => {
    const release = guestRelease("trapOnTick", {
      name: "crasher",
      everyMs: 300,
      limits: { restarts: { max: 2, windowS: 60 } },
    });
    await site.publish(release);
    const from = site.observer.mark();
    await site.assign([good, release], { probationS: 0 });
    await site.hint();
    await site.observer.job("crasher-1.0.0", "succeeded", from);
    const given = await site.observer.until("gave up", (one) => one.get("code") === "MODULE_GAVE_UP", { from });
    expect(given.get("s")).toBe("stopped");
    expect(given.get("restarts")).toBe(2);
    await stillAlive(from);
  });
});
