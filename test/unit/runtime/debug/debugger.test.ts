/** The debugger goes forwards and backwards over the same past, and the host hears nothing of it. */
import { describe, expect, it } from "vitest";
import {
  anyInstruction,
  anyLine,
  Debugger,
  lineBeyond,
  locate,
  nextLine,
  onwards,
  programOf,
  returned,
  type Stop,
} from "../../../../runtime/debug/index.ts";
import { HostRef } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { assemble } from "../../../guests/guests.ts";
import { debuggerOf, inspectorOf, readings, small, stateOf } from "./rig.ts";

const FEW = { marks: 4, bytes: 1 << 24, distance: 300, bytesAnInstruction: Number.POSITIVE_INFINITY };

function breakAt(one: Debugger, text: string) {
  const { instructions, lines } = one;
  const found = locate(text, { instructions, lines, inspector: inspectorOf(one) });
  if (found === undefined) throw new Error(`no code at ${text}`);
  return one.stops.break(text, found.places);
}

const lineOf = (one: Debugger) => one.lines.info?.lineAt(one.here?.offset ?? -1)?.line;
/** A local variable of C, which lies in memory at -O0: found through what the function stores. */
const words = (one: Debugger, address: number, count: number) => {
  const bytes = one.guest.memory.read(address, count * 4) ?? new Uint8Array(0);
  return [...new Int32Array(bytes.buffer)];
};

describe("forwards", () => {
  it("stops at a line each time it is come to, and says which breakpoint it was", () => {
    const one = debuggerOf(readings("5", "6", "7").program);
    const point = breakAt(one, "readings.c:20");
    for (let n = 0; n < 3; n += 1) {
      expect(one.forward(onwards)).toEqual({ kind: "breakpoint", hits: [point] });
      expect(lineOf(one)).toBe(20);
    }
    expect(one.forward(onwards)).toMatchObject({ kind: "returned" });
  });

  it("stops after the prologue of a function that is named", () => {
    const one = debuggerOf(readings("5").program);
    breakAt(one, "readings.c:18");
    one.forward(onwards);
    expect(lineOf(one)).toBe(19);
  });

  it("steps into calls of the program's own and over those of libraries", () => {
    const one = debuggerOf(readings("5", "6").program);
    breakAt(one, "readings.c:37");
    one.forward(onwards);
    one.stops.delete(1);
    const seen: unknown[] = [];
    for (let n = 0; n < 8; n += 1) {
      const { depth, line } = one.here ?? { depth: 0, line: 0 };
      one.forward(nextLine({ depth, line }));
      seen.push(lineOf(one));
    }
    expect(seen).toEqual([19, 20, 21, 22, 23, 37, 19, 20]);
  });

  it("steps over calls, and out of them", () => {
    const one = debuggerOf(readings("5", "6").program);
    breakAt(one, "readings.c:47");
    one.forward(onwards);
    one.forward(lineBeyond({ depth: one.here?.depth ?? 0, line: one.here?.line ?? 0 }));
    expect(lineOf(one)).toBe(48);
    one.seek(0);
    breakAt(one, "sum");
    one.forward(onwards);
    one.forward(onwards);
    expect(lineOf(one)).toBe(26);
    const { depth } = one.here ?? { depth: 0 };
    one.forward(returned({ depth, line: 0 }));
    expect(one.here?.depth).toBe(depth + 1);
    one.stops.delete(2);
    one.forward(returned({ depth, line: 0 }));
    expect(one.here?.depth).toBe(depth - 1);
    expect(lineOf(one)).toBe(47);
  });

  it("lets the caller in after so many instructions", () => {
    const one = debuggerOf(readings().program);
    expect(one.forward(onwards, 1000)).toEqual({ kind: "budget" });
    expect(one.position).toBe(1000);
  });
});

