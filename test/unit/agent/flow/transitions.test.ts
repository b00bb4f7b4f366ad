/** From one release to another, where the board cannot even begin: nothing is held against the release. */
import { describe, expect, it } from "vitest";
import type { Release } from "../../../../agent/flow/inventory.ts";
import { createTransitions } from "../../../../agent/flow/transitions.ts";
import { openDb } from "../../../../agent/store/db.ts";
import { createKvStore } from "../../../../agent/store/kv.ts";
import { createModuleStore } from "../../../../agent/store/modules.ts";
import type { Supervisor } from "../../../../agent/supervise/supervisor.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { declareFaults, type Fault } from "../../../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { guestRelease } from "../../../guests/guests.ts";

const words = { kind: "environment", says: "no", means: "A test.", todo: "Nothing." } as const;
const { fault } = declareFaults("ENGINE", { ENGINE_START: words, ENGINE_TRAP: { ...words, kind: "refusal" } });

function release(version: string): Release {
  const { parsed } = guestRelease("echo", { name: "fan", version });
  const { team, name } = parsed;
  const digest = {
    moduleSha256: parsed.entry.sha256,
    manifestSha256: parsed.entry.sha256,
    bundleSha256: parsed.entry.sha256,
  };
  const grants = { grants: [], capabilities: [] };
  return {
    team,
    name,
    version: parsed.version,
    manifest: parsed,
    moduleSize: 8,
    releaseCounter: 1,
    probationS: 5,
    ...digest,
    ...grants,
  };
}

function rig() {
  const db = openDb(":memory:");
  const modules = createModuleStore(db);
  const kv = createKvStore(db);
  const clock = new SteppingClock();
  const jobs: string[] = [];
  const events: string[] = [];
  const starts: string[] = [];
  let verdict: (one: Release) => Result<void, Fault> = () => ok(undefined);
  const supervisor: Pick<Supervisor, "start" | "stop" | "settle" | "isRunning"> = {
    async start(one, phase) {
      starts.push(`${one.version} ${phase}`);
      return verdict(one);
    },
    stop: async () => undefined,
    settle: () => undefined,
    isRunning: () => true,
  };
  const transitions = createTransitions({
    state: {
      transaction: (body) => db.transaction(body)(),
      modules,
      kv,
      releaseFloor: () => 0,
      flush: async () => undefined,
    },
    supervisor: supervisor as Supervisor,
    clock,
    job: { move: (subject, to) => void jobs.push(`${subject.version} ${to}`) },
    onRolledBack: (one, reason) => void events.push(`rolled back ${one.version} ${reason.code}`),
    onPostponed: (one, reason) => void events.push(`postponed ${one.version} ${reason.code}`),
    onKeptStopped: () => undefined,
  });
  const activate = (one: Release) =>
    transitions.activate({ release: one } as Parameters<typeof transitions.activate>[0]);
  return { modules, kv, clock, jobs, events, starts, activate, decide: (by: typeof verdict) => (verdict = by) };
}

describe("a release that the board has no memory to start", () => {
  it("is put off, with the old one running and its state in place, and is not on record as failed", async () => {
    const board = rig();
    const [old, fresh] = [release("1.0.0"), release("2.0.0")];
    await board.activate(old);
    board.clock.advance(5000);
    board.kv.set(old.name, "n", utf8("7"), 100);
    board.decide((one) => (one.version === fresh.version ? err(fault("ENGINE_START", {})) : ok(undefined)));
    for (let n = 0; n < 20; n += 1) {
      expect(await board.activate(fresh)).toMatchObject({
        ok: false,
        error: { code: "ENGINE_START", kind: "environment" },
      });
    }
    expect(board.modules.get(old.name)).toMatchObject({ committed: { version: "1.0.0" }, failed: [] });
    expect(board.modules.get(old.name)?.candidate).toBeUndefined();
    expect(board.modules.attempts(fresh)).toBe(0);
    expect(board.starts.at(-1)).toBe("1.0.0 running");
    expect(board.kv.get(old.name, "n")).toEqual(utf8("7"));
    expect(new Set(board.events)).toEqual(new Set(["postponed 2.0.0 ENGINE_START"]));
    expect(board.jobs.at(-1)).toBe("2.0.0 queued");

    board.decide(() => ok(undefined));
    expect((await board.activate(fresh)).ok).toBe(true);
    board.clock.advance(5000);
    expect(board.modules.get(old.name)).toMatchObject({ committed: { version: "2.0.0" } });
  });

  it("and one that fails by itself is on record, as ever", async () => {
    const board = rig();
    const bad = release("2.0.0");
    board.decide(() => err(fault("ENGINE_TRAP", {})));
    await board.activate(bad);
    expect(board.modules.get(bad.name)?.failed).toMatchObject([{ version: "2.0.0", code: "ENGINE_TRAP" }]);
    expect(board.events).toEqual(["rolled back 2.0.0 ENGINE_TRAP"]);
  });
});
