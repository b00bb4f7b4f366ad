/**
 * When large downloads are allowed: spans of local time on days of the week, in a zone of the IANA database, as `Intl`
 * knows it. A span whose end is not after its start ends on the next day. Where a clock is put forward, a start that
 * does not exist is the moment after the gap; where it is put back, the hour that comes twice counts twice.
 */
import { assert } from "../../runtime/kernel/assert.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface OpenSpan {
  /** The days on which it begins. */
  readonly days: readonly Weekday[];
  /** Local time, `HH:MM`, included. */
  readonly from: string;
  /** Local time, `HH:MM`, excluded; `24:00` is the end of the day. */
  readonly to: string;
}

export interface DownloadWindow {
  /** A name of the IANA database, e.g. `Europe/Berlin`. */
  readonly zone: string;
  readonly open: readonly OpenSpan[];
  /** Modules and deltas up to this many bytes are allowed at any time, and so is everything that is neither. */
  readonly freeBytes: number;
}

export interface Gate {
  /** Whether it is open at that moment, milliseconds since the epoch. */
  isOpen(at: number): boolean;
  /** The next moment, a full minute, at which that changes; undefined if it never does within eight days. */
  nextChange(at: number): number | undefined;
}

const DAY = 1440;
const WEEK = 7 * DAY;
const MINUTE_MS = 60_000;
/** Zones change their offset at full quarters of an hour, so that within a step the minutes of the week are even. */
const STEP_MINUTES = 15;
const HORIZON_MINUTES = 8 * DAY;

export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

export function openGate(window: Pick<DownloadWindow, "zone" | "open">): Gate {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: window.zone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const spans = window.open.flatMap(({ days, from, to }) =>
    days.map((day) => {
      const start = WEEKDAYS.indexOf(day) * DAY + minutes(from);
      const length = minutes(to) - minutes(from);
      return { start, length: length > 0 ? length : length + DAY };
    }),
  );

  function minuteOfWeek(at: number): number {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const name = parts.get("weekday")?.slice(0, 3).toLowerCase();
    const day = (WEEKDAYS as readonly (string | undefined)[]).indexOf(name);
    assert(day >= 0, "English names of days begin as ours");
    return day * DAY + Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
  }
  const isOpen = (at: number) => {
    const minute = minuteOfWeek(at);
    return spans.some(({ start, length }) => (minute - start + WEEK) % WEEK < length);
  };

  return {
    isOpen,
    nextChange(at) {
      const now = isOpen(at);
      const first = Math.floor(at / MINUTE_MS) * MINUTE_MS;
      const end = first + HORIZON_MINUTES * MINUTE_MS;
      const edges = spans.map((one) => (now ? one.start + one.length : one.start));
      for (let moment = first; moment < end; ) {
        const minute = minuteOfWeek(moment);
        // The way to the next edge if the zone's offset stays: but no further than the offset is sure to stay.
        const ways = edges.map((edge) => (((edge - minute) % WEEK) + WEEK) % WEEK || WEEK);
        const toQuarter = STEP_MINUTES - ((moment / MINUTE_MS) % STEP_MINUTES);
        moment += Math.min(toQuarter, ...ways) * MINUTE_MS;
        if (isOpen(moment) !== now) return moment;
      }
      return undefined;
    },
  };
}

function minutes(text: string): number {
  const [hour, minute] = text.split(":");
  return Number(hour) * 60 + Number(minute);
}
