/**
 * Tells what happens, step by step, and keeps the score. A step holds or the story ends there with what was expected;
 * either way there is a table at the end. Colours on a terminal only.
 */
import { paint } from "../../agent/cli/paint.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";

export interface Step {
  /** One line under the step: a short label and what it is about. */
  say(label: string, text: string): void;
  /** What the step must show; ends the story when it does not. */
  hold(condition: boolean, what: string): void;
}

export class StepFailed extends Error {
  override name = "StepFailed";
}

interface Row {
  readonly title: string;
  readonly proved: string;
  readonly seconds: number;
  readonly held: boolean;
}

export class Story {
  readonly #rows: Row[] = [];
  readonly #paint = paint(process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined);
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  line(text = ""): void {
    process.stdout.write(`${text}\n`);
  }

  async step<T>(title: string, proved: string, body: (step: Step) => Promise<T>): Promise<T> {
    const { bold, blue, green, red } = this.#paint;
    const number = `${this.#rows.length + 1}/${this.#steps}`;
    this.line(`\n${blue(number.padStart(5))}  ${bold(title)}`);
    const start = performance.now();
    const finish = (held: boolean) => {
      const seconds = (performance.now() - start) / 1000;
      this.#rows.push({ title, proved, seconds, held });
      return `${seconds.toFixed(2)} s`;
    };
    try {
      const result = await body({
        say: (label, text) => this.line(`       ${label.padEnd(11)} ${text}`),
        hold: (condition, what) => {
          if (!condition) throw new StepFailed(what);
        },
      });
      this.line(`       ${green("holds")}       ${finish(true)}`);
      return result;
    } catch (error) {
      this.line(`       ${red("FAILS")}       ${finish(false)}: ${reasonOf(error)}`);
      throw error;
    }
  }

  /** The last step: what was proved and how long each step took. */
  summary(): void {
    const { bold, blue, green, red, dim } = this.#paint;
    const width = Math.max(...this.#rows.map((row) => row.title.length));
    const total = this.#rows.reduce((sum, row) => sum + row.seconds, 0);
    this.line(`\n${blue(`${this.#steps}/${this.#steps}`.padStart(5))}  ${bold("What was proved")}`);
    this.line(`\n${bold("   #  " + "step".padEnd(width))}   time     what it proved`);
    this.line(dim("  " + "-".repeat(width + 70)));
    for (const [index, row] of this.#rows.entries()) {
      const mark = row.held ? green("ok") : red("NO");
      this.line(
        `  ${String(index + 1).padStart(2)}  ${row.title.padEnd(width)} ${row.seconds.toFixed(2).padStart(6)} s  ${mark}  ${row.proved}`,
      );
    }
    this.line(dim("  " + "-".repeat(width + 70)));
    this.line(`      ${"total".padEnd(width)} ${total.toFixed(2).padStart(6)} s`);
  }
}
