/** Key compromise: the director's online key alone chooses among what is released, and can do nothing else. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DAY_MS, FILES, makeReadySite, POLICY } from "../../unit/updater/site.ts";
import { entry } from "./entry.ts";
import { sees } from "./sees.ts";

const DIRECTOR_KEY = ["director-online.pem"];

describe("who holds the director's key", () => {
  it("cannot give a released path other bytes", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      const released = signed.targets[FILES.module] ?? expect.fail("no such entry");
      signed.targets[FILES.module] = { ...released, hashes: { sha256: sha256(utf8("evil")) } };
    });
    const text = /^image repository and director disagree about .*module\.wasm: hashes /;
    const found = unwrap(await site.board().refresh()).agreed(FILES.module);
    sees(found, "UPDATE_REPOSITORIES_DISAGREE", "attack", text);
  });

  it("cannot bring in a module that nobody released", async () => {
    const site = await makeReadySite();
    const path = "modules/acme/miner/6.6.6/module.wasm";
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets[path] = entry("evil");
    });
    const text = `the director names ${path}, which the image repository does not release`;
    sees(unwrap(await site.board().refresh()).agreed(path), "UPDATE_NOT_RELEASED", "attack", text);
  });

  it("cannot bring in an agent that nobody released", async () => {
    const site = await makeReadySite();
    const path = "agent/9.9.9/agent.tar";
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets[path] = entry("evil");
    });
    sees(
      unwrap(await site.board().refresh()).agreed(path),
      "UPDATE_NOT_RELEASED",
      "attack",
      /^the director names agent/,
    );
  });

  it("cannot offer a policy", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
      signed.targets["policy/extra.json"] = entry("evil");
    });
    const view = unwrap(await site.board().refresh());
    expect(unwrap(view.owner("policy/policy.json")).sha256).toBe(sha256(POLICY));
    const text = "image has no target policy/extra.json";
    sees(view.owner("policy/extra.json"), "UPDATE_TARGET_MISSING", "refusal", text);
  });

  it("cannot delegate", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      const role = { name: "helper", keyids: [], threshold: 1, terminating: false, paths: ["*"] };
      signed.delegations = { keys: {}, roles: [role] };
    });
    const text = "director targets delegates to helper: a director does not delegate";
    sees(await site.board().refresh(), "UPDATE_DELEGATION", "refusal", text);
  });

  it("can withhold until what was signed expires, and the board keeps what it has", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    site.clock.now += 40 * DAY_MS;
    sees(await board.refresh(), "UPDATE_STALE", "stale", "director timestamp expired at 2026-06-08T12:00:00Z");
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
  });
});
