/**
 * Source text for the debugger's display. Debug information names files as the compiler saw them; they are looked for in
 * the given directories only, by the end of their path, so that a module cannot point anywhere else.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE_BYTES_MAX = 4_000_000;
/** Folders of a path that are tried. */
const DEPTH_MAX = 16;
/** Files that are looked for; the names come out of the module. */
const FILES_MAX = 20_000;

export interface SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
}

export class Sources {
  readonly #directories: readonly string[];
  readonly #files = new Map<string, SourceFile | undefined>();

  constructor(directories: readonly string[]) {
    this.#directories = directories;
  }

  /** The lines of a file, or undefined when it is not found. */
  linesOf(file: string): readonly string[] | undefined {
    return this.find(file)?.lines;
  }

  find(file: string): SourceFile | undefined {
    if (this.#files.has(file)) return this.#files.get(file);
    const found = this.#files.size < FILES_MAX ? this.#find(file) : undefined;
    this.#files.set(file, found);
    return found;
  }

  #find(file: string): SourceFile | undefined {
    const parts = file
      .split(/[/\\]/)
      .filter((one) => one !== "" && one !== "." && one !== "..")
      .slice(-DEPTH_MAX);
    for (const directory of this.#directories) {
      for (let from = 0; from < parts.length; from += 1) {
        const path = join(directory, ...parts.slice(from));
        const lines = read(path);
        if (lines !== undefined) return { path, lines };
      }
    }
    return undefined;
  }
}

function read(path: string): readonly string[] | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > SOURCE_BYTES_MAX) return undefined;
    return readFileSync(path, "utf8").split(/\r?\n/);
  } catch {
    return undefined;
  }
}
