/**
 * One debugging session: a program, the person's breakpoints, and the frame that is looked at. Commands change it and say
 * what there is to say line by line; reading lines and writing them is somebody else's.
 */
import {
  type Breakpoint,
  Debugger,
  type Frame,
  type Goal,
  Inspector,
  type SourceInfo,
  type Stop,
  StopPoints,
  valueText,
} from "../../../runtime/debug/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { WasiExit } from "../../../runtime/wasi/index.ts";
import type { GuestCall } from "../guest-program.ts";
import type { Sources } from "./sources.ts";

/** Instructions between two looks at whether the person wants it back. */
const SLICE = 200_000;
const WORD = 4;
/** Bytes of a watch that are shown. */
const SHOWN_BYTES = 16;
/** Frames that are walked. */
export const FRAMES_MAX = 256;

export interface SessionOptions {
  readonly call: GuestCall;
  readonly info?: SourceInfo;
  readonly names: (f: number) => string | undefined;
  readonly sources: Sources;
  readonly say: (line: string) => void;
  /** Lets events in between two slices of a run; whether the person has interrupted. */
  readonly interrupted: () => Promise<boolean>;
}

export class Session {
  readonly sources: Sources;
  readonly inspector: Inspector;
  readonly say: (line: string) => void;
  readonly #options: SessionOptions;
  readonly #stops = new StopPoints();
  #debugger: Debugger;
  #begun = false;
  /** The frame that is looked at. */
  selected = 0;
  /** Line of the source that `list` shows next. */
  listed: { readonly file: string; readonly line: number } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.sources = options.sources;
    this.say = options.say;
    this.#debugger = this.#open();
    this.inspector = new Inspector(this.#debugger.instructions, options.info, options.names);
  }

  get debugger(): Debugger {
    return this.#debugger;
  }

  get stops(): StopPoints {
    return this.#stops;
  }

  get info(): SourceInfo | undefined {
    return this.#options.info;
  }

  /** From the first instruction, also when the program is under way or over. */
  restart(): void {
    if (this.#begun) this.#debugger = this.#open();
    this.#begun = true;
  }

  /** Runs to the goal, slice by slice, and says where it stopped. */
  async forward(goal: Goal): Promise<Stop> {
    this.#begun = true;
    let stop = this.#debugger.forward(goal, SLICE);
    while (stop.kind === "budget") {
      if (await this.#options.interrupted()) {
        this.say("interrupted");
        break;
      }
      stop = this.#debugger.forward(goal, SLICE);
    }
    this.tell(stop);
    return stop;
  }

  /** The same in the past. When the person interrupts, it stands where it stood. */
  async backward(goal: Goal): Promise<Stop> {
    const { position } = this.#debugger;
    const search = this.#debugger.backwards(goal, SLICE);
    let next = search.next();
    while (next.done !== true) {
      if (await this.#options.interrupted()) {
        this.say("interrupted");
        const stop = this.#debugger.seek(position);
        this.tell(stop);
        return { kind: "budget" };
      }
      next = search.next();
    }
    this.tell(next.value);
    return next.value;
  }

  /** Innermost first; none when the program is over. */
  frames(): readonly Frame[] {
    const { here, guest } = this.#debugger;
    return here === undefined ? [] : this.inspector.frames(guest, FRAMES_MAX);
  }

  frame(): Frame | undefined {
    return this.frames()[this.selected];
  }

  /** What stopped the program, and where it stands. */
  tell(stop: Stop): void {
    this.selected = 0;
    switch (stop.kind) {
      case "start":
        this.say(this.#debugger.position === 0 ? "at the first instruction" : "at the beginning of what is remembered");
        break;
      case "breakpoint":
        this.say(`breakpoint ${stop.hits.map((one: Breakpoint) => one.id).join(", ")}`);
        break;
      case "watch":
        for (const { watch, before, after, by } of stop.written) {
          const name = this.inspector.nameOf(this.#debugger.instructions.functionOf(by) ?? -1);
          const { from, to } = changed(before, after);
          const at = (watch.address + from).toString(16);
          this.say(`watch ${watch.id}: 0x${at}: ${hex(before.slice(from, to))} -> ${hex(after.slice(from, to))}`);
          this.say(`  written by ${name} at 0x${by.toString(16)}${this.#placeText(by)}`);
        }
        break;
      case "trapped":
        this.say(stop.fault.line());
        break;
      case "returned":
        this.say(
          this.#options.call.entry === "_start"
            ? `the program ended with status 0 after ${this.#debugger.position} instructions`
            : `the call returned ${stop.values.map(valueText).join(", ") || "nothing"}`,
        );
        break;
      case "ended":
        if (!(stop.thrown instanceof WasiExit)) throw stop.thrown;
        this.say(`the program ended with status ${stop.thrown.status} after ${this.#debugger.position} instructions`);
        break;
      case "step":
      case "budget":
        break;
    }
    this.where();
  }

  /** The selected frame, and its line of source or its instruction. */
  where(): void {
    const frame = this.frame();
    if (frame === undefined) return;
    this.say(frameText(frame));
    const text = frame.place === undefined ? undefined : this.sources.linesOf(frame.place.file)?.[frame.place.line - 1];
    if (frame.place !== undefined && text !== undefined) {
      this.say(`${frame.place.line}\t${text}`);
      this.listed = { file: frame.place.file, line: frame.place.line - 5 };
    } else this.say(this.instructionText(frame.offset));
  }

  instructionText(offset: number): string {
    return `0x${offset.toString(16)}\t${this.#debugger.instructions.textAt(offset)}`;
  }

  #placeText(offset: number): string {
    const place = this.info?.lineAt(offset);
    return place === undefined ? "" : ` (${place.file}:${place.line})`;
  }

  #open(): Debugger {
    const { call, info, sources } = this.#options;
    const options = {
      stops: this.#stops,
      // Lines whose text is at hand are the person's own; libraries are passed over in steps, unless that is all there is.
      ...(info === undefined ? {} : { info, own: ownFiles(info, sources) }),
    };
    return unwrap(Debugger.open({ ...call.program, hosts: call.freshHosts() }, call.entry, call.args, options));
  }
}

/** The words that differ, not too many of them. */
function changed(before: Uint8Array, after: Uint8Array): { readonly from: number; readonly to: number } {
  const first = after.findIndex((byte, n) => byte !== before[n]);
  const last = after.findLastIndex((byte, n) => byte !== before[n]);
  const from = first - (first % WORD);
  return { from, to: Math.min(last - (last % WORD) + WORD, from + SHOWN_BYTES, after.length) };
}

function ownFiles(info: SourceInfo, sources: Sources): (file: string) => boolean {
  const own = new Set(info.files().filter((file) => sources.linesOf(file) !== undefined));
  return own.size === 0 ? () => true : (file) => own.has(file);
}

export function frameText({ number, name, place, offset }: Frame): string {
  const at = place === undefined ? `0x${offset.toString(16)}` : `${place.file}:${place.line}`;
  return `#${number} ${name} at ${at}`;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join(" ");
}
