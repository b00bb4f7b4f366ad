/**
 * `sallyport debug`: a program in the interpreter under a line-oriented prompt, on a terminal or a pipe. Breakpoints, steps
 * by line and by instruction, variables, memory, and all of it backwards.
 */
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault } from "../../runtime/kernel/fault.ts";
import type { Command } from "./debug/command.ts";
import { findCommand } from "./debug/commands.ts";
import { Session } from "./debug/session.ts";
import { Sources } from "./debug/sources.ts";
import { GUEST_OPTIONS, GUEST_POSITIONALS, guestCall, passThrough } from "./guest-program.ts";
import { describe } from "./guest-run.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Io, Verb } from "./verb.ts";

const PROMPT = "(sallyport) ";

export const verb: Verb = {
  name: "debug",
  summary: "Walk through a program by hand: breakpoints, steps forwards and backwards, variables, memory.",
  positionals: GUEST_POSITIONALS,
  options: {
    ...GUEST_OPTIONS,
    source: { value: "DIR", many: true, help: "where the source text is, besides the module's directory" },
  },
  examples: [
    "sallyport debug program.wasm",
    "sallyport debug program.wasm --source src -- argument",
    "printf 'break main\\nrun\\nnext\\nlocals\\n' | sallyport debug program.wasm",
    "sallyport debug sums.wasm --invoke add 2 3",
  ],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const call = await guestCall(args, passThrough(false));
    const { info, names } = describe(call);
    const keys = { interrupted: false };
    const session = new Session({
      call,
      ...(info === undefined ? {} : { info }),
      names: (f) => names.get(f),
      sources: new Sources([dirname(file), ...args.list("source")]),
      say: (line) => io.out(cleanLine(line)),
      async interrupted() {
        await nextTurn();
        const pressed = keys.interrupted || io.signal.aborted;
        keys.interrupted = false;
        return pressed;
      },
    });
    await converse(session, io, keys);
    return 0;
  },
};

async function converse(session: Session, io: Io, keys: { interrupted: boolean }): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const reader = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, terminal });
  reader.setPrompt(PROMPT);
  let running = false;
  reader.on("SIGINT", () => {
    if (running) keys.interrupted = true;
    else {
      io.out("");
      reader.prompt();
    }
  });
  io.signal.addEventListener("abort", () => reader.close(), { once: true });
  const prompt = () => {
    if (terminal) reader.prompt();
  };
  session.where();
  prompt();
  let last = "";
  for await (const line of reader) {
    const text = line.trim();
    const words = (text === "" ? last : text).split(/\s+/).filter((one) => one !== "");
    const [word] = words;
    if (word === "quit" || word === "q" || word === "exit") break;
    const command = word === undefined ? undefined : commandOf(session, word);
    running = true;
    await carryOut(session, command, words.slice(1));
    running = false;
    keys.interrupted = false;
    last = command?.repeats === true ? words.join(" ") : "";
    prompt();
  }
  reader.close();
}

/** A refusal is said, and the session goes on. */
async function carryOut(session: Session, command: Command | undefined, words: readonly string[]): Promise<void> {
  try {
    await command?.run(session, words);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.say(error.line());
  }
}

function commandOf(session: Session, word: string): Command | undefined {
  const found = findCommand(word);
  if ("run" in found) return found;
  if (found.length === 0) session.say(`there is no command ${word}; see \`help\``);
  else session.say(`${word} may be ${found.map((one) => one.name).join(", ")}`);
  return undefined;
}
