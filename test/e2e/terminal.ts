/**
 * A person at a terminal with `sallyport debug`: a breakpoint on a source line, a run, steps, a variable, a step backwards
 * and the variable's former value, through a real pseudo-terminal made by `script` of util-linux.
 */
import { spawn, spawnSync } from "node:child_process";
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
  const program = join(ROOT, "examples", "debug", "readings.wasm");
  const words = [process.execPath, join(ROOT, "agent", "main.ts"), "debug", program, "40", "8"];
  const command = words.map((one) => `'${one}'`).join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...process.env, TERM: "xterm" } });
  const exit = once(child, "exit");
  let unread = "";
  let wake = () => {};
  child.stdout.on("data", (bytes: Buffer) => {
    unread += bytes.toString("utf8");
    wake();
  });
  /** What was written up to and without the next prompt. */
  const untilPrompt = async (): Promise<string | undefined> => {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const text = stripVTControlCharacters(unread);
      const at = text.indexOf(PROMPT);
      if (at >= 0) {
        unread = text.slice(at + PROMPT.length);
        return text.slice(0, at);
      }
      const left = deadline - performance.now();
      if (left <= 0 || child.exitCode !== null) return undefined;
      await Promise.race([
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, Math.min(left, 100))),
      ]);
    }
  };
  const findings: string[] = [];
  if ((await untilPrompt()) === undefined) findings.push(`no prompt came: ${JSON.stringify(unread.slice(-500))}`);
  for (const [typed, read] of findings.length > 0 ? [] : DIALOGUE) {
    child.stdin.write(`${typed}\n`);
    const answer = await untilPrompt();
    if (answer === undefined || !read.test(answer)) {
      findings.push(`debug on a terminal: after "${typed}" came ${JSON.stringify(answer)}, not ${read}`);
      break;
    }
  }
  child.stdin.write("quit\n");
  const timer = setTimeout(() => child.kill("SIGKILL"), WAIT_MS);
  const [status] = await exit;
  clearTimeout(timer);
  if (findings.length === 0 && status !== 0) findings.push(`debug on a terminal: it ended with status ${status}`);
  return { findings };
}
