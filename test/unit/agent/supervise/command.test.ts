/** When a command is run, one run at a time, and what its end means. */
import { describe, expect, it } from "vitest";
import type { Release } from "../../../../agent/flow/inventory.ts";
import { startModule } from "../../../../agent/supervise/command.ts";
import type { Task } from "../../../../agent/supervise/task.ts";
import type { Holder } from "../../../../devices/index.ts";
import { hostModule } from "../../../../devices/index.ts";
import type { Guest, GuestEnd, GuestOptions, LoadedModule } from "../../../../runtime/index.ts";
import { declareFaults, type Fault } from "../../../../runtime/kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { commandRelease } from "../../../guests/commands.ts";

const { fault } = declareFaults("ENGINE", {
  ENGINE_START: { kind: "environment", says: "no memory", means: "A test.", todo: "Nothing." },
  ENGINE_GUEST_ENDED: { kind: "refusal", says: "it ended", means: "A test.", todo: "Nothing." },
});

function releaseOf(triggers: readonly unknown[], limits: object = {}): Release {
  const { parsed } = commandRelease("append", "job", {
    triggers,
    limits: { memoryPages: 16, callMs: 30_000, ...limits },
    command: { args: ["--once"], env: ["A=b"] },
  });
  const { team, name, version } = parsed;
  const { sha256 } = parsed.entry;
  const digest = { moduleSha256: sha256, manifestSha256: sha256, bundleSha256: sha256 };
  const plain = { team, name, version, manifest: parsed, moduleSize: 8, releaseCounter: 1, probationS: 5, ...digest };
  return { ...plain, grants: [], capabilities: [] };
}

/** One start of the engine: the test says how its run ends. */
class FakeRun {
  readonly options: GuestOptions;
  readonly #status = Promise.withResolvers<Result<number, Fault>>();
  readonly #ended = Promise.withResolvers<GuestEnd>();
  terminated = false;

  constructor(options: GuestOptions) {
    this.options = options;
  }

  ends(status: number): void {
    this.#status.resolve(ok(status));
  }

  breaks(end: GuestEnd): void {
    this.#ended.resolve(end);
    this.#status.resolve(err(fault("ENGINE_GUEST_ENDED", {})));
  }

  readonly guest = {
    run: () => this.#status.promise,
    ended: this.#ended.promise,
    revokeLocal: () => undefined,
    terminate: async () => {
      this.terminated = true;
      this.breaks({ why: "stopped" });
    },
  } as unknown as Guest;
}

async function rig(triggers: readonly unknown[], more: { limits?: object; refusal?: Fault } = {}) {
  const clock = new SteppingClock();
  const runs: FakeRun[] = [];
  const ends: string[] = [];
  const lines: string[] = [];
  const locals: string[] = [];
  let dropped = 0;
  const holder = {
    get local() {
      locals.push("given");
      return {};
    },
    port: { call: () => ({ value: 0 }) },
    bindLocal: () => void locals.push("bound"),
    unbindLocal: () => void locals.push("unbound"),
  };
  const state: { refusal: Fault | undefined } = { refusal: more.refusal };
  const started = await startModule({
    release: releaseOf(triggers, more.limits),
    loaded: {} as LoadedModule,
    holder: holder as unknown as Holder,
    host: hostModule,
    engines: {
      tier: "metered",
      of: (tier) => ({
        tier,
        async start(options) {
          if (state.refusal !== undefined) return err(state.refusal);
          const run = new FakeRun(options);
          runs.push(run);
          return ok(run.guest);
        },
      }),
    },
    clock,
    deviceId: "porch-1",
    onLog(more_, lost) {
      lines.push(...more_.map(({ text }) => text));
      dropped += lost;
    },
    onNotice: () => undefined,
    onEnd: (reason) => void ends.push(`${reason.code} ${reason.message}`),
  });
  const task = (): Task => unwrap(started);
  return { clock, runs, ends, lines, locals, state, started, task, dropped: () => dropped };
}

const BOOT = { on: "boot" };
const EVERY = { on: "interval", everyMs: 1000 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a command", () => {
  it("is run at boot with its arguments, and after a good end not again", async () => {
    const board = await rig([BOOT]);
    const [run] = board.runs;
    expect(run?.options.command).toEqual({ args: ["--once"], env: ["A=b"] });
    expect(run?.options.limits.callMs).toBe(30_000);
    run?.ends(0);
    await settled();
    expect(run?.terminated).toBe(true);
    board.clock.advance(3_600_000);
    await settled();
    expect([board.runs.length, board.ends]).toEqual([1, []]);
  });

  it("is run again at each interval, but not while it is still at it", async () => {
    const board = await rig([EVERY]);
    expect(board.runs).toHaveLength(0);
    board.clock.advance(1000);
    await settled();
    board.clock.advance(5000);
    await settled();
    expect(board.runs).toHaveLength(1);
    board.runs[0]?.ends(0);
    await settled();
    board.clock.advance(1000);
    await settled();
    expect(board.runs).toHaveLength(2);
    // Each run has what is granted at its beginning, and hears of what ends after that.
    expect(board.locals).toEqual(["unbound", "given", "bound", "unbound", "given", "bound"]);
  });

  it("that ends with another status has failed, and is not run again by itself", async () => {
    const board = await rig([BOOT, EVERY]);
    board.runs[0]?.ends(7);
    await settled();
    expect(board.ends).toEqual(["MODULE_EXIT job 1.0.0 ended with status 7"]);
    board.clock.advance(60_000);
    await settled();
    expect([board.runs.length, board.ends.length]).toEqual([1, 1]);
  });

  it("that traps or overruns its time has failed like any module", async () => {
    const board = await rig([BOOT]);
    board.runs[0]?.breaks({ why: "deadline", callMs: 30_000, memoryAtMaximum: false });
    await settled();
    expect(board.ends).toEqual([expect.stringMatching(/^MODULE_DEADLINE/)]);
  });

  it("that cannot be started at boot is refused; at an interval it has ended", async () => {
    const refused = await rig([BOOT], { refusal: fault("ENGINE_START", {}) });
    expect(refused.started.ok).toBe(false);
    const later = await rig([EVERY]);
    later.state.refusal = fault("ENGINE_START", {});
    later.clock.advance(1000);
    await settled();
    expect(later.ends).toEqual(["ENGINE_START no memory"]);
  });

  it("is ended in the middle of a run when it is stopped, and nothing is reported", async () => {
    const board = await rig([BOOT, EVERY]);
    await board.task().stop();
    expect(board.runs[0]?.terminated).toBe(true);
    board.clock.advance(10_000);
    await settled();
    expect([board.runs.length, board.ends]).toEqual([1, []]);
  });

  it("that is stopped while its run is being started is ended as soon as it is there", async () => {
    const board = await rig([EVERY]);
    board.clock.advance(1000);
    const stopped = board.task().stop();
    await stopped;
    expect(board.runs.map((one) => one.terminated)).toEqual([true]);
    expect(board.ends).toEqual([]);
  });

  it("has one share of log lines a minute for all its runs", async () => {
    const board = await rig([EVERY], { limits: { logLinesPerMin: 60 } });
    const say = (n: number) => {
      const texts = Array.from({ length: 50 }, (_, at) => ({ level: 1, text: `${n}.${at}` }));
      board.runs[n]?.options.onLog(texts, 0);
      board.runs[n]?.ends(0);
    };
    for (const n of [0, 1]) {
      board.clock.advance(1000);
      await settled();
      say(n);
      await settled();
    }
    // A full minute's 60, and one for the second that passed.
    expect([board.lines.length, board.dropped()]).toEqual([61, 39]);
  });
});
