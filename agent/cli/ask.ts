/** Questions to a person at a terminal, on standard error so that results can be piped; secrets are not echoed. */
import { createInterface } from "node:readline/promises";

export interface Asker {
  /** The answer without surrounding white space. */
  line(question: string): Promise<string>;
  secret(question: string): Promise<string>;
  close(): void;
}

/** Undefined when nobody sits there: then a verb takes what it needs from options, or refuses. */
export function terminalAsker(): Asker | undefined {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const open = () => createInterface({ input: process.stdin, output: process.stderr });
  return {
    async line(question) {
      const lines = open();
      try {
        return (await lines.question(question)).trim();
      } finally {
        lines.close();
      }
    },
    secret: readSecret,
    close: () => process.stdin.pause(),
  };
}

const ENTER = /[\r\n]/;
const INTERRUPT = "\u0003";
const ERASE = ["\b", "\u007f"];

function readSecret(question: string): Promise<string> {
  // First the mode, then the question: who answers quickly must not see the answer echoed.
  process.stdin.setRawMode(true);
  process.stderr.write(question);
  process.stdin.resume();
  process.stdin.setEncoding("utf8");
  return new Promise((resolve) => {
    let typed = "";
    const listen = (chunk: string) => {
      for (const one of chunk) {
        if (one === INTERRUPT) process.exit(130);
        if (ENTER.test(one)) {
          process.stdin.setRawMode(false);
          process.stdin.off("data", listen);
          process.stdin.pause();
          process.stderr.write("\n");
          resolve(typed);
          return;
        }
        typed = ERASE.includes(one) ? typed.slice(0, -1) : typed + one;
      }
    };
    process.stdin.on("data", listen);
  });
}
