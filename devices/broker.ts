/**
 * Who holds what. A holder is one life of one module: its grants, its handles, its place at the lines. It dies with the
 * module, and a late call of yesterday's life reaches nothing. Outputs go to their safe level on revocation, crash, stop
 * and replacement; a successor drives them anew.
 */

import {
  type DirectoryRight,
  EVENT,
  type GuestEvent,
  type HostPort,
  LOCAL_RIGHTS,
  type LocalGrants,
  type LocalRight,
  SP,
} from "../runtime/index.ts";
import { type Capability, type CapabilityId, capabilityId } from "../runtime/kernel/authority/capability.ts";
import type { ModuleName } from "../runtime/kernel/brand.ts";
import { utf8 } from "../runtime/kernel/bytes.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import { type CallContext, type ModuleServices, nowNs } from "./calls/context.ts";
import { fault } from "./faults.ts";
import { driveSafe } from "./gpio/port.ts";
import { createHandles } from "./handles.ts";
import { answerCall } from "./host.ts";
import { type AuditEvent, createLedger, type GrantsReport } from "./ledger.ts";
import type { Board } from "./open-board.ts";

export interface BrokerOptions {
  readonly board: Board;
  readonly clock: Clock;
  onAudit(event: AuditEvent): void;
}

export interface AdmitOptions {
  readonly module: ModuleName;
  readonly capabilities: readonly Capability[];
  /** Capability (or `*`) → the revocation that took it. */
  readonly revoked: ReadonlyMap<CapabilityId, string>;
  readonly services: ModuleServices;
  post(event: GuestEvent): void;
}

export interface Holder {
  readonly port: HostPort;
  /**
   * What a worker that is started now may answer by itself. What ends of it before `bindLocal` is told there; a life may
   * have several workers, one after the other.
   */
  readonly local: LocalGrants;
  bindLocal(revoke: (right: LocalRight | DirectoryRight) => void): void;
  /** Before a life's next worker is started: what ended until now is no news to it. */
  unbindLocal(): void;
  /** Effective with the next host call. Returns the ids that were held. */
  revoke(capability: CapabilityId | "*", revocation: string): readonly CapabilityId[];
  /**
   * New grants for the same life. What is no longer covered ends as if revoked; what is covered again is back, except
   * rights answered by the worker (clock, random, identity), which come back with the next start. An output line that
   * another module has stays with it and is reported as DEVICE_LINE_IN_USE.
   */
  renew(capabilities: readonly Capability[], revoked: ReadonlyMap<CapabilityId, string>): void;
  /** A message for a channel; true when the module subscribed it and may. */
  deliver(channel: string, payload: Uint8Array): boolean;
  release(why: "stop" | "crash" | "replace"): void;
  report(): GrantsReport;
}

export interface Broker {
  /** DEVICE_LINE_IN_USE when another module has one of the output lines. An earlier life of the module ends here. */
  admit(options: AdmitOptions): Result<Holder>;
}

export function createBroker({ board, clock, onAudit }: BrokerOptions): Broker {
  const outputs = new Map<string, ModuleName>();
  const lives = new Map<ModuleName, Holder>();
  /** A module's output lines from now on; what another module has is left out of the answer. */
  const claim = (module: ModuleName, wanted: readonly Capability[]): readonly Capability[] => {
    for (const [line, holder] of outputs) if (holder === module) outputs.delete(line);
    return wanted.filter((one) => {
      if (!isOutput(one)) return true;
      if (outputs.has(one.line)) return false;
      outputs.set(one.line, module);
      return true;
    });
  };
  return {
    admit(options) {
      const { module, capabilities } = options;
      for (const { line } of capabilities.filter(isOutput)) {
        const holder = outputs.get(line);
        if (holder !== undefined && holder !== module)
          return err(fault("DEVICE_LINE_IN_USE", { module, line, holder }));
      }
      lives.get(module)?.release("replace");
      claim(module, capabilities);
      const holder = createHolder(board, clock, options, onAudit, (wanted) => claim(module, wanted));
      lives.set(module, holder);
      return ok(holder);
    },
  };
}

