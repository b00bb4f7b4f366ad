/**
 * What a case works with: a served repository, the client under test as a process of its own, the stock client beside
 * it, and the few questions that the protocol leaves open to whoever tests (exit status, files, requests).
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { Board } from "./board.ts";
import { initialize } from "./metadata-dir.ts";
import type { Mount, SimulatorServer } from "./server.ts";
import { Repository, START_MS } from "./simulator.ts";
import { type Stock, stockClient } from "./stock.ts";

const CLIENT = join(dirname(fileURLToPath(import.meta.url)), "client");
const TIMEOUT_MS = 60_000;

/** How the two clients judged one command: `ok` or the code of ours; whether stock accepted. */
export interface Verdict {
  readonly ours: string;
  readonly stock: boolean;
}

export interface Outcome {
  readonly exit: number | null;
  readonly signal: string | null;
  /** The fault's code; empty when it succeeded. */
  readonly code: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly at?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly extra?: readonly string[];
  /** How long the stock client waits for an answer, ms. */
  readonly patienceMs?: number;
  /** Leaves the stock client out: it has seen this state already. */
  readonly alone?: boolean;
}

export class CaseFailure extends Error {}

export class Context {
  readonly repo: Repository;
  readonly mount: Mount;
  /** The stock client's view of the same repository. */
  readonly stockMount: Mount;
  readonly verdicts: Verdict[] = [];
  readonly metadataDir: string;
  readonly targetDir: string;
  readonly stock: Stock;
  readonly directory: string;
  readonly #compiled: string;
  readonly #server: SimulatorServer;
  #board: Board | undefined;

  constructor(server: SimulatorServer, directory: string, repository = new Repository()) {
    this.directory = directory;
    // Shared by all cases of a run: half of what a short command takes is compiling.
    this.#compiled = join(directory, "..", "compiled");
    this.#server = server;
    this.repo = repository;
    this.mount = server.mount(repository);
    this.stockMount = server.mount(repository);
    this.metadataDir = join(directory, "metadata");
    this.targetDir = join(directory, "targets");
    this.stock = stockClient(join(directory, "stock"), this.stockMount);
    for (const one of [this.metadataDir, this.targetDir]) mkdirSync(one, { recursive: true });
  }

  /** A board with two repositories of its own, for what the protocol does not know. */
  board(): Board {
    this.#board ??= new Board(this, this.#server);
    return this.#board;
  }

  /** As the command does it, without a process of its own. */
  async init(root: Uint8Array = this.repo.pinned): Promise<void> {
    initialize(this.metadataDir, this.#rootFile(root));
    this.stock.init(root);
  }

  /** The command itself. */
  async initCommand(): Promise<void> {
    const file = this.#rootFile(this.repo.pinned);
    const { exit } = await this.#command(["--metadata-dir", this.metadataDir, "init", file], {});
    this.same(exit, 0, "exit status of init");
  }

  #rootFile(root: Uint8Array): string {
    const file = join(this.directory, "initial-root.json");
    writeFileSync(file, root);
    return file;
  }

  /** `expected` is `ok` or the code that refuses. */
  async refresh(expected: string, options: CommandOptions = {}): Promise<void> {
    const outcome = await this.command(["refresh"], options);
    await this.#judge(expected, outcome, [], options);
  }

  async download(names: string | readonly string[], expected: string, options: CommandOptions = {}): Promise<void> {
    const all = typeof names === "string" ? [names] : names;
    const args = all.flatMap((name) => ["--target-name", name]);
    const place = ["--target-dir", this.targetDir, "--target-base-url", this.mount.targetsUrl];
    const outcome = await this.command([...args, ...place, "download"], options);
    await this.#judge(expected, outcome, all, options);
  }

  /** One command of the protocol against this repository; nothing is judged. */
  command(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    const at = new Date(options.at ?? START_MS).toISOString();
    const place = ["--metadata-url", this.mount.metadataUrl, "--metadata-dir", this.metadataDir, "--at", at];
    return this.#command([...place, ...(options.extra ?? []), ...args], options.env ?? {});
  }

  async #judge(expected: string, outcome: Outcome, names: readonly string[], options: CommandOptions): Promise<void> {
    if (options.alone !== true) {
      const stock = await this.stock.run(names, options.at ?? START_MS, options.patienceMs);
      this.verdicts.push({ ours: outcome.exit === 0 ? "ok" : outcome.code, stock });
    }
    const exit = expected === "ok" ? 0 : 1;
    const code = expected === "ok" ? "" : expected;
    if (outcome.exit === exit && outcome.code === code) return;
    throw new CaseFailure(
      `expected ${expected}, got exit ${outcome.exit ?? outcome.signal} ${outcome.code}\n${outcome.stderr.trim()}`,
    );
  }

  #command(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
    return this.spawn(CLIENT, args, env);
  }

  /** Any program; the first word of its standard error is taken for a code. */
  spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const child = spawn(program, args, {
      env: { ...process.env, NODE_COMPILE_CACHE: this.#compiled, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: TIMEOUT_MS,
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (exit, signal) => {
      const code = exit === 0 ? "" : (/^([A-Z_]+): /.exec(stderr)?.[1] ?? "none");
      resolve({ exit, signal, code, stderr });
    });
    return promise;
  }

  /** The versions of what the client shows as trusted, by file name without `.json`. */
  versions(): Record<string, number> {
    const names = readdirSync(this.metadataDir).filter((name) => /^[^.].*\.json$/.test(name));
    return Object.fromEntries(
      names.sort().map((name) => {
        const file = JSON.parse(readFileSync(join(this.metadataDir, name), "utf8"));
        return [name.slice(0, -".json".length), file.signed.version];
      }),
    );
  }

  shows(expected: Readonly<Record<string, number>>): void {
    this.same(this.versions(), expected, "versions of the trusted files");
  }

  trustedBytes(role: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.metadataDir, `${role}.json`)));
  }

  /** What was downloaded, as text, oldest first. */
  downloads(): readonly string[] {
    return readdirSync(this.targetDir, { recursive: true, encoding: "utf8" })
      .map((name) => join(this.targetDir, name))
      .filter((path) => statSync(path).isFile())
      .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
      .map((path) => readFileSync(path, "utf8"));
  }

  /** The requests since the last call. */
  requests(): readonly string[] {
    return this.mount.requests.splice(0);
  }

  same(actual: unknown, expected: unknown, what: string): void {
    if (isDeepStrictEqual(actual, expected)) return;
    throw new CaseFailure(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }

  isTrue(fact: boolean, what: string): void {
    if (!fact) throw new CaseFailure(what);
  }

  /** The same damage to both clients' memories. */
  damage(change: (metadataDir: string) => void): void {
    change(this.metadataDir);
    change(this.stock.directory);
  }

  clear(): void {
    this.#board?.updater.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Case {
  readonly name: string;
  readonly run: (t: Context) => Promise<void>;
}
