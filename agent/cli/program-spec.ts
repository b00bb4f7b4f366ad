/**
 * A program as the command line names it, as data that crosses to the thread it runs in: the module's bytes, what it is
 * given, how it is called, and its bounds.
 */
import type { Preopen } from "../../runtime/wasi/index.ts";
import { readFile } from "./files.ts";
import { readModuleFile } from "./module-file.ts";
import { type Args, type OptionSpec, usageFault } from "./verb.ts";

export interface ProgramSpec {
  readonly bytes: Uint8Array;
  /** An exported function; without it, the command's `_start`. */
  readonly invoke?: string;
  /** The program's own arguments, its name first; or those of the function. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly preopens: readonly Preopen[];
  /** Instead of this process's standard input. */
  readonly stdin?: Uint8Array;
  readonly fuel?: number;
  readonly memoryPages?: number;
  /** The same results in every run: see one-world.ts. */
  readonly deterministic?: true;
}

const MEMORY_PAGES_MAX = 65_536;

/** Options that all verbs share which run a file. */
export const GUEST_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  invoke: { value: "NAME", help: "call this exported function with the arguments (default: _start of a command)" },
  dir: {
    value: "GUEST::HOST[:readonly]",
    many: true,
    help: "a directory of this machine and its name in the program; DIR alone for both",
  },
  env: { value: "NAME=VALUE", many: true, help: "a variable of the program's environment" },
  stdin: { value: "FILE", help: "what the program reads from its standard input" },
  fuel: { value: "N", help: "stop after so many units of fuel, about one an instruction" },
  deterministic: {
    help: "give it clocks and random numbers that are the same in every run, and one result for every NaN",
  },
  "memory-pages": { value: "N", help: "let its memory grow to so many pages of 64 KiB" },
};

export const GUEST_POSITIONALS: readonly string[] = ["FILE", "[ARGS...]"];

export async function programSpec(args: Args): Promise<ProgramSpec> {
  const [file = "", ...rest] = args.positionals;
  const { maybe } = args;
  const invoke = maybe("invoke");
  const stdin = maybe("stdin");
  return {
    bytes: await readModuleFile(file),
    ...(invoke === undefined ? {} : { invoke }),
    args: invoke === undefined ? [file.split("/").at(-1) ?? file, ...rest] : rest,
    env: args.list("env").map(variable),
    preopens: args.list("dir").map(preopenOf),
    ...(stdin === undefined ? {} : { stdin: readFile(stdin) }),
    ...(maybe("fuel") === undefined ? {} : { fuel: args.integer("fuel", { min: 1, max: Number.MAX_SAFE_INTEGER }) }),
    ...(args.flag("deterministic") ? { deterministic: true } : {}),
    ...(maybe("memory-pages") === undefined
      ? {}
      : { memoryPages: args.integer("memory-pages", { min: 0, max: MEMORY_PAGES_MAX }) }),
  };
}

function variable(text: string): string {
  if (text.indexOf("=") < 1) throw usageFault(`--env ${text}: a variable is NAME=VALUE`);
  return text;
}

const READONLY = ":readonly";

export function preopenOf(text: string): Preopen {
  const readonly = text.endsWith(READONLY);
  const rest = readonly ? text.slice(0, -READONLY.length) : text;
  const at = rest.indexOf("::");
  const guestPath = at < 0 ? rest : rest.slice(0, at);
  const hostPath = at < 0 ? rest : rest.slice(at + 2);
  if (guestPath === "" || hostPath === "") {
    throw usageFault(`--dir ${text}: a directory is GUEST::HOST, GUEST::HOST:readonly, or one name for both`);
  }
  return { guestPath, hostPath, readonly };
}
