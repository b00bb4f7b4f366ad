/**
 * A Fault is a refusal or a broken environment with a stable code, its facts and its cause intact. Each room declares
 * its catalogue once, as a table; the message a person reads, `sallyport explain CODE` and docs/errors.md all come from
 * that table, so a code without an explanation cannot exist.
 */

export type Fact = string | number | boolean | null | readonly string[];
export type Facts = Readonly<Record<string, Fact>>;

/** What kind of event a code stands for; callers branch on it (retry, report an attack, stop). */
export type FaultKind =
  | "attack" // evidence that somebody, or a bug that acts like somebody, altered or withheld something
  | "refusal" // an input we do not accept
  | "stale" // too old to be believed
  | "network" // could not be reached; try again
  | "disk" // the local file system failed or lost something
  | "environment"; // anything else around us is broken

export interface FaultEntry {
  readonly kind: FaultKind;
  /** One sentence with {fact} placeholders: what was refused and what was expected. */
  readonly says: string;
  /** What it means, for `explain`. */
  readonly means: string;
  /** What to do, for `explain` and for the person at three in the morning. */
  readonly todo: string;
}

export type FaultTable = Readonly<Record<string, FaultEntry>>;

export interface Catalogue {
  readonly room: string;
  readonly table: FaultTable;
}

export class Fault<C extends string = string> extends Error {
  readonly code: C;
  readonly kind: FaultKind;
  readonly facts: Facts;

  constructor(code: C, entry: FaultEntry, facts: Facts, cause?: unknown) {
    super(fill(entry.says, facts), cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.code = code;
    this.kind = entry.kind;
    this.facts = facts;
  }

  /** The one line a person sees: code first, so that it can be looked up. */
  line(): string {
    return `${this.code}: ${this.message}`;
  }
}

/**
 * Declares a room's catalogue and returns the only way to make its faults.
 * Codes must begin with the room's prefix, so that a code alone says which room refused.
 */
export function declareFaults<const T extends FaultTable>(
  room: string,
  table: T,
): {
  readonly catalogue: Catalogue;
  readonly fault: (code: keyof T & string, facts?: Facts, cause?: unknown) => Fault;
} {
  for (const code of Object.keys(table)) {
    if (!code.startsWith(`${room}_`)) throw new Error(`fault code ${code} does not begin with ${room}_`);
  }
  return {
    catalogue: { room, table },
    fault: (code, facts = {}, cause) => {
      const entry = table[code];
      if (entry === undefined) throw new Error(`undeclared fault ${code}`);
      return new Fault(code, entry, facts, cause);
    },
  };
}

/** Longest text of one fact in a message: facts may come from an attacker's file. */
const FACT_CHARS_MAX = 300;

function fill(sentence: string, facts: Facts): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const fact = facts[name];
    return fact === undefined ? whole : printable(Array.isArray(fact) ? fact.join(", ") : String(fact));
  });
}

/** Control characters in attacker-supplied text must not reach a terminal or a log as they are. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is replaced here.
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  return clean.length <= FACT_CHARS_MAX ? clean : `${clean.slice(0, FACT_CHARS_MAX)}…`;
}

/** A short text of any thrown thing, for facts and logs; never a stack. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Fault) return thrown.line();
  if (thrown instanceof Error) {
    const code = "code" in thrown && typeof thrown.code === "string" ? `${thrown.code}: ` : "";
    return printable(thrown.message.startsWith(code) ? thrown.message : code + thrown.message);
  }
  return printable(String(thrown));
}
