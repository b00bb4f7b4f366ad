/**
 * Wires the board's runtime attestation: what it is made of, who signs it, and what happens when it cannot be made. The
 * agent goes on in every case: a board that cannot attest still runs what it runs, and the fleet notices the silence.
 */
import type { Tier } from "../runtime/index.ts";
import { Fault, reasonOf } from "../runtime/kernel/fault.ts";
import type { Clock, Log } from "../runtime/kernel/world.ts";
import type { Updater } from "../updater/index.ts";
import type { Memory } from "./memory.ts";
import type { Provisioned } from "./provision/device.ts";
import { agentDigest, bootId, ownDirectory } from "./provision/own-files.ts";
import { type AttestationReport, createAttestationReport } from "./report/attestation.ts";
import type { Reporter } from "./report/reporter.ts";
import type { ProofStore } from "./store/proofs.ts";
import type { Supervisor } from "./supervise/supervisor.ts";
import { AGENT_VERSION } from "./version.ts";

export interface SelfAttestationOptions {
  readonly provisioned: Pick<Provisioned, "config" | "key" | "quoter">;
  /** How often the agent was started on this board, this time included. */
  readonly boot: number;
  readonly tier: Tier;
  readonly clock: Clock;
  readonly log: Log;
  readonly updater: Pick<Updater, "view">;
  readonly memory: Memory;
  readonly supervisor: Pick<Supervisor, "standing">;
  readonly proofStore: Pick<ProofStore, "digest">;
  readonly reporter: Pick<Reporter, "attestation" | "refusal">;
}

export function createSelfAttestation(options: SelfAttestationOptions): AttestationReport {
  const { provisioned, memory, reporter, log } = options;
  const { device, tenant } = provisioned.config;
  return createAttestationReport({
    ...{ device, tenant, key: provisioned.key, tpm: provisioned.quoter },
    ...{ tier: options.tier, clock: options.clock, updater: options.updater },
    agentVersion: AGENT_VERSION,
    agentDigest: agentDigest(ownDirectory()),
    boot: { count: options.boot, id: bootId() },
    memory: { ...memory, seenPolicy: memory.reconcileMemory.seenPolicy },
    standing: options.supervisor.standing,
    proofOf: options.proofStore.digest,
    send: reporter.attestation,
    onBroken(error) {
      log("error", "no attestation could be made", { reason: reasonOf(error) });
      if (error instanceof Fault) reporter.refusal("attestation.failed", error);
    },
  });
}
