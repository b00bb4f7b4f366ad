/** When a board looks at its repositories: one round at a time, sooner after a failure, and never because it was shouted at. */
import { describe, expect, it } from "vitest";
import { type Cause, createRefreshLoop, type Outcome } from "../../../../agent/flow/refresh-loop.ts";
import { SteppingClock } from "../../../fakes/clock.ts";

function setUp(outcomes: (Outcome | Error)[]) {
  const clock = new SteppingClock();
  const causes: Cause[] = [];
  const broken: unknown[] = [];
  const loop = createRefreshLoop({
    clock,
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 },
    pollMs: 60_000,
    async run(cause) {
      causes.push(cause);
      const outcome = outcomes.shift() ?? "done";
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    onBroken: (error) => broken.push(error),
  });
  /** Lets promises settle after time moved. */
  const advance = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { loop, causes, broken, advance };
}

describe("the refresh loop", () => {
  it("polls after its interval, and a hint comes before that", async () => {
    const { loop, causes, advance } = setUp([]);
    await loop.now("start");
    await advance(60_000);
    loop.hint();
    await advance(10_000);
    expect(causes).toEqual(["start", "poll", "hint"]);
  });

  it("answers a thousand hints with one round", async () => {
    const { loop, causes, advance } = setUp([]);
    await loop.now("start");
    for (let hint = 0; hint < 1000; hint += 1) loop.hint();
    await advance(5_000);
    expect(causes).toEqual(["start", "hint"]);
  });

  it("tries again sooner after a failure, each time a little later", async () => {
    const { loop, causes, advance } = setUp(["retry", "retry"]);
    await loop.now("start");
    await advance(1_900);
    expect(causes).toEqual(["start"]);
    await advance(200);
    expect(causes).toEqual(["start", "retry"]);
    await advance(2_100);
    expect(causes).toEqual(["start", "retry"]);
    await advance(2_000);
    expect(causes).toEqual(["start", "retry", "retry"]);
  });

  it("goes on after a round that the environment broke off", async () => {
    const { loop, causes, broken, advance } = setUp([new Error("disk full")]);
    await loop.now("start");
    await advance(2_100);
    expect([broken.length, causes]).toEqual([1, ["start", "retry"]]);
  });

  it("joins those who ask while a round is queued, and runs nothing after it was closed", async () => {
    const { loop, causes, advance } = setUp([]);
    await Promise.all([loop.now("start"), loop.now("command"), loop.now("command")]);
    expect(causes).toEqual(["start"]);
    loop.hint();
    await loop.close();
    await advance(120_000);
    expect(causes).toEqual(["start"]);
  });
});
