/** The planner and the restart rule: pure judgements, every case spelled. */
import { describe, expect, it } from "vitest";
import type { ModuleRecord, Release } from "../../../../agent/flow/inventory.ts";
import { planSteps, unjudged } from "../../../../agent/flow/plan.ts";
import { decideRestart } from "../../../../agent/supervise/restart.ts";
import type { Desired } from "../../../../runtime/kernel/authority/desired.ts";
import { parseDesired } from "../../../../runtime/kernel/authority/desired.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";

const desired = (...modules: [name: string, version: string][]): Desired =>
  unwrap(
    parseDesired(
      utf8(
        JSON.stringify({
          schema: "sallyport.desired/1",
          device: "pi-7",
          rev: 1,
          modules: modules.map(([name, version]) => ({
            team: "acme",
            name,
            version,
            grants: [],
            lifts: [],
            probationS: 5,
          })),
        }),
      ),
    ),
  );
const release = (name: string, version: string): Release => ({ team: "acme", name, version }) as unknown as Release;
const record = (name: string, committed?: string, candidate?: string): ModuleRecord =>
  ({
    name,
    failed: [],
    ...(committed === undefined ? {} : { committed: release(name, committed) }),
    ...(candidate === undefined ? {} : { candidate: release(name, candidate) }),
  }) as unknown as ModuleRecord;
const said = (wanted: Desired, inventory: readonly ModuleRecord[]) =>
  planSteps(wanted, inventory).map((step) => {
    const subject = "wanted" in step ? `${step.wanted.name}@${step.wanted.version}` : step.name;
    return step.do === "abandon" ? `abandon ${subject} (${step.because})` : `${step.do} ${subject}`;
  });

describe("the plan", () => {
  it("activates what is wanted and not there", () => {
    expect(said(desired(["a", "1.0.0"]), [])).toEqual(["activate a@1.0.0"]);
  });

  it("only renews what runs already, committed or in probation", () => {
    expect(
      said(desired(["a", "1.0.0"], ["b", "2.0.0"]), [record("a", "1.0.0"), record("b", "1.0.0", "2.0.0")]),
    ).toEqual(["renew a@1.0.0", "renew b@2.0.0"]);
  });

  it("leaves no committed release unjudged that stays on the board, whatever is wanted in its place", () => {
    const inventory = [record("a", "1.0.0"), record("b", "1.0.0", "2.0.0"), record("c", "1.0.0"), record("d", "1.0.0")];
    const steps = planSteps(desired(["a", "2.0.0"], ["b", "2.0.0"], ["c", "1.0.0"]), inventory);
    expect(unjudged(steps, inventory).map((one) => `${one.name}@${one.version}`)).toEqual(["a@1.0.0", "b@1.0.0"]);
  });

  it("abandons a candidate before it activates another, so that state is restored in between", () => {
    expect(said(desired(["a", "3.0.0"]), [record("a", "1.0.0", "2.0.0")])).toEqual([
      "abandon a (superseded)",
      "activate a@3.0.0",
    ]);
  });

  it("goes back to the committed release when the director changes its mind during probation", () => {
    expect(said(desired(["a", "1.0.0"]), [record("a", "1.0.0", "2.0.0")])).toEqual([
      "abandon a (superseded)",
      "renew a@1.0.0",
    ]);
  });

  it("removes what is no longer wanted, candidate first", () => {
    expect(said(desired(), [record("a", "1.0.0", "2.0.0")])).toEqual(["abandon a (unassigned)", "remove a"]);
  });
});

describe("a restart", () => {
  const rule = { max: 3, windowMs: 1000 };

  it("waits longer each time and gives up after as many as the manifest allows", () => {
    let ends: readonly number[] = [];
    const delays: (number | "give-up")[] = [];
    for (const now of [0, 10, 20, 30]) {
      const decision = decideRestart(rule, ends, now);
      ends = decision.ends;
      delays.push(decision.kind === "again" ? decision.delayMs : decision.kind);
    }
    expect(delays).toEqual([250, 500, 1000, "give-up"]);
  });

  it("forgets ends that lie outside the window", () => {
    expect(decideRestart(rule, [0, 1, 2], 5000)).toEqual({ kind: "again", delayMs: 250, ends: [5000] });
  });
});