describe("backwards", () => {
  it("finds the same state at every position that was passed", () => {
    const one = debuggerOf(readings("5", "6").program, { history: FEW });
    const states = new Map<number, string>();
    for (;;) {
      states.set(one.position, stateOf(one));
      if (one.forward(anyInstruction).kind === "returned") break;
      if (states.size > 40) break;
      one.forward(onwards, 171);
    }
    for (const [position, state] of [...states].reverse()) {
      expect(one.seek(position)).toEqual({ kind: "step" });
      expect(one.position).toBe(position);
      expect(stateOf(one)).toBe(state);
    }
  });

  it("goes through the lines it came by, in reverse", () => {
    const one = debuggerOf(readings("5", "6").program, { history: FEW });
    breakAt(one, "readings.c:19");
    one.forward(onwards);
    one.stops.delete(1);
    const passed: unknown[] = [];
    for (let n = 0; n < 12; n += 1) {
      passed.push([one.position, lineOf(one)]);
      one.forward(nextLine({ depth: one.here?.depth ?? 0, line: one.here?.line ?? 0 }));
    }
    const back: unknown[] = [];
    for (let n = 0; n < 12; n += 1) {
      one.backward(anyLine);
      back.push([one.position, lineOf(one)]);
    }
    expect(back.reverse()).toEqual(passed);
  });

  it("prints nothing twice, and goes on printing where it had stopped", () => {
    const whole = readings("5", "6", "7");
    debuggerOf(whole.program).forward(onwards);
    const { program, printed } = readings("5", "6", "7");
    const one = debuggerOf(program, { history: FEW });
    breakAt(one, "readings.c:45");
    for (let n = 0; n < 3; n += 1) one.forward(onwards);
    const before = printed.join("");
    one.seek(10);
    for (let n = 0; n < 3; n += 1) one.forward(onwards);
    expect(printed.join("")).toBe(before);
    one.forward(onwards);
    one.seek(3000);
    one.forward(onwards);
    expect(printed.join("")).toBe(whole.printed.join(""));
  });

  it("comes back from the end, and from before the beginning to the beginning", () => {
    const one = debuggerOf(readings("5").program, { history: FEW });
    expect(one.forward(onwards)).toMatchObject({ kind: "returned" });
    const end = one.position;
    one.backward(anyInstruction);
    expect(one.position).toBe(end - 1);
    expect(one.backward(onwards)).toEqual({ kind: "start" });
    expect(one.position).toBe(0);
    expect(one.backward(anyInstruction)).toEqual({ kind: "start" });
  });

  it("can be left while it is being searched, and the program put back to where it stood", () => {
    const one = debuggerOf(readings("5").program, { history: FEW });
    one.forward(onwards, 5000);
    const state = stateOf(one);
    const search = one.backwards(onwards, 100);
    for (let n = 0; n < 7; n += 1) expect(search.next().done).toBe(false);
    one.seek(5000);
    expect(stateOf(one)).toBe(state);
  });

  it("remembers from later on when the host's answers are forgotten", () => {
    const one = debuggerOf(readings().program, { history: { ...FEW, answerBytes: 900 } });
    one.forward(onwards);
    expect(one.pastFrom).toBeGreaterThan(0);
    expect(one.seek(0)).toEqual({ kind: "start" });
    expect(one.position).toBe(one.pastFrom);
    expect(one.forward(onwards)).toMatchObject({ kind: "returned" });
  });
});

describe("a program that holds something of the host's", () => {
  const holder = assemble(`(module (import "h" "get" (func $get (result externref)))
    (func (export "f") (param $n i32) (result i32) (local $held externref)
      (loop $again
        (local.set $held (call $get))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $again (local.get $n)))
      (ref.is_null (local.get $held))))`);
  const open = (answerBytes: number) => {
    const program = unwrap(programOf(holder, () => () => [{ type: "ref", value: new HostRef("a door") }]));
    return unwrap(
      Debugger.open(program, "f", [{ type: "i32", value: 30 }], { history: { ...FEW, distance: 10, answerBytes } }),
    );
  };
  const end = { kind: "returned", values: [{ type: "i32", value: 0 }] };

  it("is taken back to before it held it", () => {
    const one = open(1e6);
    expect(one.forward(onwards)).toEqual(end);
    one.seek(5);
    expect(one.position).toBe(5);
    expect(one.forward(onwards)).toEqual(end);
  });

  it("runs on without a past when its answers become too many", () => {
    const one = open(1000);
    expect(one.forward(onwards, 100)).toEqual({ kind: "budget" });
    expect(one.backward(anyInstruction)).toEqual({ kind: "start" });
    expect(one.position).toBe(100);
    expect(one.pastFrom).toBe(100);
    expect(one.forward(onwards)).toEqual(end);
  });
});

