/** Runs one script and says of each command whether it did what the suite expects. */
import type { Value } from "../../../runtime/interpret/index.ts";
import type { Compiled, Instantiated, Outcome, Refusal, ScriptEngine } from "./engine.ts";
import { type Assemble, assembleFloats, type Floats } from "./literals.ts";
import { asciiSource, head, isId, type List, lineOf, type Node, parseScript } from "./script.ts";
import { matches, parseValue } from "./values.ts";

export interface ScriptReport {
  readonly commands: number;
  readonly passed: number;
  readonly failures: readonly { readonly line: number; readonly message: string }[];
  readonly skipped: readonly { readonly line: number; readonly message: string }[];
  /** Refused as expected, in other words than the suite's. */
  readonly notes: readonly { readonly line: number; readonly message: string }[];
}

export interface ScriptOptions {
  readonly assemble: Assemble;
  readonly engine: ScriptEngine;
  /** Only assertions of this kind are run; modules in between are passed over. */
  readonly only?: "malformed" | "invalid";
  /** Sees every module in binary form. */
  readonly onModule?: (bytes: Uint8Array, line: number, what: "valid" | "invalid" | "malformed") => void;
}

class Failure extends Error {}
class Skip extends Error {}

const COMMANDS = new Set(
  (
    "module register invoke get assert_return assert_trap assert_exception assert_exhaustion assert_invalid " +
    "assert_malformed assert_unlinkable assert_malformed_custom assert_invalid_custom thread wait"
  ).split(" "),
);

/** `source`: the script, one character per byte. */
export function runScript(source: string, options: ScriptOptions): ScriptReport {
  const script = parseScript(source);
  const first = head(script[0]);
  const inline = script.length > 0 && !COMMANDS.has(first) && !first.startsWith("assert_");
  const floats = assembleFloats(script, options.assemble);
  const run = new ScriptRun(source, options, floats);
  if (inline) run.command({ kind: "list", items: script, start: 0, end: source.length }, true);
  else for (const node of script) run.command(node, false);
  return run.report();
}

class ScriptRun {
  readonly #source: string;
  readonly #options: ScriptOptions;
  readonly #floats: Floats;
  readonly #instances = new Map<string, Instantiated>();
  readonly #definitions = new Map<string, Compiled>();
  #current: Instantiated | undefined;
  #definition: Compiled | undefined;
  #commands = 0;
  #passed = 0;
  readonly #failures: { line: number; message: string }[] = [];
  readonly #skipped: { line: number; message: string }[] = [];
  readonly #notes: { line: number; message: string }[] = [];

  constructor(source: string, options: ScriptOptions, floats: Floats) {
    this.#source = source;
    this.#options = options;
    this.#floats = floats;
  }

  report(): ScriptReport {
    return {
      commands: this.#commands,
      passed: this.#passed,
      failures: this.#failures,
      skipped: this.#skipped,
      notes: this.#notes,
    };
  }

