/**
 * What a verb is, and how its options are read. A verb states its options once; parsing, `--help` and the refusal of an
 * unknown option all come from that table. Bad input is one line with a code and exit status 2, never a stack trace.
 */
import { parseArgs } from "node:util";
import type { Shape } from "../../runtime/kernel/shape.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { cliFault } from "../faults.ts";

export interface OptionSpec {
  /** Placeholder shown in the help, e.g. `FILE`; absent for a switch. */
  readonly value?: string;
  readonly many?: true;
  readonly required?: true;
  readonly default?: string;
  /** One letter, e.g. `o` for `-o`. */
  readonly short?: string;
  readonly help: string;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Names of positional arguments, `[X]` for optional ones. */
  readonly positionals?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** Returns the exit status: 0 done, 1 refused or failed. Faults thrown are shown as one line. */
  run(args: Args, io: Io): Promise<number>;
}

/** Where a verb writes: results to `out`, everything a person reads on the way to `err`. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly colour: boolean;
  readonly signal: AbortSignal;
}

export interface Args {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string;
  maybe(name: string): string | undefined;
  list(name: string): readonly string[];
  integer(name: string, limits: { readonly min: number; readonly max: number }): number;
  parsed<T>(name: string, shape: Shape<T>): T;
}

export const DAY_MS = 86_400_000;

export function usageFault(reason: string) {
  return cliFault("CLI_USAGE", { reason });
}

export function parseVerbArgs(verb: Verb, argv: readonly string[]): Args | "help" {
  const options: Record<string, { type: "string" | "boolean"; multiple?: boolean; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [name, spec] of Object.entries(verb.options)) {
    options[name] = {
      type: spec.value === undefined ? "boolean" : "string",
      multiple: spec.many === true,
      ...(spec.short === undefined ? {} : { short: spec.short }),
    };
  }
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageFault(`${verb.name}: ${firstSentence(error)}`);
  }
  if (parsed.values["help"] === true) return "help";
  const wanted = verb.positionals ?? [];
  const least = wanted.filter((one) => !one.startsWith("[")).length;
  const most = wanted.some((one) => one.endsWith("...]") || one.endsWith("..."))
    ? Number.POSITIVE_INFINITY
    : wanted.length;
  if (parsed.positionals.length < least)
    throw usageFault(`${verb.name}: ${wanted.slice(0, least).join(" ")} is missing`);
  if (parsed.positionals.length > most)
    throw usageFault(`${verb.name}: unexpected argument ${parsed.positionals[most]}`);
  for (const [name, spec] of Object.entries(verb.options)) {
    if (spec.required && parsed.values[name] === undefined)
      throw usageFault(`${verb.name}: --${name} ${spec.value ?? ""} is needed`);
  }
  return reader(verb, parsed.values, parsed.positionals);
}

function reader(verb: Verb, values: Record<string, unknown>, positionals: readonly string[]): Args {
  const maybe = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : verb.options[name]?.default;
  };
  const text = (name: string) => {
    const value = maybe(name);
    if (value === undefined) throw usageFault(`${verb.name}: --${name} is needed`);
    return value;
  };
  return {
    positionals,
    maybe,
    text,
    flag: (name) => values[name] === true,
    list: (name) => (Array.isArray(values[name]) ? values[name].filter((one) => typeof one === "string") : []),
    integer(name, { min, max }) {
      const number = Number(text(name));
      if (!Number.isInteger(number) || number < min || number > max) {
        throw usageFault(`${verb.name}: --${name} must be a whole number from ${min} to ${max}`);
      }
      return number;
    },
    parsed(name, shape) {
      const result = parseShape(shape, text(name), `${verb.name} --${name}`);
      if (!result.ok) throw result.error;
      return result.value;
    },
  };
}

export function helpOf(verb: Verb): string {
  const usage = [
    `sallyport ${verb.name}`,
    ...(verb.positionals ?? []),
    ...(Object.keys(verb.options).length > 0 ? ["[options]"] : []),
  ];
  const lines = [verb.summary, "", `usage: ${usage.join(" ")}`];
  const rows = Object.entries(verb.options).map(([name, spec]) => {
    const head = `  ${spec.short === undefined ? "" : `-${spec.short}, `}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`;
    const notes = [
      spec.required ? "needed" : "",
      spec.many ? "may be repeated" : "",
      spec.default === undefined ? "" : `default ${spec.default}`,
    ];
    const tail = notes.filter((one) => one !== "").join(", ");
    return [head, tail === "" ? spec.help : `${spec.help} (${tail})`] as const;
  });
  const width = Math.max(0, ...rows.map(([head]) => head.length)) + 2;
  if (rows.length > 0) lines.push("", "options:", ...rows.map(([head, help]) => head.padEnd(width) + help));
  lines.push("", "examples:", ...verb.examples.map((one) => `  ${one}`));
  return lines.join("\n");
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(/\.\s/)[0]?.replace(/\n/g, " ") ?? message;
}

/** For verbs that serve or follow: resolves when the user interrupts. */
export function untilAborted(io: Io): Promise<void> {
  if (io.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => io.signal.addEventListener("abort", () => resolve(), { once: true }));
}
