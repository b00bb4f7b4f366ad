/** What the owner's policy says of how code is run, down to the board: tier, fuel, features, and what a report tells of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICY_PATH } from "../../attest/index.ts";
import { policyDocument } from "../../examples/demo/documents.ts";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { guestRelease } from "../guests/guests.ts";
import { CEILING, Site } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await site.start();
});
afterAll(() => site.close());

let version = 1;
const rule = async (...engines: readonly object[]) => {
  version += 1;
  const plain = JSON.parse(fromUtf8(policyDocument(site.stage.operatorKey.publicPem, CEILING, version)) ?? "");
  const list = engines.map((one) => ({ devices: { all: true }, ...one }));
  unwrap(await site.repo.putOwnerTargets(new Map([[POLICY_PATH, utf8(JSON.stringify({ ...plain, engines: list }))]])));
};
/** The next time that the module says it runs. */
const runs = (name: string, from: number) =>
  site.observer.until(`${name} runs`, (one) => one.topic === `up/mod/${name}/state` && one.get("s") === "running", {
    from,
  });
const refresh = async () => {
  const from = site.observer.mark();
  await site.order("refresh", {});
  return from;
};

describe("a policy on how code is run", () => {
  it("leaves a module to the board's tier while it says nothing, and the report says which that is", async () => {
    const from = site.observer.mark();
    await site.install(guestRelease("counter", { name: "counter" }));
    const state = await runs("counter", from);
    expect(state.get("engine.tier")).toBe("metered");
    expect(state.get("engine.fuel")).toBe("none");
  });

  it("forces the interpreter upon what runs: it is started again there, goes on counting, and stays over a restart", async () => {
    const before = Number((await site.telemetry("counter", "count")).text);
    await rule({ tier: "interpreter", callMs: 150 });
    const state = await runs("counter", await refresh());
    expect([state.get("engine.tier"), state.get("engine.fuel")]).toEqual(["interpreter", "exact"]);
    expect(state.get("engine.callMs")).toBe(150);
    const mark = site.observer.mark();
    expect(Number((await site.telemetry("counter", "count", mark)).text)).toBeGreaterThanOrEqual(before);
    await site.stop();
    const from = site.observer.mark();
    await site.start();
    expect((await runs("counter", from)).get("engine.tier")).toBe("interpreter");
  });

  it("stops a module that uses a feature it does not admit, and starts it when it does again", async () => {
    const floats = guestRelease("truncating", { name: "floats" });
    await rule();
    await site.publish(floats);
    await site.assign([guestRelease("counter", { name: "counter" }), floats]);
    let from = site.observer.mark();
    await refresh();
    await site.observer.job("floats-1.0.0", "succeeded", from);
    await rule({ features: ["bulk-memory", "sign-extension"] });
    from = await refresh();
    const stopped = await site.observer.until(
      "stopped",
      (one) => one.topic === "up/mod/floats/state" && one.get("s") === "stopped",
      { from },
    );
    expect(stopped.get("code")).toBe("VALIDATE_FEATURE");
    await rule();
    await runs("floats", await refresh());
  });

  it("bounds the fuel of every call: a release that needs more is back out after its probation", async () => {
    await rule({ modules: { team: "acme", name: "hungry" }, fuelPerCall: 1000 });
    const hungry = guestRelease("turns", { name: "hungry", engine: { fuel: "exact", fuelPerCall: 1_000_000 } });
    await site.publish(hungry);
    await site.assign([guestRelease("counter", { name: "counter" }), hungry]);
    const from = site.observer.mark();
    await site.hint();
    const back = await site.observer.job("hungry-1.0.0", "rolled_back", from);
    expect(back.get("code")).toBe("MODULE_FUEL");
    expect(String(back.get("reason"))).toContain("1000");
  });

  it("with the deterministic profile admits nothing that cannot live without a clock", async () => {
    await rule({ modules: { team: "acme", name: "timed" }, deterministic: true });
    const timed = guestRelease("echo", { name: "timed", capabilities: [{ cap: "clock", resolution: "coarse" }] });
    await site.publish(timed);
    await site.assign([guestRelease("counter", { name: "counter" }), timed], {
      grants: [{ cap: "publish", channel: "count" }, { cap: "kv" }, { cap: "clock" }] as never,
    });
    const from = site.observer.mark();
    await site.hint();
    const event = await site.observer.until("refused", (one) => one.topic === "up/ev/update.rejected", { from });
    expect(event.get("data.code")).toBe("ADMIT_NOT_GRANTED");
    expect(String(event.get("data.reason"))).toContain("clock");
  });
});
