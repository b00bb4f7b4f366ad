/**
 * What one holder may do and what it did: per capability its state, its meter and its counters. `check` is the grant
 * check of every host call. The first refusal of a kind is reported at once, further ones once a minute with a count.
 */

import { SP } from "../runtime/index.ts";
import { type Capability, type CapabilityId, capabilityId } from "../runtime/kernel/authority/capability.ts";
import { reasonOf } from "../runtime/kernel/fault.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import { createMeter, type Meter } from "./meter.ts";

export interface AuditEvent {
  readonly module: string;
  readonly capability: string;
  /** Name of the ABI error the module got, e.g. `SP_EDENIED`; with the reason behind it for what broke. */
  readonly code: string;
  /** How many of this kind since the last report, this one included. */
  readonly count: number;
}

interface Entry {
  capability: Capability;
  meter: Meter | undefined;
  revoked: { readonly revocation: string; readonly t: number } | undefined;
  uses: number;
  refused: number;
}

export interface GrantsReport {
  readonly grants: readonly {
    readonly id: string;
    readonly uses: number;
    readonly refused: number;
    readonly detail: Readonly<Record<string, unknown>>;
  }[];
  readonly revoked: readonly { readonly id: string; readonly revocation: string; readonly t: number }[];
}

export interface Ledger {
  /** 0, or why not: SP_EDENIED (not granted), SP_EREVOKED. Counts and reports refusals; does not count a use. */
  check(id: CapabilityId): number;
  /** `check`, then the rate: SP_ERATE. Counts the use. */
  use(id: CapabilityId): number;
  /** The capability as granted, while it holds. */
  held(id: CapabilityId): Capability | undefined;
  /** Counts and reports a refusal that is not about the grant itself (too big, above the quota …). Returns the code. */
  refuse(id: CapabilityId, code: number): number;
  /** Reports what a driver or a service threw, in the same measure. `what`: a capability or a host function. */
  broken(what: string, error: unknown): void;
  revoke(id: CapabilityId | "*", revocation: string): readonly Capability[];
  /** A new set. Returns what was held and is no longer, or not without ending first. Counters and tokens go on. */
  replace(capabilities: readonly Capability[], revoked: ReadonlyMap<CapabilityId, string>): readonly Capability[];
  report(): GrantsReport;
}

const REPORT_EVERY_MS = 60_000;
const WITHDRAWN = "withdrawn";
const CODE_NAMES = new Map(Object.entries(SP).map(([name, value]) => [value as number, `SP_${name}`]));