  command(node: Node, inline: boolean): void {
    const name = inline ? "module" : head(node);
    const { only } = this.#options;
    if (only !== undefined && name !== `assert_${only}`) return;
    this.#commands += 1;
    const line = lineOf(this.#source, node.start);
    try {
      if (node.kind !== "list") throw new Failure("not a command");
      if (inline) this.#module(node, true);
      else this.#dispatch(name, node);
      this.#passed += 1;
    } catch (error) {
      if (error instanceof Failure) this.#failures.push({ line, message: `${name}: ${error.message}` });
      else if (error instanceof Skip) this.#skipped.push({ line, message: `${name}: ${error.message}` });
      else
        this.#failures.push({
          line,
          message: `${name}: the engine broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        });
    }
  }

  #dispatch(name: string, node: List): void {
    switch (name) {
      case "module":
        return this.#module(node, false);
      case "register":
        return this.#register(node);
      case "invoke":
      case "get":
        this.#succeed(this.#action(node));
        return;
      case "assert_return":
        return this.#assertReturn(node);
      case "assert_trap":
        return this.#assertTrap(node, "trap");
      case "assert_exhaustion":
        return this.#assertTrap(node, "exhaustion");
      case "assert_exception": {
        const outcome = this.#action(node.items[1] as List);
        if (outcome.ok) throw new Failure("returned instead of throwing");
        if (outcome.refusal.stage !== "exception") throw new Failure(text(outcome.refusal));
        return;
      }
      case "assert_invalid":
        return this.#assertRefused(node, "invalid");
      case "assert_malformed":
        return this.#assertRefused(node, "malformed");
      case "assert_unlinkable": {
        const outcome = this.#instantiate(this.#succeed(this.#compile(node.items[1] as List, "valid")));
        if (outcome.ok) throw new Failure("linked");
        if (outcome.refusal.stage !== "link") throw new Failure(text(outcome.refusal));
        return this.#compare(outcome.refusal, node);
      }
      default:
        throw new Skip(`${name} is not run by this runner`);
    }
  }

  #succeed<T>(outcome: Outcome<T>): T {
    if (!outcome.ok) throw new Failure(text(outcome.refusal));
    return outcome.value;
  }

  // --- modules

  #module(node: List, inline: boolean): void {
    const keyword = node.items[1]?.kind === "atom" ? node.items[1].text : "";
    if (!inline && keyword === "instance") {
      const ids = node.items.slice(2).filter(isId);
      const definition = ids[1] === undefined ? this.#definition : this.#definitions.get(ids[1].text);
      if (definition === undefined) throw new Failure("no such module definition");
      this.#current = this.#succeed(this.#instantiate(definition));
      if (ids[0] !== undefined) this.#instances.set(ids[0].text, this.#current);
      return;
    }
    const id = node.items.slice(1, 3).find(isId);
    const compiled = this.#succeed(this.#compile(node, "valid", inline));
    this.#definition = compiled;
    if (id !== undefined && !inline) this.#definitions.set(id.text, compiled);
    if (!inline && keyword === "definition") return;
    this.#current = undefined;
    this.#current = this.#succeed(this.#instantiate(compiled));
    if (id !== undefined && !inline) this.#instances.set(id.text, this.#current);
  }

  /** The binary of a module command in any of its forms, or the assembler's refusal. */
  #binary(node: List, inline: boolean): { bytes: Uint8Array } | { error: { message: string } } {
    if (inline) return this.#options.assemble(asciiSource(this.#source, node.start, node.end));
    const strings = node.items.flatMap((one) => (one.kind === "string" ? [one.bytes] : []));
    const words = node.items.slice(1, 4).flatMap((one) => (one.kind === "atom" ? [one.text] : []));
    if (words.includes("binary")) return { bytes: new Uint8Array(Buffer.concat(strings)) };
    if (words.includes("quote")) {
      let source: string;
      try {
        source = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(strings));
      } catch {
        return { error: { message: "malformed UTF-8 encoding" } };
      }
      return this.#options.assemble(source);
    }
    const source = asciiSource(this.#source, node.start, node.end).replace(/^\(\s*module\s+definition\b/, "(module");
    return this.#options.assemble(source);
  }

  #compile(node: List, what: "valid" | "invalid" | "malformed", inline = false): Outcome<Compiled> {
    const made = this.#binary(node, inline);
    if ("error" in made) return { ok: false, refusal: { stage: "malformed", message: made.error.message } };
    this.#options.onModule?.(made.bytes, lineOf(this.#source, node.start), what);
    return this.#options.engine.compile(made.bytes);
  }

  #instantiate(compiled: Compiled): Outcome<Instantiated> {
    return this.#options.engine.instantiate(compiled);
  }

  #register(node: List): void {
    const name = node.items[1];
    if (name?.kind !== "string") throw new Failure("register takes a name");
    this.#options.engine.register(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(name.bytes),
      this.#instance(node.items[2]),
    );
  }

  #instance(id: Node | undefined): Instantiated {
    const found = isId(id) ? this.#instances.get(id.text) : this.#current;
    if (found === undefined) throw new Failure("the module was not instantiated");
    return found;
  }

  // --- actions and assertions

  #action(node: List): Outcome<readonly Value[]> {
    const [, first, ...rest] = node.items;
    const named = isId(first);
    const name = named ? rest[0] : first;
    if (name?.kind !== "string") throw new Failure("an action names an export");
    const instance = this.#instance(named ? first : undefined);
    const exported = new TextDecoder("utf-8", { ignoreBOM: true }).decode(name.bytes);
    if (head(node) === "get") {
      const value = this.#options.engine.get(instance, exported);
      return value.ok ? { ok: true, value: [value.value] } : value;
    }
    const args = (named ? rest.slice(1) : rest).map((one) => parseValue(one, this.#floats));
    return this.#options.engine.invoke(instance, exported, args);
  }

  #assertReturn(node: List): void {
    const values = this.#succeed(this.#action(node.items[1] as List));
    const expected = node.items.slice(2);
    const fits = values.length === expected.length && expected.every((one, n) => matches(values[n], one, this.#floats));
    if (!fits) {
      const wanted = expected.map((one) => this.#source.slice(one.start, one.end)).join(" ");
      throw new Failure(`expected ${wanted}, got ${values.map(show).join(" ")}`);
    }
  }

  #assertTrap(node: List, stage: "trap" | "exhaustion"): void {
    const subject = node.items[1] as List;
    const outcome: Outcome<unknown> =
      head(subject) === "module"
        ? this.#instantiate(this.#succeed(this.#compile(subject, "valid")))
        : this.#action(subject);
    if (outcome.ok) throw new Failure("returned instead of trapping");
    if (outcome.refusal.stage !== stage) throw new Failure(text(outcome.refusal));
    // One trap in place of another is a wrong result, not a matter of words.
    const expected = wording(node);
    if (!says(outcome.refusal, expected)) throw new Failure(`expected "${expected}", got "${outcome.refusal.message}"`);
  }

  #assertRefused(node: List, stage: "invalid" | "malformed"): void {
    const outcome = this.#compile(node.items[1] as List, stage);
    if (outcome.ok) throw new Failure("accepted");
    // The assembler refuses some texts that are invalid rather than malformed, such as unknown names.
    const given = outcome.refusal.stage;
    if (given !== stage && given !== "refused" && !(stage === "invalid" && given === "malformed")) {
      throw new Failure(text(outcome.refusal));
    }
    this.#compare(outcome.refusal, node);
  }

  /** A refusal in other words than the suite's is noted. */
  #compare(refusal: Refusal, node: List): void {
    const expected = wording(node);
    if (says(refusal, expected)) return;
    const line = lineOf(this.#source, node.start);
    this.#notes.push({ line, message: `expected "${expected}", got "${refusal.message}"` });
  }
}

function wording(node: List): string {
  const last = node.items.at(-1);
  return last?.kind === "string" ? new TextDecoder().decode(last.bytes) : "";
}

/** The suite's wording is a prefix of the message, or the other way round. */
const says = ({ message, wordings = [] }: Refusal, expected: string): boolean =>
  [message, ...wordings].some((one) => one !== "" && (one.startsWith(expected) || expected.startsWith(one)));

const text = ({ stage, message }: Refusal) => `${stage}: ${message}`;

function show(value: Value): string {
  switch (value.type) {
    case "i32":
    case "i64":
      return `(${value.type} ${value.value})`;
    case "f32":
      return `(f32 bits 0x${(value.bits >>> 0).toString(16)})`;
    case "f64":
      return `(f64 bits 0x${BigInt.asUintN(64, value.bits).toString(16)})`;
    case "v128":
      return `(v128 ${Buffer.from(value.bytes).toString("hex")})`;
    case "ref":
      return `(ref ${value.value === null ? "null" : typeof value.value === "number" ? value.value : value.value.constructor.name})`;
  }
}
