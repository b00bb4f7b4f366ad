/**
 * A debugger over one call of a program: breakpoints, steps by instruction and by source line, watched memory, and the
 * same backwards. A position is the number of instructions executed. Going back restores the snapshot before and executes
 * again up to the position wanted, with the host's answers repeated from a log, so the past is the same every time.
 */

import { trapFault } from "../faults.ts";
import { type Activation, type FunctionInstance, type Probe, restore, type Value } from "../interpret/index.ts";
import { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../kernel/result.ts";
import { type Guest, type GuestOptions, openGuest, type Program, snapshotOf } from "./guest.ts";
import { HISTORY_LIMITS, History, type HistoryLimits, type Mark } from "./history.ts";
import { HostLog } from "./host-log.ts";
import { Instructions } from "./instructions.ts";
import { LineMap } from "./line-map.ts";
import type { SourceInfo } from "./source.ts";
import type { Goal, Here, Stop } from "./stop.ts";
import { StopPoints } from "./stop-points.ts";

/** Instructions between a mark and a place gone back to that are worth another mark, and its distance from there. */
const FAR = 100_000;
const NEAR = 20_000;

type Decide = (here: Here, previousOffset: number) => Stop | undefined;
/** The line that a stepping person has seen last. */
interface Shown {
  readonly depth: number;
  readonly line: number;
  /** Offset of the instruction before. */
  readonly offset: number;
}

interface Found {
  readonly position: number;
  readonly stop: Stop;
}

export interface DebuggerOptions {
  readonly info?: SourceInfo;
  /** Files whose lines are stepped by; others are passed over. All of them unless given. */
  readonly own?: (file: string) => boolean;
  readonly history?: Partial<HistoryLimits>;
  readonly stops?: StopPoints;
}

export class Debugger {
  readonly program: Program;
  readonly instructions: Instructions;
  readonly lines: LineMap;
  readonly stops: StopPoints;
  readonly #log = new HostLog();
  readonly #history: History<Shown>;
  #guest: Guest;
  #call: Activation | undefined;
  /** Probes are counted: the call has begun. */
  #live = false;
  #next = 0;
  #decide: Decide = () => undefined;
  #stopped: Stop = { kind: "start" };
  readonly #here: Here = { position: 0, offset: 0, depth: 0, line: 0, entered: false };
  #shown = { depth: -1, line: 0, offset: -1 };
  /** The same before the instruction at hand. */
  readonly #before = { depth: -1, line: 0, offset: -1 };
  /** A mark besides the regular ones, shortly before where somebody went back to. */
  #near: Mark<Shown> | undefined;
  /** No regular mark is taken before this position. */
  #due = 0;
  /** What the log took at the newest mark. */
  #markedCost = 0;

  /** Ready at the first instruction of an exported function. */
  static open(
    program: Program,
    entry: string,
    args: readonly Value[],
    options: DebuggerOptions = {},
  ): Result<Debugger, Fault> {
    return attemptSync(() => {
      const one = new Debugger(program, options);
      const f = one.#guest.instance.exports.get(entry);
      if (f?.kind !== "function") throw new TypeError(`the program exports no function ${entry}`);
      one.#begin(f, args);
      return one;
    });
  }

  private constructor(program: Program, { info, own, history, stops }: DebuggerOptions) {
    this.program = program;
    this.instructions = new Instructions(program.valid.module);
    this.lines = new LineMap(this.instructions, info, own);
    this.stops = stops ?? new StopPoints();
    this.#history = new History({ ...HISTORY_LIMITS, ...history });
    this.#guest = unwrap(openGuest(program, { probe: this.#probe, around: this.#around }));
  }

  get guest(): Guest {
    return this.#guest;
  }

  /** Instructions executed so far. */
  get position(): number {
    return this.#over() ? this.#next : this.#here.position;
  }

  /** Why the program stands where it stands. */
  get stopped(): Stop {
    return this.#stopped;
  }

  /** Where the program stands; undefined when it is over. */
  get here(): Readonly<Here> | undefined {
    return this.#over() ? undefined : this.#here;
  }

  /** The first position that can be gone back to. */
  get pastFrom(): number {
    return this.#history.marks[0]?.position ?? this.position;
  }

  // --- forwards

  /** Runs until the goal, a breakpoint, a written watch, the end, or so many instructions. */
  forward(goal: Goal, budget: number = Number.POSITIVE_INFINITY): Stop {
    if (this.#over()) return this.#stopped;
    const until = this.#here.position + budget;
    const stop = this.#run((here, previous) => {
      const written = this.stops.written(this.#guest.memory, previous);
      if (written.length > 0) return { kind: "watch", written };
      const hits = this.stops.hits(here);
      if (hits.length > 0) return { kind: "breakpoint", hits };
      if (goal(here)) return { kind: "step" };
      return here.position >= until ? { kind: "budget" } : undefined;
    });
    return this.#settle(stop);
  }

  // --- backwards

  /** To the position wanted, or to the beginning of what is kept. */
  seek(position: number): Stop {
    const marks = this.#marks();
    const mark = marks.findLast((one) => one.position <= position) ?? marks[0];
    if (mark === undefined) return this.#settle({ kind: "start" });
    const target = Math.max(position, mark.position);
    this.#restore(mark);
    // Whoever goes back will go back again: a mark close by makes that quick.
    if (target - mark.position > FAR) {
      this.#runTo(target - NEAR);
      this.#near = this.#take();
    }
    const stop = this.#runTo(target);
    this.stops.refresh(this.#guest.memory);
    return this.#settle(target > position ? { kind: "start" } : stop);
  }

  /** To the last position before this one where the goal, a breakpoint or a watch would have stopped the program. */
  backward(goal: Goal): Stop {
    const search = this.backwards(goal, Number.POSITIVE_INFINITY);
    for (;;) {
      const { done, value } = search.next();
      if (done === true) return value;
    }
  }

  /** The same, to be looked up from after every so many instructions. Left early, it stands somewhere in the past. */
  *backwards(goal: Goal, slice: number): Generator<undefined, Stop> {
    let limit = this.position;
    for (const mark of this.#marks().toReversed()) {
      if (mark.position >= limit) continue;
      const found = yield* this.#scan(mark, limit, goal, slice);
      if (found !== undefined) {
        this.seek(found.position);
        return this.#settle(found.stop);
      }
      limit = mark.position;
    }
    this.seek(this.pastFrom);
    return this.#settle({ kind: "start" });
  }

  /** In the order of their positions. */
  #marks(): readonly Mark<Shown>[] {
    const near = this.#near;
    const { marks } = this.#history;
    if (near === undefined || marks.some(({ position }) => position === near.position)) return marks;
    const after = marks.findIndex(({ position }) => position > near.position);
    return after < 0 ? [...marks, near] : marks.toSpliced(after, 0, near);
  }

  #runTo(target: number): Stop {
    return this.#run((here) => (here.position === target ? { kind: "step" } : undefined));
  }

  /** The last stop in a stretch of the past. */
  *#scan(mark: Mark<Shown>, limit: number, goal: Goal, slice: number): Generator<undefined, Found | undefined> {
    let found: Found | undefined;
    let until = mark.position + slice;
    this.#restore(mark);
    this.stops.refresh(this.#guest.memory);
    const look: Decide = (here, previous) => {
      const { position } = here;
      if (position >= limit) return { kind: "step" };
      const written = this.stops.written(this.#guest.memory, previous);
      const hits = this.stops.hits(here);
      if (written.length > 0) found = { position, stop: { kind: "watch", written } };
      else if (hits.length > 0) found = { position, stop: { kind: "breakpoint", hits } };
      else if (goal(here)) found = { position, stop: { kind: "step" } };
      return position >= until ? { kind: "budget" } : undefined;
    };
    while (this.#run(look).kind === "budget") {
      until += slice;
      yield;
    }
    return found;
  }

  #restore(mark: Mark<Shown>): void {
    this.#live = false;
    this.#guest = unwrap(openGuest(this.program, { probe: this.#probe, around: this.#around, adopt: true }));
    this.#call = unwrap(restore(this.#guest.store, mark.file));
    this.#log.rewind(mark.answers);
    this.#next = mark.position;
    this.#shown = { ...mark.note };
    this.#live = true;
  }

  // --- the run

  #begin(f: FunctionInstance, args: readonly Value[]): void {
    const begun = this.#guest.store.begin(f, args);
    this.#live = true;
    this.#call = unwrap(begun);
    this.#settle(this.#run(() => ({ kind: "start" })));
  }

  /** A trap is looked at from before the instruction that trapped: the frames are gone after it. */
  #settle(stop: Stop): Stop {
    if (stop.kind === "trapped" && this.#history.marks.length > 0) this.seek(this.#next - 1);
    this.#stopped = stop;
    return stop;
  }

  #over(): boolean {
    return this.#call === undefined;
  }

  #run(decide: Decide): Stop {
    let stop: Stop | undefined;
    this.#decide = (here, previous) => {
      stop = decide(here, previous);
      return stop ?? (this.#isDue(here) ? { kind: "budget" } : undefined);
    };
    for (;;) {
      const over = this.#go();
      if (over === undefined && this.#isDue(this.#here)) this.#mark();
      const answer = over ?? stop;
      if (answer !== undefined) return answer;
    }
  }

  #isDue({ position }: Here): boolean {
    if (position >= this.#due) {
      this.#due = this.#history.dueAt(this.#guest.memory.size);
      if (position >= this.#due) return true;
    }
    // Answers that pile up are a reason, too: only what is before a mark can be given up.
    return this.#log.cost - this.#markedCost > this.#history.limits.answerBytes / 4 && this.#log.atEnd;
  }

  /** Undefined when it stands at a probe. */
  #go(): Stop | undefined {
    const call = this.#call;
    if (call === undefined) throw new Error("the program is over");
    try {
      const progress = call.run();
      if (progress.state === "probe") return undefined;
      this.#call = undefined;
      if (progress.state === "done") return { kind: "returned", values: progress.values };
      if (progress.state === "failed") return { kind: "trapped", fault: progress.fault };
      const code = progress.state === "fuel" ? "TRAP_FUEL" : "TRAP_WAITING";
      return { kind: "trapped", fault: trapFault(code, { where: this.#guest.store.backtrace() }) };
    } catch (thrown) {
      this.#call = undefined;
      if (thrown instanceof Fault) return { kind: "trapped", fault: thrown };
      return { kind: "ended", thrown };
    }
  }

  #take(): Mark<Shown> | undefined {
    const file = this.#call === undefined ? undefined : snapshotOf(this.#guest, this.#call);
    const { position } = this.#here;
    return file === undefined ? undefined : { position, file, answers: this.#log.cursor, note: { ...this.#before } };
  }

  #mark(): void {
    const mark = this.#take();
    const { answerBytes, distance } = this.#history.limits;
    if (mark === undefined) this.#due = this.#here.position + distance;
    else this.#history.add(mark);
    while (this.#log.cost > answerBytes) {
      // Where no mark can be made, the past is given up altogether.
      const answers = this.#history.forgetOldest(mark === undefined);
      if (answers === undefined && mark !== undefined) break;
      this.#near = undefined;
      this.#log.forgetBefore(answers ?? this.#log.cursor);
      if (answers === undefined) break;
    }
    this.#markedCost = this.#log.cost;
  }

  readonly #around: NonNullable<GuestOptions["around"]> = (host, args, memory) =>
    this.#live ? this.#log.call(host, args, memory) : host(args, memory);

  readonly #probe: Probe = ({ machine, offset }) => {
    if (!this.#live) return undefined;
    const here = this.#here;
    const shown = this.#shown;
    const before = this.#before;
    before.depth = shown.depth;
    before.line = shown.line;
    before.offset = shown.offset;
    here.position = this.#next;
    this.#next += 1;
    here.offset = offset;
    here.depth = machine.frame / 3;
    here.line = this.lines.idAt(offset);
    here.entered = here.line !== 0 && (here.line !== shown.line || here.depth !== shown.depth);
    const previous = shown.offset;
    if (here.line !== 0) {
      shown.line = here.line;
      shown.depth = here.depth;
    }
    shown.offset = offset;
    return this.#decide(here, previous) === undefined ? undefined : "stop";
  };
}
