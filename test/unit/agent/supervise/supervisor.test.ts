/** What the supervisor asks of the engine, and what it does when the board has not the means to start a module. */
import { describe, expect, it } from "vitest";
import type { Release } from "../../../../agent/flow/inventory.ts";
import { createSerial } from "../../../../agent/serial.ts";
import { createSupervisor } from "../../../../agent/supervise/supervisor.ts";
import type { Broker, Holder } from "../../../../devices/index.ts";
import { hostModule } from "../../../../devices/index.ts";
import type { GuestOptions, LoadedModule, Tier } from "../../../../runtime/index.ts";
import type { EngineTerms } from "../../../../runtime/kernel/authority/engine.ts";
import { declareFaults, type Fault } from "../../../../runtime/kernel/fault.ts";
import { err, ok } from "../../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { guestRelease } from "../../../guests/guests.ts";

const { fault } = declareFaults("ENGINE", {
  ENGINE_START: { kind: "environment", says: "no memory", means: "A test.", todo: "Nothing." },
  ENGINE_TRAP: { kind: "refusal", says: "a trap", means: "A test.", todo: "Nothing." },
});

function release(engine?: EngineTerms): Release {
  const { parsed } = guestRelease("echo", { name: "fan", limits: { restarts: { max: 2, windowS: 600 } } });
  const { team, name, version } = parsed;
  const { sha256 } = parsed.entry;
  const digest = { moduleSha256: sha256, manifestSha256: sha256, bundleSha256: sha256 };
  const plain = { team, name, version, manifest: parsed, moduleSize: 8, releaseCounter: 1, probationS: 5, ...digest };
  return { ...plain, grants: [], capabilities: [], ...(engine === undefined ? {} : { engine }) };
}

/** An engine that refuses every start, and a broker that admits everybody. */
function rig(refusal: () => Fault, tier: Tier = "metered") {
  const clock = new SteppingClock();
  const asked: { readonly tier: Tier; readonly options: GuestOptions }[] = [];
  const states: string[] = [];
  const holder = { local: {}, port: { call: () => ({ value: 0 }) }, release: () => undefined };
  const serial = createSerial();
  const supervisor = createSupervisor({
    engines: {
      tier,
      of: (chosen) => ({
        tier: chosen,
        async start(options) {
          asked.push({ tier: chosen, options });
          return err(refusal());
        },
      }),
    },
    broker: { admit: () => ok(holder as unknown as Holder) } as unknown as Broker,
    host: hostModule,
    clock,
    serial,
    deviceId: "porch-1",
    services: () => ({}) as never,
    load: async () => ok({} as LoadedModule),
    revoked: () => new Map(),
    onState: (_release, state, restarts, reason) =>
      void states.push(`${state} ${restarts} ${reason?.code ?? ""}`.trim()),
    onGrants: () => undefined,
    onLog: () => undefined,
    onNotice: () => undefined,
    onCandidateEnded: async () => undefined,
  });
  const settled = () => serial.run(async () => undefined);
  return { clock, asked, states, supervisor, settled };
}

describe("how a name stands", () => {
  it("is told as it is now: crashed while it waits, stopped when it was given up, gone when it was stopped", async () => {
    const board = rig(() => fault("ENGINE_TRAP", {}));
    const stands = () => board.supervisor.standing().map(({ state, restarts }) => `${state} ${restarts}`);
    expect(stands()).toEqual([]);
    await board.supervisor.start(release(), "running");
    expect(stands()).toEqual(["crashed 1"]);
    for (let n = 0; n < 40; n += 1) {
      board.clock.advance(10_000);
      await board.settled();
    }
    expect(stands()).toEqual(["stopped 2"]);
    await board.supervisor.stop(release().name, "stop");
    expect(stands()).toEqual([]);
  });
});

describe("a committed release that the board has no memory to start", () => {
  it("is tried again with growing pauses, for as long as it takes, and no restart is counted", async () => {
    const board = rig(() => fault("ENGINE_START", {}));
    await board.supervisor.start(release(), "running");
    const pauses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const before = board.asked.length;
      let waited = 0;
      while (board.asked.length === before && waited < 200_000) {
        board.clock.advance(250);
        waited += 250;
        await board.settled();
      }
      pauses.push(waited);
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
    expect(board.states.at(-1)).toBe("crashed 0 ENGINE_START");
    expect(board.states.join()).not.toContain("GAVE_UP");
  });

  it("while one that fails by itself is given up after its restarts", async () => {
    const board = rig(() => fault("ENGINE_TRAP", {}));
    await board.supervisor.start(release(), "running");
    for (let n = 0; n < 10; n += 1) {
      board.clock.advance(60_000);
      await board.settled();
    }
    expect(board.asked.length).toBe(3);
    expect(board.states.at(-1)).toBe("stopped 2 MODULE_GAVE_UP");
  });
});

describe("the engine is asked", () => {
  const terms: EngineTerms = { fuel: "none", deterministic: false, features: ["mvp"], memoryPages: 3, callMs: 70 };
  const first = async (engine: EngineTerms | undefined, tier: Tier) => {
    const board = rig(() => fault("ENGINE_TRAP", {}), tier);
    await board.supervisor.start(release(engine), "running");
    const [one] = board.asked;
    return { tier: one?.tier, grade: one?.options.grade, limits: one?.options.limits };
  };

  it("for what the release's terms come to on this board", async () => {
    expect(await first({ ...terms, tier: "interpreter", fuelPerCall: 5000, fuel: "block" }, "metered")).toMatchObject({
      tier: "interpreter",
      grade: { fuel: "exact", fuelPerCall: 5000, deterministic: false },
      limits: { memoryPages: 3, callMs: 70 },
    });
  });

  it("for what the manifest says, where a release was recorded without terms", async () => {
    expect(await first(undefined, "metered")).toMatchObject({
      tier: "metered",
      grade: { fuel: "none", deterministic: false },
      limits: { memoryPages: 16, callMs: 200 },
    });
  });
});
