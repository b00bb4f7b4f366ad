/** Authority is data: requested ∩ granted ∩ ceiling, and nothing that is in only two of them. */
import { describe, expect, it } from "vitest";
import { type Cover, coversShape, type Wish, wishesShape } from "../../../runtime/kernel/authority/capability.ts";
import { matchesDevice, matchingCeilings } from "../../../runtime/kernel/authority/ceiling.ts";
import { meetCapabilities } from "../../../runtime/kernel/authority/meet.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";

const wishes = (...list: unknown[]): readonly Wish[] => unwrap(parseShape(wishesShape, list, "wishes"));
const covers = (...list: unknown[]): readonly Cover[] => unwrap(parseShape(coversShape, list, "covers"));
const fan = { cap: "gpio", line: "fan", dir: "out" };

describe("the meet", () => {
  it("holds what is wanted, granted and under every ceiling, at the lowest rate of all", () => {
    const meet = meetCapabilities(wishes({ ...fan, maxHz: 10 }), covers({ ...fan, maxHz: 5 }), [
      covers({ ...fan, maxHz: 7 }),
      covers({ ...fan, maxHz: 2, safe: "high" }),
    ]);
    expect(meet).toEqual({
      effective: [{ cap: "gpio", line: "fan", dir: "out", maxHz: 2, safe: "high" }],
      missing: [],
    });
  });

  it("never gives what was granted but not wanted", () => {
    expect(meetCapabilities([], covers(fan), [covers(fan)]).effective).toEqual([]);
  });

  it("gives a directory for what is wanted of it, with the smallest quota", () => {
    const spool = { cap: "dir", name: "spool" };
    const rw = wishes({ ...spool, mode: "rw", bytes: 1000 });
    expect(meetCapabilities(rw, covers({ ...spool, bytes: 500 }), [covers(spool)]).effective).toEqual([
      { ...spool, mode: "rw", bytes: 500 },
    ]);
    expect(meetCapabilities(wishes({ ...spool, mode: "ro" }), covers(spool), [covers(spool)]).effective).toEqual([
      { ...spool, mode: "ro", bytes: 0 },
    ]);
    // A program that is to write is not started to find out that it may not.
    const readOnly = covers({ ...spool, mode: "ro" });
    expect(meetCapabilities(rw, readOnly, [covers(spool)]).missing.map((one) => one.by)).toEqual(["grant"]);
    expect(meetCapabilities(rw, covers(spool), [readOnly]).missing.map((one) => one.by)).toEqual(["ceiling"]);
  });

  it("says who did not cover it", () => {
    const wanted = wishes({ ...fan, maxHz: 1 });
    const by = (granted: readonly Cover[], ceilings: readonly (readonly Cover[])[]) =>
      meetCapabilities(wanted, granted, ceilings).missing.map((one) => one.by);
    expect(by([], [covers(fan)])).toEqual(["grant"]);
    expect(by(covers(fan), [[]])).toEqual(["ceiling"]);
    expect(by(covers(fan), [])).toEqual(["ceiling"]);
    expect(by([], [])).toEqual(["both"]);
  });

  it("gives nothing when one of two matching ceilings does not cover it: adding a ceiling only narrows", () => {
    expect(meetCapabilities(wishes({ ...fan, maxHz: 1 }), covers(fan), [covers(fan), []]).effective).toEqual([]);
  });

  it("does not take an input's grant for an output's", () => {
    const granted = covers({ ...fan, dir: "in" });
    expect(meetCapabilities(wishes({ ...fan, maxHz: 1 }), granted, [covers(fan)]).effective).toEqual([]);
  });

  it("lowers quality of service, clock resolution and identity to what is covered", () => {
    const wanted = wishes(
      { cap: "publish", channel: "a", qos: 1, perMin: 60, maxBytes: 100 },
      { cap: "clock", resolution: "fine" },
      { cap: "identity", what: ["device-id", "module"] },
    );
    const granted = covers(
      { cap: "publish", channel: "a", qos: 0 },
      { cap: "clock", resolution: "coarse" },
      { cap: "identity", what: ["module"] },
    );
    const all = covers({ cap: "publish", channel: "a" }, { cap: "clock" }, { cap: "identity" });
    expect(meetCapabilities(wanted, granted, [all]).effective).toEqual([
      { cap: "publish", channel: "a", qos: 0, perMin: 60, maxBytes: 100 },
      { cap: "clock", resolution: "coarse" },
      { cap: "identity", what: ["module"] },
    ]);
  });

  it("refuses a list that names one capability twice, because it would be open which entry holds", () => {
    expect(parseShape(coversShape, [fan, { ...fan, dir: "in" }], "covers").ok).toBe(false);
  });

  it("refuses patterns as names", () => {
    for (const line of ["*", "fan*", "#", "+", "../fan", "fan/0", ""]) {
      expect(parseShape(coversShape, [{ ...fan, line }], "covers").ok, line).toBe(false);
    }
  });
});

describe("a rule", () => {
  const device = { id: "pi-7", class: "gateway", region: "eu" };

  it("matches nothing unless it says so", () => {
    expect(matchesDevice({}, device)).toBe(false);
    expect(matchesDevice({ all: true }, device)).toBe(true);
  });

  it("needs every named fact to be equal", () => {
    expect(matchesDevice({ class: "gateway", region: "us" }, device)).toBe(false);
    expect(matchesDevice({ class: "gateway", region: "eu", all: true }, device)).toBe(true);
  });

  it("about another team's module does not count", () => {
    const ceiling = { devices: { all: true }, modules: { team: "acme" as never }, capabilities: [] };
    expect(matchingCeilings([ceiling], device, { team: "other", name: "x" })).toEqual([]);
    expect(matchingCeilings([ceiling], device, { team: "acme", name: "x" })).toEqual([[]]);
  });
});
