/** What a command of the debugger is. */
import type { Session } from "./session.ts";

export interface Command {
  readonly name: string;
  readonly short?: string;
  readonly usage: string;
  readonly says: string;
  /** An empty line repeats it. */
  readonly repeats?: true;
  run(session: Session, words: readonly string[]): Promise<void> | void;
}
