/**
 * What the tests of this room share: a board with two outputs, an input and sensors in the simulated world, a clock that
 * is stepped by hand, and modules that call the broker exactly as a guest's worker does: by name, with scalars and bytes.
 */
import { expect } from "vitest";
import {
  type AuditEvent,
  type Broker,
  createBroker,
  type Holder,
  type ModuleServices,
  openBoard,
  parseBoard,
} from "../../../devices/index.ts";
import { type GuestEvent, SP } from "../../../runtime/index.ts";
import type { Capability, CapabilityId } from "../../../runtime/kernel/authority/capability.ts";
import { type ModuleName, moduleName, type ResourceName, resourceName } from "../../../runtime/kernel/brand.ts";
import { fromUtf8, utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { SteppingClock } from "../../fakes/clock.ts";

export const module = (text: string): ModuleName => unwrap(parseShape(moduleName, text, "a module's name"));
export const name = (text: string): ResourceName => unwrap(parseShape(resourceName, text, "a name"));

export const BOARD = {
  schema: "sallyport.board/1",
  profile: "porch",
  lines: [
    { name: "fan", driver: "simulated", dir: "out", safe: "low" },
    { name: "pump", driver: "simulated", dir: "out" },
    { name: "button", driver: "simulated", dir: "in" },
  ],
  sensors: [
    { name: "room", driver: "simulated", unit: "celsius", value: 21.5 },
    { name: "silent", driver: "simulated", unit: "lux" },
    { name: "absent", driver: "hwmon", match: { chip: "no-such-chip" } },
  ],
};

export const boardOf = (document: unknown) => parseBoard(utf8(JSON.stringify(document)));

export const CAN = {
  out: (line: string, more: { maxHz?: number; safe?: "low" | "high" | "keep" } = {}): Capability => ({
    cap: "gpio",
    line: name(line),
    dir: "out",
    maxHz: more.maxHz ?? 1000,
    safe: more.safe ?? "low",
  }),
  in: (line: string, maxHz = 1000): Capability => ({ cap: "gpio", line: name(line), dir: "in", maxHz, safe: "low" }),
  sensor: (sensor: string, maxHz = 1000): Capability => ({ cap: "sensor", name: name(sensor), maxHz }),
  publish: (channel: string, more: { qos?: 0 | 1; perMin?: number; maxBytes?: number } = {}): Capability => ({
    cap: "publish",
    channel: name(channel),
    qos: more.qos ?? 1,
    perMin: more.perMin ?? 600,
    maxBytes: more.maxBytes ?? 100,
  }),
  subscribe: (channel: string, queue = 4): Capability => ({ cap: "subscribe", channel: name(channel), queue }),
  kv: (bytes = 100, writesPerMin = 600): Capability => ({ cap: "kv", bytes, writesPerMin }),
};

/** Keeps what a module did through its services; quotas are kept for real. */
export class FakeServices implements ModuleServices {
  readonly published: { channel: string; text: string; qos: 0 | 1; retain: boolean }[] = [];
  readonly subscribed: string[] = [];
  readonly rows = new Map<string, Uint8Array>();
  /** Thrown by the next call of any service. */
  breaks: Error | undefined;

  #maybeBreak(): void {
    const error = this.breaks;
    this.breaks = undefined;
    if (error !== undefined) throw error;
  }

  async publish(channel: string, payload: Uint8Array, qos: 0 | 1, retain: boolean): Promise<number> {
    this.#maybeBreak();
    this.published.push({ channel, text: fromUtf8(payload) ?? "", qos, retain });
    return 0;
  }

  subscribe(channel: string): void {
    this.#maybeBreak();
    this.subscribed.push(channel);
  }

  kvGet(key: string): Uint8Array | undefined {
    this.#maybeBreak();
    return this.rows.get(key);
  }

  kvSet(key: string, value: Uint8Array, limitBytes: number): number {
    this.#maybeBreak();
    const others = [...this.rows].filter(([other]) => other !== key);
    const size = others.reduce((sum, [other, bytes]) => sum + other.length + bytes.byteLength, 0);
    if (size + key.length + value.byteLength > limitBytes) return SP.EQUOTA;
    this.rows.set(key, value);
    return 0;
  }

  async kvDelete(key: string): Promise<number> {
    this.#maybeBreak();
    return this.rows.delete(key) ? 0 : SP.ENOENT;
  }
}

/** One life of a module, with the calls a guest would make. */
export class Life {
  readonly holder: Holder;
  readonly services: FakeServices;
  readonly events: GuestEvent[];

  constructor(holder: Holder, services: FakeServices, events: GuestEvent[]) {
    this.holder = holder;
    this.services = services;
    this.events = events;
  }

  async answer(call: string, args: readonly (number | string | Uint8Array)[], capacity = 0) {
    const ints = args.filter((one) => typeof one === "number").map((one) => BigInt(one));
    const bytes = args
      .filter((one) => typeof one !== "number")
      .map((one) => (typeof one === "string" ? utf8(one) : one));
    return this.holder.port.call({ name: call, ints, bytes, capacity });
  }

  /** The number the guest gets. */
  async call(call: string, ...args: readonly (number | string | Uint8Array)[]): Promise<number> {
    return (await this.answer(call, args, call === "sensor_read" ? 24 : 65_536)).value;
  }

  /** A call that must give a handle. */
  async open(call: string, ...args: readonly (number | string)[]): Promise<number> {
    const handle = await this.call(call, ...args);
    expect(handle).toBeGreaterThanOrEqual(0);
    return handle;
  }

  /** Names of the capabilities the guest was told it lost. */
  get told(): readonly string[] {
    return this.events.filter((one) => one.kind === 6).map((one) => fromUtf8(one.name ?? new Uint8Array(0)) ?? "");
  }

  uses(id: CapabilityId) {
    return this.holder.report().grants.find((one) => one.id === id);
  }
}

export function openRig(document: unknown = BOARD, directories: { sysRoot?: string; procRoot?: string } = {}) {
  const clock = new SteppingClock();
  const board = unwrap(openBoard(unwrap(boardOf(document)), { clock, ...directories }));
  const audits: AuditEvent[] = [];
  const broker: Broker = createBroker({ board, clock, onAudit: (event) => void audits.push(event) });
  const admitted = (who: string, capabilities: readonly Capability[], revoked: ReadonlyMap<string, string>) => {
    const services = new FakeServices();
    const events: GuestEvent[] = [];
    const result = broker.admit({
      module: module(who),
      capabilities,
      revoked,
      services,
      post: (event) => void events.push(event),
    });
    return { result, services, events };
  };
  return {
    clock,
    board,
    broker,
    audits,
    world: board.simulated,
    /** Admits a module that must be let in. */
    admit(who: string, capabilities: readonly Capability[], revoked: ReadonlyMap<string, string> = new Map()): Life {
      const { result, services, events } = admitted(who, capabilities, revoked);
      return new Life(unwrap(result), services, events);
    },
    tryAdmit: (who: string, capabilities: readonly Capability[]) => admitted(who, capabilities, new Map()).result,
  };
}

/** Lets everything that is already resolved run on; no time passes on any clock. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
