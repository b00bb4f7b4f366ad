/**
 * The operator's eyes in the story: every message the board sends, kept in order, and a way to wait for one that shows
 * something. Waiting has an end: what does not come in time is a step that does not hold.
 */
import type { OperatorLink } from "../../fleet/index.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { StepFailed } from "./story.ts";

export interface Seen {
  /** Topic below the device's prefix, e.g. `up/tm/room-climate/climate`. */
  readonly topic: string;
  /** The text as it came. */
  readonly text: string;
  /** A field of the JSON message by its path, e.g. `data.code`; undefined when there is none. */
  get(path: string): unknown;
}

export class Observer {
  readonly seen: Seen[] = [];
  readonly #waits = new Set<() => void>();

  static async watch(link: OperatorLink, device: DeviceId): Promise<Observer> {
    const observer = new Observer();
    await link.watch(device, (topic, payload) => observer.#take(topic.split("/").slice(4).join("/"), payload));
    return observer;
  }

  #take(topic: string, payload: Uint8Array): void {
    const text = new TextDecoder().decode(payload);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      // Telemetry is the module's own bytes; what is not JSON has no fields.
    }
    this.seen.push({ topic, text, get: (path) => path.split(".").reduce(field, body) });
    for (const look of [...this.#waits]) look();
  }

  /** A place in the stream: waits that start from here do not see what came before. */
  mark(): number {
    return this.seen.length;
  }

  /** The first message from `from` on that fits; fails with `what` after `ms`. */
  async until(
    what: string,
    fits: (message: Seen) => boolean,
    options: { from?: number; ms?: number } = {},
  ): Promise<Seen> {
    let next = options.from ?? this.mark();
    const ms = options.ms ?? 15_000;
    return await new Promise<Seen>((resolve, reject) => {
      const look = () => {
        for (; next < this.seen.length; next += 1) {
          const message = this.seen[next];
          if (message === undefined || !fits(message)) continue;
          end();
          resolve(message);
          return;
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(new StepFailed(`${what}: not seen within ${ms / 1000} s`));
      }, ms);
      const end = () => {
        clearTimeout(timer);
        this.#waits.delete(look);
      };
      this.#waits.add(look);
      look();
    });
  }

  event(type: string, code: string, from?: number): Promise<Seen> {
    return this.until(
      `event ${type} with ${code}`,
      (one) => one.topic === `up/ev/${type}` && one.get("data.code") === code,
      from === undefined ? {} : { from },
    );
  }

  job(id: string, state: string, from?: number): Promise<Seen> {
    return this.until(
      `job ${id} ${state}`,
      (one) => one.topic === `up/job/${id}` && one.get("s") === state,
      from === undefined ? {} : { from },
    );
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
