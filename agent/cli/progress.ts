/** A bar on the terminal while something long is under way; silent where standard error is no terminal. */
import { bar } from "./bars.ts";

export interface Progress {
  update(done: number, of: number): void;
  /** Takes the bar away. */
  end(): void;
}

const WIDTH = 30;

/** Redrawn when the percentage changes, so that a million small steps cost nothing. */
export function createProgress(label: string): Progress {
  const { stderr } = process;
  let shown = -1;
  return {
    update(done, of) {
      const percent = of === 0 ? 100 : Math.floor((done / of) * 100);
      if (!stderr.isTTY || percent === shown) return;
      shown = percent;
      stderr.write(`\r${label} ${bar(percent, 100, WIDTH).padEnd(WIDTH, "·")} ${String(percent).padStart(3)} %`);
    },
    end() {
      if (stderr.isTTY && shown >= 0) stderr.write("\r\u001b[K");
    },
  };
}
