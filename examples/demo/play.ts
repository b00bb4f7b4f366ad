/** What the steps hand to each other: the stage and what was built on it so far. */
import { readFileSync } from "node:fs";
import { type Command, parseCommand, signCommand } from "../../agent/wire/index.ts";
import type { OperatorLink } from "../../fleet/index.ts";
import { assert } from "../../runtime/kernel/assert.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { hex, utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeRandom } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { PublicKey } from "../../runtime/kernel/signer.ts";
import type { Repositories } from "../../updater/repository/index.ts";
import { GRANTS } from "./documents.ts";
import type { Observer, Seen } from "./observer.ts";
import type { Signed } from "./releases.ts";
import { type Served, type Sigstore, Stage } from "./stage.ts";
import type { Story } from "./story.ts";

interface Built {
  readonly repo: Repositories;
  readonly served: Served;
  readonly sigstore: Sigstore;
  readonly brokerUrl: string;
  readonly link: OperatorLink;
  /** The board's public key, as whoever enrolled it wrote it down. */
  readonly enrolled: PublicKey;
  readonly observer: Observer;
  readonly world: ReturnType<Stage["world"]>;
}

export class Play {
  readonly story: Story;
  readonly stage: Stage;
  readonly #built: Partial<Built> = {};

  constructor(story: Story, tenant: string) {
    this.story = story;
    this.stage = new Stage(tenant);
  }

  put(parts: Partial<Built>): void {
    Object.assign(this.#built, parts);
  }

  get<K extends keyof Built>(name: K): Built[K] {
    const value = this.#built[name];
    assert(value !== undefined, `${name} was put on the stage by an earlier step`);
    return value;
  }

  /** The director's word: this release, with the story's grants. */
  async assign(release: Pick<Signed, "parsed">, more: Partial<DesiredModule> = {}): Promise<void> {
    const { team, name, version } = release.parsed;
    const wanted: DesiredModule = { team, name, version, grants: GRANTS, lifts: [], probationS: 2, ...more };
    unwrap(await this.get("repo").assign(this.stage.device, [wanted]));
  }

  async hint(): Promise<void> {
    await this.get("link").hint(this.stage.device);
  }

  /** Signs and sends a command as the operator; returns its id. */
  async order(verb: Command["verb"], args: unknown): Promise<string> {
    const { device, tenant, operatorKey } = this.stage;
    const now = Date.now();
    const id = hex(nodeRandom.bytes(8));
    const common = {
      schema: "sallyport.command/1",
      id,
      tenant,
      device,
      issuedAt: now,
      notAfter: now + 60_000,
      seq: now,
    };
    const command = unwrap(parseCommand(utf8(JSON.stringify({ ...common, verb, args }))));
    await this.get("link").sendCommand(device, verb, await signCommand(command, operatorKey));
    return id;
  }

  /** The next climate reading that fits; proves that the module runs and says which release it is. */
  reading(what: string, fits: (reading: Seen) => boolean, from?: number): Promise<Seen> {
    const observer = this.get("observer");
    return observer.until(
      what,
      (one) => one.topic === "up/tm/room-climate/climate" && fits(one),
      from === undefined ? {} : { from },
    );
  }

  toPlayWith(): string {
    const { device, tenant } = this.stage;
    const prefix = `sp/1/${tenant}/${device}`;
    return [
      "",
      "Everything is still running. Ctrl-C ends it.",
      `  image repository   ${this.get("served").imageMetadataUrl}timestamp.json`,
      `  director           ${this.get("served").directorUrl(device).metadataUrl}timestamp.json`,
      `  broker             ${this.get("brokerUrl")}   user operator, password ${this.stage.passwords.operator}`,
      `  topics             ${prefix}/up/#  (state, birth, mod, job, tm, ev, log, res)`,
      `  the room           echo 31 > ${this.stage.path("world", "sensors", "room-temp")}`,
      `  the fan            cat ${this.stage.path("world", "lines", "fan")}`,
      `  the agent's log    ${this.stage.path("agent.log")}`,
    ].join("\n");
  }

  /** The end of the agent's log, when a step did not hold. */
  lastWords(): string {
    try {
      const lines = readFileSync(this.stage.path("agent.log"), "utf8").trimEnd().split("\n");
      return ["The agent's log ends with:", ...lines.slice(-12).map((line) => `  ${line}`)].join("\n");
    } catch {
      return "The agent was not started.";
    }
  }

  close(): Promise<void> {
    return this.stage.close();
  }
}
