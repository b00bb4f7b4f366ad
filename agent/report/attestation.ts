/**
 * The board's runtime attestation as a report: what runs, signed with the device key. Said retained when something of it
 * changed, at most once in a few seconds, and once a day beside that; and at once, with the asker's nonce, when an
 * operator asks. One statement at a time, so that the numbers on the wire rise in the order in which they were given.
 */
import {
  type Quoter,
  RUNTIME_MODULES_MAX,
  type RuntimeFacts,
  type RuntimeModule,
  signRuntimeStatement,
} from "../../attest/index.ts";
import type { DeviceId, Sha256, TenantId } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { documentDigest } from "../../runtime/kernel/digest.ts";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import type { Updater } from "../../updater/index.ts";
import type { Release } from "../flow/inventory.ts";
import type { SeenPolicy } from "../flow/judge-metadata.ts";
import { commandFault } from "../link/faults.ts";
import type { Memory } from "../memory.ts";
import type { Standing } from "../supervise/supervisor.ts";

export interface AttestationOptions {
  readonly device: DeviceId;
  readonly tenant: TenantId;
  readonly key: Signer;
  /** Makes the quotes, where the board has a TPM that is to vouch for it. */
  readonly tpm?: Quoter | undefined;
  readonly agentVersion: string;
  /** Digest of the agent's own files, as they were when it started. */
  readonly agentDigest: Promise<Result<Sha256>>;
  readonly boot: { readonly count: number; readonly id: Promise<string | undefined> };
  readonly tier: string;
  readonly clock: Clock;
  readonly updater: Pick<Updater, "view">;
  readonly memory: Pick<Memory, "modules" | "timeFloor" | "nextAttestation"> & { seenPolicy(): SeenPolicy | undefined };
  standing(): readonly Standing[];
  /** Digest of the proof that the board keeps of a release's admission. */
  proofOf?(release: Release): Sha256 | undefined;
  send(envelope: Uint8Array, retain: boolean): void;
  /** An attestation could not be made: a token that does not answer, a full disk. Tried again later. */
  onBroken(error: unknown): void;
}

export interface AttestationReport {
  /** Something of it may have changed. Cheap; says nothing by itself. */
  changed(): void;
  /** Sends an answer of now; its number. Refused with COMMAND_BUSY while too many wait. */
  answer(nonce: string): Promise<Result<number>>;
  /** Says no more and answers nobody who waits; resolves when what was begun is over. */
  close(): Promise<void>;
}

const GAP_MS = 2_000;
const EVERY_MS = 86_400_000;
const AGAIN_MS = 60_000;
const WAITING_MAX = 8;

export function createAttestationReport(options: AttestationOptions): AttestationReport {
  const { clock, memory } = options;
  let said = "";
  let saidAt = Number.NEGATIVE_INFINITY;
  let timer: { readonly due: number; readonly cancel: Cancel } | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;

  /** Sets the timer, unless one is due before. */
  function within(ms: number): void {
    const due = clock.monotonic() + ms;
    if (closed || (timer !== undefined && timer.due <= due)) return;
    timer?.cancel();
    const cancel = clock.after(ms, () => {
      timer = undefined;
      void inTurn(async () => (closed ? undefined : sayIfNew())).catch((error) => {
        options.onBroken(error);
        within(AGAIN_MS);
      });
    });
    timer = { due, cancel };
  }

  function inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = queue.then(body);
    queue = turn.catch(() => undefined);
    return turn;
  }

  async function sayIfNew(): Promise<void> {
    const facts = await factsNow();
    const text = canonicalJson(facts);
    if (text !== said || clock.monotonic() - saidAt >= EVERY_MS) {
      await sign(facts, undefined);
      said = text;
      saidAt = clock.monotonic();
    }
    if (timer === undefined) within(EVERY_MS);
  }

  async function sign(facts: SteadyFacts, nonce: string | undefined): Promise<number> {
    const counter = memory.nextAttestation();
    const timeMs = Math.max(0, Math.round(clock.now()));
    const whole = { ...facts, counter, timeMs, ...(nonce === undefined ? {} : { nonce }) };
    const envelope = await signRuntimeStatement(whole, { device: options.key, tpm: options.tpm });
    options.send(envelope, nonce === undefined);
    return counter;
  }

  async function factsNow(): Promise<SteadyFacts> {
    const digest = await options.agentDigest;
    if (!digest.ok) throw digest.error;
    const id = await options.boot.id;
    const metadata = options.updater.view()?.versions;
    const policy = memory.seenPolicy();
    return {
      tenant: options.tenant,
      device: options.device,
      agent: { version: options.agentVersion, digest: digest.value },
      engine: { tier: options.tier },
      modules: modulesNow(),
      ...(policy === undefined ? {} : { policy: { version: policy.version, digest: policy.digest } }),
      ...(metadata === undefined ? {} : { metadata }),
      boot: { count: options.boot.count, ...(id === undefined ? {} : { id }) },
      timeFloorMs: Math.round(memory.timeFloor()),
    };
  }

  /** What the supervisor holds, and what is committed and kept stopped. */
  function modulesNow(): readonly RuntimeModule[] {
    const held = options.standing();
    const kept = memory.modules
      .list()
      .map(({ committed }) => committed)
      .filter((one) => one !== undefined)
      .filter(({ name }) => !held.some(({ release }) => release.name === name))
      .map((release): Standing => ({ release, state: "stopped", restarts: 0, grants: [] }));
    return [...held, ...kept].slice(0, RUNTIME_MODULES_MAX).map(({ release, state, restarts, grants }) => {
      const proofDigest = options.proofOf?.(release);
      return {
        team: release.team,
        name: release.name,
        version: release.version,
        digest: release.moduleSha256,
        manifest: release.manifestSha256,
        state,
        restarts,
        grantsDigest: documentDigest(grants),
        ...(proofDigest === undefined ? {} : { proofDigest }),
      };
    });
  }

  return {
    changed: () => within(GAP_MS),
    async answer(nonce) {
      if (closed || waiting >= WAITING_MAX) return err(commandFault("COMMAND_BUSY", { waiting }));
      waiting += 1;
      try {
        const counter = await inTurn(async () => (closed ? undefined : sign(await factsNow(), nonce)));
        if (counter === undefined) return err(commandFault("COMMAND_BUSY", { waiting }));
        // What stands on the broker must not count lower than what was told to somebody.
        said = "";
        within(GAP_MS);
        return ok(counter);
      } catch (error) {
        options.onBroken(error);
        return err(error instanceof Fault ? error : commandFault("COMMAND_FAILED", { reason: reasonOf(error) }, error));
      } finally {
        waiting -= 1;
      }
    },
    async close() {
      closed = true;
      timer?.cancel();
      await queue;
    },
  };
}

/** What is the same until something changes. */
type SteadyFacts = Omit<RuntimeFacts, "counter" | "timeMs" | "nonce">;
