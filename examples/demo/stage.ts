/**
 * The stage of the story: real services on loopback, one board directory, one agent process. Built piece by piece by
 * the steps; `close` takes down what is up, in reverse order.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectOperator, type OperatorLink, startBroker } from "../../fleet/index.ts";
import { type DeviceId, deviceId, type TenantId, tenantId } from "../../runtime/kernel/brand.ts";
import { hex, utf8 } from "../../runtime/kernel/bytes.ts";
import { writeDurable } from "../../runtime/kernel/durable.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner, type Signer } from "../../runtime/kernel/signer.ts";
import { startSigstore } from "../../test/fakes/sigstore.ts";
import { createRepositories, type Repositories, serveRepositories } from "../../updater/repository/index.ts";
import { Observer } from "./observer.ts";

export type Served = Awaited<ReturnType<typeof serveRepositories>>;
export type Sigstore = Awaited<ReturnType<typeof startSigstore>>;

export class Stage {
  readonly tenant: TenantId;
  readonly device: DeviceId = unwrap(parseShape(deviceId, "porch-1", "device"));
  readonly folder = mkdtempSync(join(tmpdir(), "sallyport-demo-"));
  readonly operatorPem = generateKeyPem();
  readonly operatorKey: Signer = unwrap(parseSigner(this.operatorPem));
  readonly passwords = { device: hex(nodeRandom.bytes(16)), operator: hex(nodeRandom.bytes(16)) };
  readonly #undo: (() => Promise<void> | void)[] = [];
  #agent: ChildProcess | undefined;

  /** A tenant of its own keeps a run on a shared broker apart from what earlier runs retained there. */
  constructor(tenant = "demo") {
    this.tenant = unwrap(parseShape(tenantId, tenant, "tenant"));
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  async repositories(): Promise<{ repo: Repositories; served: Served }> {
    const repo = unwrap(
      await createRepositories(this.path("repo"), { tenant: this.tenant, teams: ["acme"], now: nodeClock.now }),
    );
    const served = await serveRepositories(this.path("repo"), {});
    this.#undo.push(() => served.close());
    return { repo, served };
  }

  async sigstore(): Promise<Sigstore> {
    const sigstore = await startSigstore();
    this.#undo.push(() => sigstore.close());
    return sigstore;
  }

  /** The embedded broker with two accounts, or a broker elsewhere whose accounts are somebody else's business. */
  async broker(external: string | undefined): Promise<string> {
    if (external !== undefined) return external;
    const { tenant, device, passwords } = this;
    const broker = await startBroker({
      accounts: [
        { username: device, password: passwords.device, kind: "device", tenant, device },
        { username: "operator", password: passwords.operator, kind: "operator" },
      ],
    });
    this.#undo.push(() => broker.close());
    return broker.url;
  }

  async operator(url: string): Promise<{ link: OperatorLink; observer: Observer }> {
    const link = await connectOperator({
      url,
      username: "operator",
      password: this.passwords.operator,
      tenant: this.tenant,
    });
    this.#undo.push(() => link.close());
    return { link, observer: await Observer.watch(link, this.device) };
  }

  /** The physical world of the simulated board: a folder this process writes and the agent's drivers read. */
  world() {
    for (const part of ["sensors", "lines"]) mkdirSync(this.path("world", part), { recursive: true });
    return {
      directory: this.path("world"),
      warm: (celsius: number) => writeDurable(this.path("world", "sensors", "room-temp"), utf8(`${celsius}\n`)),
      level: (line: string) => readFileSync(this.path("world", "lines", line), "utf8").trim(),
    };
  }

  /** The agent as a process of its own, with the very Node a board runs; `program`: flags and file, as they are by default. */
  startAgent(program: readonly string[] = ["agent/main.ts"]): number {
    const log = openSync(this.path("agent.log"), "a");
    const child = spawn(process.execPath, [...program, "agent", "run", "--dir", this.path("board")], {
      stdio: ["ignore", log, log],
    });
    this.#agent = child;
    return child.pid ?? 0;
  }

  /** kill -9: no goodbye, no flush. */
  async killAgent(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#agent;
    this.#agent = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  agentAlive(): boolean {
    return this.#agent !== undefined && this.#agent.exitCode === null && this.#agent.signalCode === null;
  }

  async close(): Promise<void> {
    await this.killAgent("SIGTERM");
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