function createHolder(
  board: Board,
  clock: Clock,
  options: AdmitOptions,
  onAudit: (event: AuditEvent) => void,
  claim: (wanted: readonly Capability[]) => readonly Capability[],
): Holder {
  const { module } = options;
  const ledger = createLedger(module, options.capabilities, options.revoked, clock, onAudit);
  const handles = createHandles();
  let held: readonly Capability[] = options.capabilities;
  // Until the worker runs there is nobody to tell: what ends meanwhile is told when it does.
  const endedEarly = new Set<LocalRight | DirectoryRight>();
  const remember = (right: LocalRight | DirectoryRight) => void endedEarly.add(right);
  let revokeLocal: (right: LocalRight | DirectoryRight) => void = remember;
  let dead = false;
  const post = (event: GuestEvent) => {
    if (!dead) options.post(event);
  };
  const context: CallContext = { board, clock, ledger, handles, services: options.services, post };

  const makeSafe = (capability: Capability, why: string) => {
    if (!isOutput(capability)) return;
    const line = board.lines.get(capability.line);
    if (line?.dir !== "out") return;
    try {
      driveSafe(line, capability.safe, why);
    } catch (error) {
      ledger.broken(capabilityId(capability), error);
    }
  };

  /** What just ended: outputs safe, watches off, the module told. Handles stay open, so that calls say SP_EREVOKED. */
  const end = (gone: readonly Capability[], why: string) => {
    for (const capability of gone) {
      const id = capabilityId(capability);
      makeSafe(capability, why);
      for (const handle of handles.under(id)) {
        handle.watch?.();
        handle.watch = undefined;
      }
      const right = localRight(capability);
      if (right !== undefined) revokeLocal(right);
      post({ kind: EVENT.REVOKED, handle: 0, timeNs: nowNs(clock), arg: 0, name: utf8(id) });
    }
  };

  return {
    get local() {
      const now = held.map((one) => ledger.held(capabilityId(one))).filter((one) => one !== undefined);
      return localGrants(dead ? [] : now, board);
    },
    port: {
      call: (call) => {
        // A late call of a life that is over.
        if (dead) return { value: SP.EREVOKED };
        return answerCall(context, call, (error) => ledger.broken(call.name, error));
      },
    },
    bindLocal(revoke) {
      revokeLocal = revoke;
      for (const right of endedEarly) revoke(right);
      endedEarly.clear();
    },
    unbindLocal() {
      revokeLocal = remember;
      endedEarly.clear();
    },
    revoke(capability, revocation) {
      if (dead) return [];
      const gone = ledger.revoke(capability, revocation);
      end(gone, `revoked by ${revocation}`);
      return gone.map(capabilityId);
    },
    renew(capabilities, revoked) {
      if (dead) return;
      held = claim(capabilities);
      for (const one of capabilities.filter((wanted) => !held.includes(wanted))) {
        onAudit({ module, capability: capabilityId(one), code: "DEVICE_LINE_IN_USE", count: 1 });
      }
      end(ledger.replace(held, revoked), "grant withdrawn");
    },
    deliver(channel, payload) {
      const id = `subscribe:${channel}`;
      const capability = ledger.held(id);
      if (dead || capability?.cap !== "subscribe" || handles.under(id).length === 0) return false;
      const event = { kind: EVENT.MESSAGE, handle: 0, timeNs: nowNs(clock), arg: 0, name: utf8(channel), payload };
      post({ ...event, queueLimit: capability.queue });
      return true;
    },
    release(why) {
      if (dead) return;
      dead = true;
      handles.closeAll();
      for (const capability of held) makeSafe(capability, why);
      claim([]);
    },
    report: () => ledger.report(),
  };
}

function isOutput(
  capability: Capability,
): capability is Extract<Capability, { cap: "gpio" }> & { readonly dir: "out" } {
  return capability.cap === "gpio" && capability.dir === "out";
}

function localRight(capability: Capability): LocalRight | DirectoryRight | undefined {
  if (capability.cap === "dir") return `dir:${capability.name}`;
  return LOCAL_RIGHTS.find((one) => one === capability.cap);
}

/** A directory that this board does not have is left out. */
function localGrants(capabilities: readonly Capability[], board: Board): LocalGrants {
  let grants: LocalGrants = {};
  for (const one of capabilities) {
    if (one.cap === "clock") grants = { ...grants, clock: one.resolution };
    if (one.cap === "random") grants = { ...grants, random: true };
    if (one.cap === "identity") grants = { ...grants, identity: one.what };
    const hostPath = one.cap === "dir" ? board.directories.get(one.name) : undefined;
    if (one.cap === "dir" && hostPath !== undefined) {
      const { name, mode, bytes } = one;
      grants = { ...grants, directories: [...(grants.directories ?? []), { name, hostPath, mode, bytes }] };
    }
  }
  return grants;
}
