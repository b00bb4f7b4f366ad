/** Download windows in local time: nights that pass midnight, clocks that are put forward and back. */
import { describe, expect, it } from "vitest";
import { isZone, type OpenSpan, openGate, WEEKDAYS } from "../../../../updater/client/window.ts";

const at = (text: string) => Date.parse(text);
const iso = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString());
const gate = (zone: string, ...open: OpenSpan[]) => openGate({ zone, open });
const nightly = (from: string, to: string): OpenSpan => ({ days: WEEKDAYS, from, to });

describe("a download window", () => {
  it("is open from its first minute to before its last, in its own zone", () => {
    const berlin = gate("Europe/Berlin", nightly("01:00", "05:00"));
    expect(berlin.isOpen(at("2026-01-10T00:00:00Z"))).toBe(true);
    expect(berlin.isOpen(at("2026-01-10T03:59:59Z"))).toBe(true);
    expect(berlin.isOpen(at("2026-01-10T04:00:00Z"))).toBe(false);
    expect(berlin.isOpen(at("2026-07-10T23:00:00Z"))).toBe(true);
    expect(iso(berlin.nextChange(at("2026-01-10T04:00:30Z")))).toBe("2026-01-11T00:00:00.000Z");
    expect(iso(berlin.nextChange(at("2026-01-10T00:10:30Z")))).toBe("2026-01-10T04:00:00.000Z");
  });

  it("may pass midnight, and the end of the week", () => {
    const utc = gate("UTC", { days: ["sun"], from: "22:00", to: "04:00" });
    expect(utc.isOpen(at("2026-11-22T21:59:00Z"))).toBe(false);
    expect(utc.isOpen(at("2026-11-22T22:00:00Z"))).toBe(true);
    expect(utc.isOpen(at("2026-11-23T03:59:00Z"))).toBe(true);
    expect(utc.isOpen(at("2026-11-23T04:00:00Z"))).toBe(false);
    expect(iso(utc.nextChange(at("2026-11-23T12:00:00Z")))).toBe("2026-11-29T22:00:00.000Z");
  });

  it("of a whole day is the day until 24:00", () => {
    const utc = gate("UTC", { days: ["sat"], from: "00:00", to: "24:00" });
    expect(iso(utc.nextChange(at("2026-11-21T09:00:00Z")))).toBe("2026-11-22T00:00:00.000Z");
    expect(utc.isOpen(at("2026-11-21T23:59:59Z"))).toBe(true);
  });

  it("whose start the clock jumps over opens after the gap", () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00.
    const berlin = gate("Europe/Berlin", nightly("02:30", "04:00"));
    expect(iso(berlin.nextChange(at("2026-03-28T12:00:00Z")))).toBe("2026-03-29T01:00:00.000Z");
    expect(iso(berlin.nextChange(at("2026-03-29T01:00:00Z")))).toBe("2026-03-29T02:00:00.000Z");
  });

  it("in the hour that comes twice is open twice", () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00.
    const berlin = gate("Europe/Berlin", nightly("02:00", "02:45"));
    expect(iso(berlin.nextChange(at("2026-10-24T12:00:00Z")))).toBe("2026-10-25T00:00:00.000Z");
    expect(iso(berlin.nextChange(at("2026-10-25T00:10:00Z")))).toBe("2026-10-25T00:45:00.000Z");
    expect(iso(berlin.nextChange(at("2026-10-25T00:45:00Z")))).toBe("2026-10-25T01:00:00.000Z");
  });

  it("follows zones with odd offsets", () => {
    const kathmandu = gate("Asia/Kathmandu", nightly("00:00", "01:00"));
    expect(iso(kathmandu.nextChange(at("2026-05-01T12:00:00Z")))).toBe("2026-05-01T18:15:00.000Z");
    const lordHowe = gate("Australia/Lord_Howe", nightly("02:15", "03:00"));
    expect(iso(lordHowe.nextChange(at("2026-10-03T02:00:00Z")))).toBe("2026-10-03T15:30:00.000Z");
  });

  it("that never ends, or never comes, does not change", () => {
    const moment = at("2026-05-01T12:00:00Z");
    expect(gate("UTC", nightly("00:00", "24:00")).nextChange(moment)).toBeUndefined();
    expect(gate("UTC").nextChange(moment)).toBeUndefined();
    expect(gate("UTC").isOpen(moment)).toBe(false);
  });

  it("agrees, minute by minute over a week, with asking whether it is open", () => {
    const vienna = gate("Europe/Vienna", nightly("23:10", "02:20"), { days: ["wed"], from: "12:00", to: "12:01" });
    const start = at("2026-10-21T00:00:00Z");
    for (let moment = start; moment < start + 7 * 86_400_000; ) {
      const change = vienna.nextChange(moment) ?? Number.NaN;
      const state = vienna.isOpen(moment);
      expect(vienna.isOpen(change)).toBe(!state);
      expect(vienna.isOpen(change - 60_000)).toBe(state);
      moment = change;
    }
  });

  it("knows zones of the IANA database and nothing else", () => {
    expect(["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"].every(isZone)).toBe(true);
    expect(["", "Mars/Olympus", "Europe/Berlin "].some(isZone)).toBe(false);
  });
});
