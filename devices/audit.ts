/**
 * What is worth a line in the audit trail: a refusal or a failure, the first of its kind per capability and minute; the
 * next one says how many were counted in between. Events are plain JSON. A guest chooses names of capabilities it does
 * not have, so only so many distinct ones are remembered; the rest share one line.
 */
import { SP } from "../runtime/index.ts";
import type { CapabilityId } from "../runtime/kernel/authority/capability.ts";
import type { ModuleName } from "../runtime/kernel/brand.ts";
import { printable, reasonOf } from "../runtime/kernel/fault.ts";
import type { Clock } from "../runtime/kernel/world.ts";

export interface AuditEvent {
  /** `failed`: a driver, a service or an event's receiver threw; nothing was refused by authority. */
  readonly what: "refused" | "failed";
  readonly module: ModuleName;
  readonly capability: CapabilityId;
  readonly call: string;
  /** What the guest got, e.g. `SP_EDENIED`. */
  readonly code: string;
  readonly reason?: string;
  /** Like events since the last one that was reported. */
  readonly suppressed: number;
  /** Wall clock, milliseconds. */
  readonly t: number;
}

const MINUTE_MS = 60_000;
const KEYS_MAX = 256;
const OTHER = "other";
const NAMES = new Map<number, string>(Object.entries(SP).map(([name, code]) => [code, `SP_${name}`]));

export class Auditor {
  readonly #module: ModuleName;
  readonly #clock: Clock;
  readonly #sink: (event: AuditEvent) => void;
  readonly #seen = new Map<string, { since: number; suppressed: number }>();

  constructor(module: ModuleName, clock: Clock, sink: (event: AuditEvent) => void) {
    this.#module = module;
    this.#clock = clock;
    this.#sink = sink;
  }

  refused(call: string, capability: CapabilityId, code: number): void {
    this.#note({ what: "refused", call, capability, code: NAMES.get(code) ?? String(code) });
  }

  failed(call: string, capability: CapabilityId, thrown: unknown): void {
    this.#note({ what: "failed", call, capability, code: "SP_EIO", reason: reasonOf(thrown) });
  }

  #note(event: Pick<AuditEvent, "what" | "call" | "capability" | "code" | "reason">): void {
    const now = this.#clock.monotonic();
    const own = `${event.capability} ${event.code}`;
    const known = this.#seen.has(own) || this.#seen.size < KEYS_MAX || this.#forget(now);
    const capability = known ? printable(event.capability) : OTHER;
    const key = known ? own : OTHER;
    const last = this.#seen.get(key);
    if (last !== undefined && now - last.since < MINUTE_MS) {
      last.suppressed += 1;
      return;
    }
    this.#seen.set(key, { since: now, suppressed: 0 });
    const suppressed = last?.suppressed ?? 0;
    this.#sink({ ...event, capability, module: this.#module, suppressed, t: this.#clock.now() });
  }

  /** Makes room by forgetting what is older than a minute; false when there is nothing of the kind. */
  #forget(now: number): boolean {
    for (const [key, { since }] of this.#seen) if (now - since >= MINUTE_MS) this.#seen.delete(key);
    return this.#seen.size < KEYS_MAX;
  }
}
