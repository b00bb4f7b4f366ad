/**
 * Keeps the proof of what runs: one for each admission, made anew when what it rests on has changed (code, evidence,
 * policy, trusted root, the director's word for the module, the board's program or certificate), removed when its
 * release is. A proof that cannot be made or written is reported and tried again with the next round; it stops no
 * module.
 */
import type { Judge } from "../../attest/index.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { parseDesired } from "../../runtime/kernel/authority/desired.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { base64 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { err } from "../../runtime/kernel/result.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import type { TrustedView, Updater } from "../../updater/index.ts";
import { bytesOf, makeProof, type Opened, openProof, type Prover } from "../proof/index.ts";
import type { ProofStore } from "../store/proofs.ts";
import type { Admitted } from "./admit.ts";
import type { ModuleRecord } from "./inventory.ts";
import { jobId } from "./job.ts";
import type { Judged } from "./judge-metadata.ts";

export interface ProofKeeperOptions {
  readonly prover: Prover;
  readonly store: ProofStore;
  readonly updater: Pick<Updater, "fetchTarget" | "chain">;
  readonly memory: { trustedNow(): number; timeFloor(): number };
  readonly clock: Clock;
  /** Said once until it changes. */
  onNotKept(wanted: DesiredModule, why: Fault): void;
}

export interface AdmissionSeen {
  readonly wanted: DesiredModule;
  readonly view: TrustedView;
  readonly judged: Judged;
  readonly admitted: Admitted;
  readonly judge: Judge;
  readonly running: boolean;
}

export interface ProofKeeper {
  /** A round begins: the repositories are about to be looked at. */
  begin(): void;
  /** A release was admitted, now or again. */
  admitted(seen: AdmissionSeen): Promise<void>;
  /** What is on the board now; proofs of anything else go. */
  keep(records: readonly ModuleRecord[]): void;
}

export function createProofKeeper(options: ProofKeeperOptions): ProofKeeper {
  const { prover, store, updater, memory, clock } = options;
  /** By release: what the proof on disk rests on. */
  const bases = new Map<string, string>();
  const refused = new Map<string, string>();
  const start = () => ({ refreshedMs: Math.floor(memory.trustedNow()), floorMs: Math.floor(memory.timeFloor()) });
  let round = start();

  async function write(seen: AdmissionSeen): Promise<Fault | undefined> {
    const { wanted, view, admitted, judge, running } = seen;
    const { release, verdict, judgedMs } = admitted;
    const time = { ...round, judgedMs };
    // With a new policy many proofs are made in a row: what modules ask of the board comes in between.
    await new Promise<void>((done) => void clock.after(0, done));
    const made = await makeProof(prover, { release, verdict, judge, running, time }, view, updater).catch(asRefusal);
    if (!made.ok) return made.error;
    try {
      // The proof comes last: while it is not there, both are made again.
      store.write(wanted, "vsa", made.value.summary);
      store.write(wanted, "proof", made.value.bytes);
    } catch (error) {
      return asRefusal(error).error;
    }
    return undefined;
  }

  return {
    begin() {
      round = start();
    },
    async admitted(seen) {
      const { wanted } = seen;
      const id = jobId(wanted);
      const basis = basisOf(seen, prover);
      if ((bases.get(id) ?? basisOnDisk(store, wanted)) === basis) return void bases.set(id, basis);
      const fault = await write(seen);
      if (fault === undefined) {
        bases.set(id, basis);
        refused.delete(id);
      } else if (refused.get(id) !== fault.line()) {
        refused.set(id, fault.line());
        options.onNotKept(wanted, fault);
      }
    },
    keep(records) {
      const there = records.flatMap(({ committed, candidate }) =>
        [committed, candidate].filter((one) => one !== undefined),
      );
      const ids = new Set(there.map(jobId));
      for (const id of [...bases.keys(), ...refused.keys()]) {
        if (ids.has(id)) continue;
        bases.delete(id);
        refused.delete(id);
      }
      store.prune(there);
    },
  };
}

interface Basis {
  readonly wanted: DesiredModule;
  readonly files: readonly Sha256[];
  /** Digests of policy, trusted root, and what the board says of itself. */
  readonly judges: readonly string[];
}

function basisOf({ wanted, judged, admitted: { release } }: AdmissionSeen, prover: Prover): string {
  const { moduleSha256, manifestSha256, bundleSha256 } = release;
  const basis: Basis = {
    wanted,
    files: [moduleSha256, manifestSha256, bundleSha256],
    judges: [
      judged.seen.digest,
      judged.trust.digest,
      prover.agent,
      prover.signer.keyId,
      ...prover.certificates.map(base64),
    ],
  };
  return canonicalJson(basis);
}

/** The same of a proof that an earlier life of the agent has kept; undefined without one, or with a damaged one. */
function basisOnDisk(store: ProofStore, wanted: DesiredModule): string | undefined {
  const bytes = store.read(wanted, "proof");
  const opened = bytes.ok ? openProof(bytes.value) : bytes;
  return opened.ok ? basisIn(opened.value) : undefined;
}

function basisIn({ proof: { release, documents, agent, device }, key }: Opened): string | undefined {
  const desired = parseDesired(bytesOf(documents.desired));
  const wanted = desired.ok ? desired.value.modules.find((one) => one.name === release.name) : undefined;
  if (wanted === undefined) return undefined;
  const [policy, trust] = [documents.policy, documents.trustedRoot].map((one) => sha256(bytesOf(one)));
  const basis: Basis = {
    wanted,
    files: [release.module.sha256, release.manifest.sha256, release.bundle.sha256],
    judges: [policy ?? "", trust ?? "", agent.version, key.keyId, ...(device.certificates ?? [])],
  };
  return canonicalJson(basis);
}

function asRefusal(error: unknown) {
  if (error instanceof Fault) return err(error);
  throw error;
}