describe("a watch", () => {
  it("says what was written and by which instruction, both ways", () => {
    const one = debuggerOf(readings("5", "6").program, { history: FEW });
    breakAt(one, "readings.c:22");
    one.forward(onwards);
    one.stops.delete(1);
    // `count` is what line 22 writes: its address is found by looking for the word that becomes 1.
    const before = words(one, 0, one.guest.memory.size / 4);
    one.forward(nextLine({ depth: one.here?.depth ?? 0, line: 22 }));
    const after = words(one, 0, one.guest.memory.size / 4);
    const at = 4 * after.findIndex((word, n) => word === 1 && before[n] === 0 && n * 4 < 16_384);
    one.stops.watch(one.guest.memory, at, 4);
    const stop = one.forward(onwards) as Extract<Stop, { kind: "watch" }>;
    expect(stop.kind).toBe("watch");
    expect(stop.written[0]).toMatchObject({ before: Uint8Array.of(1, 0, 0, 0), after: Uint8Array.of(2, 0, 0, 0) });
    const by = stop.written[0]?.by ?? 0;
    expect(one.lines.info?.lineAt(by)?.line).toBe(22);
    expect(one.instructions.nameAt(by)).toBe("i32.store");
    const back = one.backward(onwards) as Extract<Stop, { kind: "watch" }>;
    expect(back.written[0]).toMatchObject({ before: Uint8Array.of(0, 0, 0, 0), after: Uint8Array.of(1, 0, 0, 0) });
  });
});

describe("a trap", () => {
  // 7 / local 0
  const divide = small(0x41, 7, 0x20, 0, 0x6d);

  it("leaves the program standing before the instruction that trapped", () => {
    const program = unwrap(programOf(divide, () => () => []));
    const one = unwrap(Debugger.open(program, "f", [{ type: "i32", value: 0 }]));
    const stop = one.forward(onwards);
    expect(stop).toMatchObject({ kind: "trapped", fault: { code: "TRAP_DIVIDE_BY_ZERO" } });
    expect(one.instructions.nameAt(one.here?.offset ?? 0)).toBe("i32.div_s");
    one.backward(anyInstruction);
    expect(one.instructions.nameAt(one.here?.offset ?? 0)).toBe("local.get");
  });

  it("is told again when the program is let on again", () => {
    const program = unwrap(programOf(divide, () => () => []));
    const one = unwrap(Debugger.open(program, "f", [{ type: "i32", value: 0 }]));
    one.forward(onwards);
    expect(one.forward(onwards)).toMatchObject({ kind: "trapped" });
  });

  it("of an empty tank is one", () => {
    // loop br 0 end
    const program = unwrap(programOf(small(0x03, 0x40, 0x0c, 0, 0x0b, 0), () => () => [], 1000));
    const one = unwrap(Debugger.open(program, "f", [{ type: "i32", value: 0 }]));
    expect(one.forward(onwards)).toMatchObject({ kind: "trapped", fault: { code: "TRAP_FUEL" } });
  });
});

describe("the host", () => {
  it("is asked once for each answer, however often the past is visited", () => {
    let asked = 0;
    const tick = () => {
      asked += 1;
      return [{ type: "i32", value: asked } as const];
    };
    // tick() + tick()
    const program = unwrap(programOf(small(0x10, 0, 0x10, 0, 0x6a), () => tick));
    const one = unwrap(Debugger.open(program, "f", [{ type: "i32", value: 0 }]));
    for (let n = 0; n < 3; n += 1) {
      expect(one.forward(onwards)).toEqual({ kind: "returned", values: [{ type: "i32", value: 3 }] });
      one.seek(0);
    }
    expect(asked).toBe(2);
  });
});
