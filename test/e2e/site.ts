/**
 * A whole site for end-to-end tests: repositories over HTTP, Sigstore double, broker, one board, and its agent either in
 * this process or as one of its own. Built from the demo's stage, so that what tests see is what the demo shows.
 */
import { type Agent, startAgent } from "../../agent/daemon.ts";
import { provisionBoard } from "../../agent/provision/device.ts";
import { type Command, parseCommand, signCommand } from "../../agent/wire/index.ts";
import { POLICY_PATH, TRUSTED_ROOT_PATH } from "../../attest/index.ts";
import { boardDocument, policyDocument } from "../../examples/demo/documents.ts";
import type { Observer, Seen } from "../../examples/demo/observer.ts";
import { attest } from "../../examples/demo/releases.ts";
import { type Served, type Sigstore, Stage } from "../../examples/demo/stage.ts";
import type { OperatorLink } from "../../fleet/index.ts";
import type { Tier } from "../../runtime/index.ts";
import { type Cover, coversShape } from "../../runtime/kernel/authority/capability.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import type { Manifest } from "../../runtime/kernel/authority/manifest.ts";
import { hex, utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import type { Log } from "../../runtime/kernel/world.ts";
import type { Repositories } from "../../updater/repository/index.ts";

export const CEILING = [
  { cap: "publish", channel: "count" },
  { cap: "publish", channel: "climate" },
  { cap: "publish", channel: "system" },
  { cap: "kv" },
  { cap: "sensor", name: "room-temp" },
  { cap: "sensor", name: "load-1m" },
  { cap: "sensor", name: "uptime" },
  { cap: "gpio", line: "fan", dir: "out" },
];
const GRANTS: readonly Cover[] = unwrap(parseShape(coversShape, CEILING, "grants"));

export interface Publishable {
  readonly module: Uint8Array;
  readonly manifest: Uint8Array;
  readonly parsed: Manifest;
}

export class Site {
  readonly stage: Stage;
  readonly repo: Repositories;
  readonly served: Served;
  readonly sigstore: Sigstore;
  readonly link: OperatorLink;
  readonly observer: Observer;
  readonly world: ReturnType<Stage["world"]>;
  /** What the agent in this process logged. */
  readonly log: string[] = [];
  #agent: Agent | undefined;
  #seq = 0;

  static async open(): Promise<Site> {
    const stage = new Stage();
    const { repo, served } = await stage.repositories();
    const sigstore = await stage.sigstore();
    const broker = await stage.broker(undefined);
    const { link, observer } = await stage.operator(broker);
    const site = new Site({ stage, repo, served, sigstore, link, observer, world: stage.world() });
    site.world.warm(20);
    const policy = policyDocument(stage.operatorKey.publicPem, CEILING);
    unwrap(
      await repo.putOwnerTargets(
        new Map([
          [POLICY_PATH, policy],
          [TRUSTED_ROOT_PATH, sigstore.trustedRoot],
        ]),
      ),
    );
    unwrap(await repo.assign(stage.device, []));
    unwrap(
      provisionBoard(stage.path("board"), {
        config: {
          schema: "sallyport.device/1",
          tenant: stage.tenant,
          device: stage.device,
          class: "porch",
          region: "eu",
          image: { metadataUrl: served.imageMetadataUrl, targetsUrl: served.imageTargetsUrl },
          director: served.directorUrl(stage.device),
          broker: { url: broker, username: stage.device, password: stage.passwords.device },
          simulatedDirectory: site.world.directory,
          pollS: 3600,
        },
        imageRoot: repo.imageRoot(),
        directorRoot: repo.directorRoot(),
        board: boardDocument(undefined),
      }),
    );
    return site;
  }

  constructor(parts: Pick<Site, "stage" | "repo" | "served" | "sigstore" | "link" | "observer" | "world">) {
    ({ stage: this.stage, repo: this.repo, served: this.served, sigstore: this.sigstore } = parts);
    ({ link: this.link, observer: this.observer, world: this.world } = parts);
  }

  /** The owner changes the policy: another version, another identity whose evidence counts. */
  async policy(version: number, subject?: string): Promise<void> {
    const document = policyDocument(this.stage.operatorKey.publicPem, CEILING, version, subject);
    unwrap(await this.repo.putOwnerTargets(new Map([[POLICY_PATH, document]])));
  }

  /** The agent in this process, with a tier of its own if given; `ready` on MQTT when this resolves. */
  async start(more: { readonly tier?: Tier } = {}): Promise<Agent> {
    const from = this.observer.mark();
    const log: Log = (level, what, facts) => void this.log.push(`${level} ${what} ${JSON.stringify(facts ?? {})}`);
    const common = { directory: this.stage.path("board"), clock: nodeClock, random: nodeRandom, log };
    this.#agent = await startAgent({ ...common, ...more });
    await this.observer.until("ready", (one) => one.topic === "up/state" && one.get("s") === "ready", { from });
    return this.#agent;
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  async publish(release: Publishable, subject?: string): Promise<void> {
    const signed = await attest(this.sigstore, release, subject);
    const { manifest, module, bundle } = signed;
    unwrap(await this.repo.publishRelease({ manifest, module, bundle, hardware: [`any/${signed.parsed.abi}`] }));
  }

  /** The director's whole word for the board. */
  async assign(releases: readonly Pick<Publishable, "parsed">[], more: Partial<DesiredModule> = {}): Promise<void> {
    const modules = releases.map(({ parsed: { team, name, version } }): DesiredModule => {
      return { team, name, version, grants: GRANTS, lifts: [], probationS: 1, ...more };
    });
    unwrap(await this.repo.assign(this.stage.device, modules));
  }

  hint(): Promise<void> {
    return this.link.hint(this.stage.device);
  }

  /** Publishes, assigns and waits for the commit. */
  async install(...releases: readonly Publishable[]): Promise<void> {
    for (const release of releases) await this.publish(release);
    await this.assign(releases);
    const from = this.observer.mark();
    await this.hint();
    for (const { parsed } of releases) await this.observer.job(`${parsed.name}-${parsed.version}`, "succeeded", from);
  }

  command(verb: Command["verb"], args: unknown, over: Partial<Command> = {}): Command {
    const { device, tenant } = this.stage;
    const now = Date.now();
    this.#seq = Math.max(this.#seq + 1, now);
    const id = hex(nodeRandom.bytes(8));
    const common = {
      schema: "sallyport.command/1",
      id,
      tenant,
      device,
      issuedAt: now,
      notAfter: now + 60_000,
      seq: this.#seq,
    };
    return unwrap(parseCommand(utf8(JSON.stringify({ ...common, verb, args, ...over }))));
  }

  /** Sends a command of the operator and waits for the answer. */
  async order(verb: Command["verb"], args: unknown): Promise<Seen> {
    const command = this.command(verb, args);
    const from = this.observer.mark();
    await this.link.sendCommand(this.stage.device, verb, await signCommand(command, this.stage.operatorKey));
    return this.observer.until(`answer to ${verb}`, (one) => one.topic === `up/res/${command.id}`, { from });
  }

  telemetry(module: string, channel: string, from?: number): Promise<Seen> {
    const topic = `up/tm/${module}/${channel}`;
    return this.observer.until(topic, (one) => one.topic === topic, from === undefined ? {} : { from });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.stage.close();
  }
}
