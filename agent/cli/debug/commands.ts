/**
 * What a person can type: one table, from which finding, help and usage come. A command may be shortened to any beginning
 * that is its own, or to its short form; an empty line repeats the last step.
 */
import {
  anyInstruction,
  anyLine,
  type Goal,
  instructionBeyond,
  lineBeyond,
  locate,
  nextLine,
  onwards,
  returned,
  type Stop,
} from "../../../runtime/debug/index.ts";
import type { Command } from "./command.ts";
import { look } from "./look.ts";
import { wholeNumber } from "./numbers.ts";
import type { Session } from "./session.ts";

const STEPS_MAX = 100_000;

/** So many steps, until something else stops the program. The goal is made anew from where each step begins. */
async function steps(session: Session, words: readonly string[], goal: () => Goal, move = forward): Promise<void> {
  const count = words[0] === undefined ? 1 : wholeNumber(words[0], STEPS_MAX);
  if (count === undefined) return session.say(`not a number of steps: ${words[0]}`);
  for (let n = 0; n < count; n += 1) {
    const stop = await move(session, goal());
    if (stop.kind !== "step") return;
  }
}

const forward = (session: Session, goal: Goal): Promise<Stop> => session.forward(goal);
const backward = (session: Session, goal: Goal): Promise<Stop> => session.backward(goal);

/** A step's beginning. Without any line information, steps are instructions. */
function from(session: Session) {
  return session.debugger.here ?? { depth: 0, line: 0 };
}

const hasLines = (session: Session): boolean => session.info !== undefined;

function alive(session: Session): boolean {
  if (session.debugger.here !== undefined) return true;
  session.say("the program is over; `back` goes into its past, `run` starts it again");
  return false;
}

const motion: readonly Command[] = [
  {
    name: "run",
    short: "r",
    usage: "run",
    says: "run from the beginning to a breakpoint or the end",
    async run(session) {
      session.restart();
      await session.forward(onwards);
    },
  },
  {
    name: "continue",
    short: "c",
    usage: "continue",
    says: "run on to a breakpoint, a written watch or the end",
    repeats: true,
    async run(session) {
      if (alive(session)) await session.forward(onwards);
    },
  },
  {
    name: "step",
    short: "s",
    usage: "step [N]",
    says: "to the next source line, into calls",
    repeats: true,
    async run(session, words) {
      if (!alive(session)) return;
      await steps(session, words, () => (hasLines(session) ? nextLine({ ...from(session) }) : anyInstruction));
    },
  },
  {
    name: "next",
    short: "n",
    usage: "next [N]",
    says: "to the next source line, over calls",
    repeats: true,
    async run(session, words) {
      if (!alive(session)) return;
      const goal = hasLines(session) ? lineBeyond : instructionBeyond;
      await steps(session, words, () => goal({ ...from(session) }));
    },
  },
  {
    name: "finish",
    short: "f",
    usage: "finish",
    says: "run until the function returns",
    repeats: true,
    async run(session) {
      if (alive(session)) await session.forward(returned({ ...from(session) }));
    },
  },
  {
    name: "stepi",
    short: "si",
    usage: "stepi [N]",
    says: "one instruction",
    repeats: true,
    async run(session, words) {
      if (alive(session)) await steps(session, words, () => anyInstruction);
    },
  },
  {
    name: "back",
    short: "bk",
    usage: "back [N]",
    says: "back to where the line before was begun, into calls",
    repeats: true,
    run: (session, words) => steps(session, words, () => (hasLines(session) ? anyLine : anyInstruction), backward),
  },
  {
    name: "backi",
    short: "bi",
    usage: "backi [N]",
    says: "one instruction back",
    repeats: true,
    run: (session, words) => steps(session, words, () => anyInstruction, backward),
  },
  {
    name: "rcontinue",
    short: "rc",
    usage: "rcontinue",
    says: "back to the last breakpoint or written watch",
    repeats: true,
    async run(session) {
      await session.backward(onwards);
    },
  },
  {
    name: "seek",
    usage: "seek POSITION",
    says: "to where so many instructions had run",
    async run(session, [text = ""]) {
      const position = wholeNumber(text, Number.MAX_SAFE_INTEGER);
      if (position === undefined) session.say("seek where? `info` tells the position");
      else if (position < session.debugger.position) session.tell(session.debugger.seek(position));
      else if (alive(session)) await session.forward((here) => here.position >= position);
    },
  },
];