export function createLedger(
  module: string,
  capabilities: readonly Capability[],
  revoked: ReadonlyMap<CapabilityId, string>,
  clock: Clock,
  onAudit: (event: AuditEvent) => void,
): Ledger {
  const entries = new Map<CapabilityId, Entry>();
  const reports = new Map<string, { count: number; reportedAt: number }>();
  const revocationOf = (id: CapabilityId) => revoked.get(id) ?? revoked.get("*");

  const add = (capability: Capability, revocation: string | undefined) => {
    const id = capabilityId(capability);
    const old = entries.get(id);
    entries.set(id, {
      capability,
      // Refreshing the same grant must not refill its bucket: whoever can cause a refresh would raise the rate.
      meter: old !== undefined && sameRate(old.capability, capability) ? old.meter : meterOf(capability),
      revoked: revocation === undefined ? undefined : { revocation, t: old?.revoked?.t ?? clock.now() },
      uses: old?.uses ?? 0,
      refused: old?.refused ?? 0,
    });
  };
  for (const capability of capabilities) add(capability, revocationOf(capabilityId(capability)));

  function tell(key: string, capability: string, code: string): void {
    const now = clock.monotonic();
    const tally = reports.get(key) ?? { count: 0, reportedAt: Number.NEGATIVE_INFINITY };
    tally.count += 1;
    if (now - tally.reportedAt >= REPORT_EVERY_MS) {
      onAudit({ module, capability, code, count: tally.count });
      tally.count = 0;
      tally.reportedAt = now;
    }
    reports.set(key, tally);
  }

  function refuse(id: CapabilityId, code: number): number {
    const entry = entries.get(id);
    if (entry !== undefined) entry.refused += 1;
    // Names a module makes up share one tally, so that the map is bounded by what was granted.
    tell(`${entry === undefined ? "?" : id} ${code}`, id, CODE_NAMES.get(code) ?? String(code));
    return code;
  }

  /** The grant check: every host call that needs authority passes here, and what is not held goes no further. */
  function check(id: CapabilityId): number {
    const entry = entries.get(id);
    if (entry === undefined) return refuse(id, SP.EDENIED);
    if (entry.revoked !== undefined) return refuse(id, SP.EREVOKED);
    return 0;
  }

  return {
    check,
    refuse,
    broken: (what, error) => tell(`${what} broken`, what, `SP_EIO (${reasonOf(error)})`),
    use(id) {
      const held = check(id);
      if (held < 0) return held;
      const entry = entries.get(id);
      if (entry?.meter?.take(clock.monotonic()) === false) return refuse(id, SP.ERATE);
      if (entry !== undefined) entry.uses += 1;
      return 0;
    },
    held(id) {
      const entry = entries.get(id);
      return entry?.revoked === undefined ? entry?.capability : undefined;
    },
    revoke(id, revocation) {
      const gone: Capability[] = [];
      for (const [name, entry] of entries) {
        if ((id !== "*" && id !== name) || entry.revoked !== undefined) continue;
        entry.revoked = { revocation, t: clock.now() };
        gone.push(entry.capability);
      }
      return gone;
    },
    replace(next, nextRevoked) {
      const before = [...entries.values()].filter((one) => one.revoked === undefined).map((one) => one.capability);
      const names = new Set(next.map(capabilityId));
      for (const [id, entry] of entries)
        if (!names.has(id)) entry.revoked ??= { revocation: WITHDRAWN, t: clock.now() };
      for (const capability of next) {
        const id = capabilityId(capability);
        add(capability, nextRevoked.get(id) ?? nextRevoked.get("*"));
      }
      return before.filter((one) => {
        const now = entries.get(capabilityId(one));
        return now === undefined || now.revoked !== undefined || mustEnd(one, now.capability);
      });
    },
    report: () => ({
      grants: [...entries]
        .filter(([, entry]) => entry.revoked === undefined)
        .map(([id, { uses, refused, capability }]) => ({ id, uses, refused, detail: { ...capability } })),
      revoked: [...entries].flatMap(([id, { revoked: one }]) => (one === undefined ? [] : [{ id, ...one }])),
    }),
  };
}

/** A line that changes its direction ends first; so does a right of the worker's that shrinks, as it knows no half. */
function mustEnd(old: Capability, now: Capability): boolean {
  if (old.cap === "gpio" && now.cap === "gpio") return old.dir !== now.dir;
  if (old.cap === "clock" && now.cap === "clock") return old.resolution === "fine" && now.resolution === "coarse";
  if (old.cap === "dir" && now.cap === "dir") return now.bytes < old.bytes || now.mode !== old.mode;
  if (old.cap === "identity" && now.cap === "identity") return old.what.some((one) => !now.what.includes(one));
  return false;
}

/** Rates as granted; a second's worth (or a minute's, for rates per minute) may come at once. */
function rateOf(capability: Capability): { readonly perSecond: number; readonly burst: number } | undefined {
  switch (capability.cap) {
    case "gpio":
    case "sensor":
      return { perSecond: capability.maxHz, burst: Math.max(1, Math.ceil(capability.maxHz)) };
    case "publish":
      return { perSecond: capability.perMin / 60, burst: capability.perMin };
    case "kv":
      return { perSecond: capability.writesPerMin / 60, burst: capability.writesPerMin };
    default:
      return undefined;
  }
}

function meterOf(capability: Capability): Meter | undefined {
  const rate = rateOf(capability);
  return rate === undefined ? undefined : createMeter(rate.perSecond, rate.burst);
}

function sameRate(a: Capability, b: Capability): boolean {
  return rateOf(a)?.perSecond === rateOf(b)?.perSecond;
}
