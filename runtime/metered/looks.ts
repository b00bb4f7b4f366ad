/**
 * Where a body looks at the epoch. A call that does little is not worth a look: the look stands at the head of the first
 * segment that calls, begins a loop or does something in bulk, so that a recursion's innermost calls go without, as do leaves.
 * What goes without executes less than SHORT instructions; whatever repeats itself passes a look or counts its turns.
 */
import type { BodyScan, Construct } from "./scan.ts";

/** Instructions that may go by, by their number in the body, before there is a look all the same. */
const SHORT = 1024;
/** log2 of the instructions in a loop's body for which a turn counts twice. */
const TURN_SHIFT = 14;

export interface Looks {
  /** By segment: 1 where there is a look at its head. */
  readonly heads: Uint8Array;
  /** How much a turn counts, by the offset of the loop's contents; 1 where it is not mentioned. */
  readonly weights: ReadonlyMap<number, number>;
}

/** `turns`: what is counted down from. A turn counts half of that at most, so that every entry into a loop makes one. */
export function planLooks(scan: BodyScan, turns: number): Looks {
  return { heads: headsOf(scan), weights: weightsOf(scan, turns) };
}

function headsOf({ segments, constructs }: BodyScan): Uint8Array {
  const heads = new Uint8Array(segments.length);
  // A look is passed by all that follows it up to the end of the arm in which it stands: nothing jumps in between.
  let covered = 0;
  let gone = 0;
  for (const [n, { at, busy, cost, construct }] of segments.entries()) {
    if (at < covered) continue;
    gone += cost;
    if (!busy && gone <= SHORT) continue;
    heads[n] = 1;
    const around = constructs[construct];
    covered = around === undefined ? Number.POSITIVE_INFINITY : endOfArm(around, at);
  }
  return heads;
}

function endOfArm({ elseAt, endAt }: Construct, at: number): number {
  return elseAt !== -1 && at <= elseAt ? elseAt : endAt;
}

/** A loop's turn counts for its size, in which a call is as much as a call can do without a look. */
function weightsOf({ segments, constructs, returns }: BodyScan, turns: number): Map<number, number> {
  const weights = new Map<number, number>();
  const most = Math.max(1, turns >> 1);
  let total = 0;
  const sizes = segments.map(({ cost }) => {
    total += cost;
    return total;
  });
  const before = (at: number) => {
    const segment = countBelow(segments, at, (one) => one.at);
    return (sizes[segment - 1] ?? 0) + SHORT * countBelow(returns, at, (one) => one);
  };
  for (const { kind, inside, endAt } of constructs) {
    if (kind !== "loop") continue;
    const weight = 1 + ((before(endAt) - before(inside)) >> TURN_SHIFT);
    if (weight > 1) weights.set(inside, Math.min(weight, most));
  }
  return weights;
}

/** How many of an ascending list lie before an offset. */
function countBelow<T>(list: readonly T[], offset: number, at: (one: T) => number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(list[middle] as T) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
