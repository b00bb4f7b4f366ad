/**
 * A person at a terminal with `sallyport debug`: a breakpoint on a source line, a run, steps, a variable, a step backwards
 * and the variable's former value, through a real pseudo-terminal made by `script` of util-linux.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../tree.ts";

export interface TerminalOutcome {
  /** Why it was not tried. */
  readonly skipped?: string;
  readonly findings: readonly string[];
}

const PROMPT = "(sallyport) ";
const WAIT_MS = 20_000;

/** What is typed, and what must then be read before the next prompt. */
const DIALOGUE: readonly (readonly [typed: string, read: RegExp])[] = [
  ["break readings.c:44", /breakpoint 1: main at 0x[0-9a-f]+, readings\.c:44/],
  ["run", /breakpoint 1[\s\S]*#0 main at readings\.c:44[\s\S]*44\s+level = smooth\(level, readings\[i\]\.value\);/],
  ["print level", /level = 40\b/],
  ["next", /#0 main at readings\.c:45/],
  ["continue", /40 -> 40[\s\S]*breakpoint 1/],
  ["print level", /level = 40\b/],
  ["next", /#0 main at readings\.c:45/],
  ["print level", /level = 32\b/],
  ["step", /8 -> 32[\s\S]*#0 main at readings\.c:43/],
  ["back", /#0 main at readings\.c:45/],
  ["back", /#0 main at readings\.c:44/],
  ["back", /#0 smooth at readings\.c:33[\s\S]*return mixed \/ 4;/],
  ["print mixed", /mixed = 128\b/],
  ["back", /#0 smooth at readings\.c:32/],
  ["back", /#0 main at readings\.c:44/],
  ["p level", /level = 40\b/],
  ["backtrace", /#0 main at readings\.c:44[\s\S]*_start/],
  ["delete 1", /^\s*delete 1\s*$/],
  // What was printed before going back is not printed again.
  ["continue", /^\s*continue\s+mean 24\s+the program ended with status 0 after \d+ instructions\s*$/],
  ["back", /#0 main at readings\.c:49/],
];

export async function debugOnTerminal(): Promise<TerminalOutcome> {
  if (spawnSync("script", ["--version"]).error !== undefined) {
    return { skipped: "debug on a terminal: there is no `script` of util-linux to make one", findings: [] };
  }
  return { findings: [...(await walkThrough()), ...(await interrupt())] };
}

async function walkThrough(): Promise<readonly string[]> {
  const terminal = new Terminal(["debug", join(ROOT, "examples", "debug", "readings.wasm"), "40", "8"]);
  await terminal.expect("the start", /#0 _start/);
  for (const [typed, read] of DIALOGUE) {
    terminal.type(`${typed}\n`);
    if (!(await terminal.expect(`"${typed}"`, read))) break;
  }
  return terminal.quit();
}

/** A program that would run for minutes gives the prompt back at Ctrl-C, and can be gone on with. */
async function interrupt(): Promise<readonly string[]> {
  const program = join(ROOT, "test", "bench", "programs", "integer.wasm");
  const terminal = new Terminal(["debug", program, "100000"]);
  await terminal.expect("the start", /#0 _start/);
  terminal.type("continue\n");
  await new Promise((resolve) => setTimeout(resolve, 500));
  terminal.type("\u0003");
  await terminal.expect("Ctrl-C", /interrupted/);
  terminal.type("stepi\n");
  await terminal.expect('"stepi" after Ctrl-C', /#0 /);
  terminal.type("rcontinue\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  terminal.type("\u0003");
  await terminal.expect("Ctrl-C while going back", /interrupted|at the first instruction/);
  return terminal.quit();
}

/** The program on a pseudo-terminal, and what it has written since it was last looked at. */
class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exit: Promise<unknown[]>;
  readonly #findings: string[] = [];
  #unread = "";
  #wake = () => {};

  constructor(args: readonly string[]) {
    const words = [process.execPath, join(ROOT, "agent", "main.ts"), ...args];
    const command = words.map((one) => `'${one}'`).join(" ");
    this.#child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...process.env, TERM: "xterm" } });
    this.#exit = once(this.#child, "exit");
    this.#child.stdout.on("data", (bytes: Buffer) => {
      this.#unread += bytes.toString("utf8");
      this.#wake();
    });
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Reads up to the next prompt; whether what was read is as expected. */
  async expect(what: string, read: RegExp): Promise<boolean> {
    if (this.#findings.length > 0) return false;
    const answer = await this.#untilPrompt();
    if (answer !== undefined && read.test(answer)) return true;
    const came = JSON.stringify(answer ?? this.#unread.slice(-500));
    this.#findings.push(`debug on a terminal: after ${what} came ${came}, not ${read}`);
    return false;
  }

  async quit(): Promise<readonly string[]> {
    this.type("quit\n");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), WAIT_MS);
    const [status] = await this.#exit;
    clearTimeout(timer);
    if (status !== 0) this.#findings.push(`debug on a terminal: it ended with status ${status}`);
    return this.#findings;
  }

  async #untilPrompt(): Promise<string | undefined> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const text = stripVTControlCharacters(this.#unread);
      const at = text.indexOf(PROMPT);
      if (at >= 0) {
        this.#unread = text.slice(at + PROMPT.length);
        return text.slice(0, at);
      }
      const left = deadline - performance.now();
      if (left <= 0 || this.#child.exitCode !== null) return undefined;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, Math.min(left, 100))),
      ]);
    }
  }
}
