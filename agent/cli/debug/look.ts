/** Commands that look and change nothing: locals, variables, frames, memory, source text. */
import { LOCALS_MAX, valueText } from "../../../runtime/debug/index.ts";
import type { Command } from "./command.ts";
import { wholeNumber } from "./numbers.ts";
import { FRAMES_MAX, frameText, type Session } from "./session.ts";

const MEMORY_MAX = 65_536;
const ROW = 16;
const LIST_LINES = 11;
const FUNCTIONS_MAX = 500;

export const look: readonly Command[] = [
  {
    name: "locals",
    short: "lo",
    usage: "locals [wasm]",
    says: "parameters and variables of the selected frame; `wasm`: the locals of WebAssembly",
    run(session, [what]) {
      const frame = session.frame();
      if (frame === undefined) return session.say("no frame");
      const { guest } = session.debugger;
      const visible = what === "wasm" ? [] : (session.info?.variablesAt(frame.offset) ?? []);
      const variables = visible.filter(({ kind }) => kind !== "global");
      const access = session.inspector.accessOf(guest, frame);
      for (const one of variables) session.say(`${one.name} = ${session.info?.valueOf(one, access)}`);
      if (visible.length > 0) return;
      const values = session.inspector.localsOf(guest, frame);
      for (const [n, value] of values.entries()) session.say(`$${n} = ${valueText(value)}`);
      if (values.length === LOCALS_MAX) session.say("… more are not shown");
      if (values.length === 0) session.say("none");
    },
  },
  {
    name: "print",
    short: "p",
    usage: "print NAME | $LOCAL | @GLOBAL",
    says: "a variable or a part of it (a[2].b, *p), a local or a global of WebAssembly",
    run(session, [name = ""]) {
      const frame = session.frame();
      if (frame === undefined) return session.say("no frame");
      const value = namedValue(session, frame, name);
      session.say(value === undefined ? `there is no ${name || "variable without a name"} here` : `${name} = ${value}`);
    },
  },
  {
    name: "backtrace",
    short: "bt",
    usage: "backtrace",
    says: "the frames, innermost first",
    run(session) {
      const frames = session.frames();
      for (const frame of frames) session.say(`${frame.number === session.selected ? "*" : " "} ${frameText(frame)}`);
      if (frames.length === FRAMES_MAX) session.say("  … more are not shown");
      if (frames.length === 0) session.say("no frames");
    },
  },
  {
    name: "frame",
    short: "fr",
    usage: "frame NUMBER",
    says: "look at another frame",
    run: (session, [text = ""]) => select(session, wholeNumber(text, FRAMES_MAX)),
  },
  {
    name: "up",
    usage: "up",
    says: "look at the caller's frame",
    repeats: true,
    run: (session) => select(session, session.selected + 1),
  },
  {
    name: "down",
    usage: "down",
    says: "look at the called frame",
    repeats: true,
    run: (session) => select(session, session.selected - 1),
  },
  {
    name: "where",
    usage: "where",
    says: "where the selected frame stands",
    run: (session) => (session.frame() === undefined ? session.say("no frame") : session.where()),
  },
  {
    name: "memory",
    short: "m",
    usage: "memory ADDRESS [LENGTH]",
    says: "bytes of the memory",
    run(session, [address = "", length = "64"]) {
      const at = wholeNumber(address, Number.MAX_SAFE_INTEGER);
      const count = wholeNumber(length, MEMORY_MAX);
      const { memory } = session.debugger.guest;
      const bytes = at === undefined || count === undefined ? undefined : memory.read(at, count);
      if (bytes === undefined) return session.say(`no such memory; there are ${memory.size} bytes`);
      for (let n = 0; n < bytes.length; n += ROW) session.say(row((at ?? 0) + n, bytes.subarray(n, n + ROW)));
    },
  },
  {
    name: "list",
    short: "l",
    usage: "list [LINE]",
    says: "source text around the selected frame, or on from there",
    repeats: true,
    run(session, [text]) {
      const file = session.listed?.file ?? session.frame()?.place?.file;
      const lines = file === undefined ? undefined : session.sources.linesOf(file);
      if (file === undefined || lines === undefined) return disassembly(session);
      const wanted = text === undefined ? undefined : wholeNumber(text, 1e9);
      const first = Math.max(1, wanted === undefined ? (session.listed?.line ?? 1) : wanted - 5);
      if (first > lines.length) return session.say(`${file} has ${lines.length} lines`);
      const here = session.frame()?.place;
      for (const [n, line] of lines.slice(first - 1, first - 1 + LIST_LINES).entries()) {
        const mark = here?.file === file && here.line === first + n ? "->" : "  ";
        session.say(`${mark}${String(first + n).padStart(5)}\t${line}`);
      }
      session.listed = { file, line: first + LIST_LINES };
    },
  },
  {
    name: "disassemble",
    short: "dis",
    usage: "disassemble",
    says: "instructions around the selected frame's",
    run: disassembly,
  },
  {
    name: "functions",
    usage: "functions [TEXT]",
    says: "functions whose name has that text in it",
    run(session, [text = ""]) {
      const { module, importedFunctions } = session.debugger.instructions;
      const named = Array.from(module.code, (_, n) => n + importedFunctions)
        .map((f) => [f, session.inspector.nameOf(f)] as const)
        .filter(([, name]) => name.includes(text));
      for (const [f, name] of named.slice(0, FUNCTIONS_MAX)) session.say(`#${f} ${name}`);
      if (named.length > FUNCTIONS_MAX) session.say(`… and ${named.length - FUNCTIONS_MAX} more`);
    },
  },
];

function namedValue(
  session: Session,
  frame: NonNullable<ReturnType<Session["frame"]>>,
  name: string,
): string | undefined {
  const { guest } = session.debugger;
  const number = wholeNumber(name.slice(1), 1e6);
  if (name.startsWith("$") && number !== undefined) {
    const value = session.inspector.localsOf(guest, frame)[number];
    return value === undefined ? undefined : valueText(value);
  }
  if (name.startsWith("@") && number !== undefined) {
    const value = guest.instance.globals[number]?.get();
    return value === undefined ? undefined : valueText(value);
  }
  const variable = session.inspector.variableAt(guest, frame, name);
  return variable === undefined ? undefined : session.info?.valueOf(variable, session.inspector.accessOf(guest, frame));
}

function select(session: Session, number: number | undefined): void {
  if (number === undefined || number < 0 || number >= session.frames().length) return session.say("no such frame");
  session.selected = number;
  session.where();
}

function disassembly(session: Session): void {
  const frame = session.frame();
  if (frame === undefined) return session.say("no frame");
  const starts = session.debugger.instructions.startsOf(frame.function);
  const at = starts.indexOf(frame.offset);
  for (const offset of starts.slice(Math.max(0, at - 5), at + 6)) {
    session.say(`${offset === frame.offset ? "->" : "  "} ${session.instructionText(offset)}`);
  }
}

function row(address: number, bytes: Uint8Array): string {
  const digits = Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join(" ");
  const text = Array.from(bytes, (one) => (one >= 32 && one < 127 ? String.fromCharCode(one) : ".")).join("");
  return `${address.toString(16).padStart(8, "0")}  ${digits.padEnd(ROW * 3 - 1)}  ${text}`;
}
