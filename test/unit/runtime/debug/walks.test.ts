/** Random walks: whatever way a position is come to, the program stands there in the same state. */
import { describe, expect, it } from "vitest";
import {
  anyInstruction,
  anyLine,
  type Debugger,
  instructionBeyond,
  lineBeyond,
  nextLine,
  onwards,
  returned,
} from "../../../../runtime/debug/index.ts";
import { debuggerOf, readings, stateOf } from "./rig.ts";

const HISTORY = { marks: 5, distance: 400, bytesAnInstruction: Number.POSITIVE_INFINITY };
const MOVES = 40;

/** mulberry32 */
function seeded(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function move(one: Debugger, random: (below: number) => number): void {
  const start = { depth: one.here?.depth ?? 0, line: one.here?.line ?? 0 };
  const goals = [
    anyInstruction,
    anyLine,
    nextLine(start),
    lineBeyond(start),
    instructionBeyond(start),
    returned(start),
  ];
  const goal = goals[random(goals.length)] ?? onwards;
  switch (random(8)) {
    case 0:
      one.seek(random(one.position + 1));
      return;
    case 1:
    case 2:
      one.backward(goal);
      return;
    case 3:
      one.forward(onwards, 1 + random(900));
      return;
    default:
      one.forward(goal, 3000);
  }
}

describe("a walk through a program", () => {
  for (const seed of [1, 2]) {
    it(`finds each position as it was left (seed ${seed})`, () => {
      const random = seeded(seed);
      const { program, printed } = readings("7", "9");
      const one = debuggerOf(program, { history: HISTORY });
      if (seed === 2) one.stops.watch(one.guest.memory, 1024, 4096);
      const states = new Map<number, string>();
      for (let n = 0; n < MOVES; n += 1) {
        move(one, random);
        const state = stateOf(one);
        expect(state, `at position ${one.position} after move ${n}`).toBe(states.get(one.position) ?? state);
        states.set(one.position, state);
      }
      while (one.forward(onwards).kind === "watch");
      expect(one.stopped).toMatchObject({ kind: "returned" });
      expect(printed.join("")).toBe("7 -> 7\n9 -> 7\nmean 8\n");
    });
  }
});
