/**
 * The grants of one running module: what it holds, what was revoked, how often each was used and refused. `check` is
 * the grant check: every host call that touches anything passes through it, and nowhere else is it decided whether a
 * module may do something.
 */
import { SP } from "../runtime/index.ts";
import { type Capability, type CapabilityId, capabilityId } from "../runtime/kernel/authority/capability.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import type { Auditor } from "./audit.ts";
import { Meter, perMinute, perSecond, type Rate } from "./meter.ts";

export interface Revocation {
  readonly id: CapabilityId;
  /** The id that director metadata has to name in order to lift it. */
  readonly revocation: string;
  /** Wall clock, milliseconds. */
  readonly t: number;
}

export interface Grant {
  readonly id: CapabilityId;
  capability: Capability;
  meter: Meter | undefined;
  revoked: Revocation | undefined;
  uses: number;
  refused: number;
  /** Events that came too fast or found the queue full. */
  dropped: number;
}

export class Grants {
  readonly #grants = new Map<CapabilityId, Grant>();
  readonly #clock: Clock;
  readonly #audit: Auditor;

  constructor(clock: Clock, audit: Auditor) {
    this.#clock = clock;
    this.#audit = audit;
  }

  /** The grant check. Not granted and unknown are one answer: a guest cannot find out what this board has. */
  check(call: string, id: CapabilityId): Grant | number {
    const grant = this.#grants.get(id);
    if (grant === undefined) return this.refuse(call, id, SP.EDENIED);
    if (grant.revoked !== undefined) return this.refuse(call, id, SP.EREVOKED);
    return grant;
  }

  /** One use at the granted rate: 0, or SP_ERATE. */
  spend(call: string, grant: Grant): number {
    if (grant.meter?.take(this.#clock.monotonic()) === false) return this.refuse(call, grant.id, SP.ERATE);
    grant.uses += 1;
    return 0;
  }

  /** Counts and audits a refusal; returns its code. */
  refuse(call: string, id: CapabilityId, code: number): number {
    const grant = this.#grants.get(id);
    if (grant !== undefined) grant.refused += 1;
    this.#audit.refused(call, id, code);
    return code;
  }

  get(id: CapabilityId): Grant | undefined {
    return this.#grants.get(id);
  }

  all(): readonly Grant[] {
    return [...this.#grants.values()];
  }

  /** Adds a capability, or changes the numbers of one that is held: its counters go on, its tokens are not refilled. */
  put(capability: Capability): Grant {
    const id = capabilityId(capability);
    const now = this.#clock.monotonic();
    const rate = rateOf(capability);
    const held = this.#grants.get(id);
    if (held === undefined) {
      const meter = rate === undefined ? undefined : new Meter(rate, now);
      const grant = { id, capability, meter, revoked: undefined, uses: 0, refused: 0, dropped: 0 };
      this.#grants.set(id, grant);
      return grant;
    }
    held.capability = capability;
    if (rate !== undefined) held.meter?.retune(rate, now);
    return held;
  }

  remove(id: CapabilityId): void {
    this.#grants.delete(id);
  }
}

function rateOf(capability: Capability): Rate | undefined {
  switch (capability.cap) {
    case "gpio":
    case "sensor":
      return perSecond(capability.maxHz);
    case "publish":
      return perMinute(capability.perMin);
    case "kv":
      return perMinute(capability.writesPerMin);
    default:
      return undefined;
  }
}