const stops: readonly Command[] = [
  {
    name: "break",
    short: "b",
    usage: "break FILE:LINE | LINE | FUNCTION | #INDEX | *OFFSET",
    says: "stop there",
    run(session, [text = ""]) {
      const { instructions, lines } = session.debugger;
      const file = session.frame()?.place?.file;
      const within = { instructions, lines, inspector: session.inspector };
      const found = locate(text, within, file) ?? locate(text, within);
      if (found === undefined) return session.say(`there is no code at ${text || "nowhere"}`);
      const { id, places } = session.stops.break(text, found.places);
      for (const { offset } of places) session.say(`breakpoint ${id}: ${placeText(session, offset)}`);
    },
  },
  {
    name: "watch",
    short: "w",
    usage: "watch NAME | ADDRESS [LENGTH]",
    says: "stop when a variable, or these bytes of memory, are written with something else",
    run(session, [address = "", length]) {
      const { guest } = session.debugger;
      const { memory } = guest;
      const frame = session.frame();
      const extent = frame === undefined ? undefined : session.inspector.extentOf(guest, frame, address);
      const at = extent?.address ?? wholeNumber(address, Number.MAX_SAFE_INTEGER);
      const count = wholeNumber(length ?? String(extent?.length ?? 4), Number.MAX_SAFE_INTEGER);
      const watch = at === undefined || count === undefined ? undefined : session.stops.watch(memory, at, count);
      if (watch === undefined) session.say("no such memory, or more than can be watched");
      else session.say(`watch ${watch.id}: ${watch.length} bytes at 0x${watch.address.toString(16)}`);
    },
  },
  {
    name: "delete",
    short: "d",
    usage: "delete NUMBER",
    says: "remove a breakpoint or watch",
    run(session, [text = ""]) {
      const id = wholeNumber(text, 1e9);
      if (id === undefined || !session.stops.delete(id)) session.say(`there is no breakpoint or watch ${text}`);
    },
  },
  {
    name: "info",
    short: "i",
    usage: "info",
    says: "breakpoints, watches, position",
    run(session) {
      for (const { id, places, text } of session.stops.breakpoints) {
        for (const { offset } of places) session.say(`breakpoint ${id} (${text}): ${placeText(session, offset)}`);
      }
      for (const { id, address, length } of session.stops.watches) {
        session.say(`watch ${id}: ${length} bytes at 0x${address.toString(16)}`);
      }
      const { position, pastFrom } = session.debugger;
      session.say(`position ${position}${pastFrom === 0 ? "" : `; the past is remembered from ${pastFrom}`}`);
    },
  },
];

const others: readonly Command[] = [
  {
    name: "help",
    short: "h",
    usage: "help",
    says: "this list",
    run(session) {
      for (const line of commandHelp()) session.say(line);
    },
  },
];

/** `quit` belongs to whoever reads the lines. */
export const QUIT = { usage: "quit  (q)", says: "leave" };
export const COMMANDS: readonly Command[] = [...motion, ...stops, ...look, ...others];

function placeText(session: Session, offset: number): string {
  const { instructions } = session.debugger;
  const name = session.inspector.nameOf(instructions.functionOf(offset) ?? -1);
  const place = session.info?.lineAt(offset);
  return `${name} at 0x${offset.toString(16)}${place === undefined ? "" : `, ${place.file}:${place.line}`}`;
}

/** By name, short form, or a beginning that only one command has. */
export function findCommand(word: string): Command | readonly Command[] {
  const exact = COMMANDS.find((one) => one.name === word || one.short === word);
  if (exact !== undefined) return exact;
  const found = COMMANDS.filter((one) => one.name.startsWith(word));
  return found.length === 1 && found[0] !== undefined ? found[0] : found;
}

function commandHelp(): readonly string[] {
  const rows = COMMANDS.map(({ usage, short, says }) => ({
    usage: `${usage}${short === undefined ? "" : `  (${short})`}`,
    says,
  }));
  return [...rows, QUIT].map(({ usage, says }) => `${usage.padEnd(32)} ${says}`);
}
