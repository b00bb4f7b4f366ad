/**
 * The door that these attacks go through: `judge`, over attestations really signed by a Sigstore on the loopback and by
 * keys made on the spot, under policies that went through their parser. `door()` is one of these for a test file.
 */
import { afterAll, beforeAll, expect } from "vitest";
import { firstRefusal, type JudgeInput, judge, type Policy, parsePolicy, type Verdict } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import type { Fault, FaultKind } from "../../../runtime/kernel/fault.ts";
import { type Result, unwrap } from "../../../runtime/kernel/result.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, type SigstoreOptions, startSigstore } from "../../fakes/sigstore.ts";
import { BUILDER, IDENTITY, policy, question, type Signing, SOURCE, signed } from "../../unit/attest/release.ts";
import { says } from "../updater/sees.ts";

export const DAY_MS = 86_400_000;

export class Door {
  #sigstore: FakeSigstore | undefined;
  #honest: Uint8Array | undefined;

  async open(options: SigstoreOptions = {}): Promise<void> {
    this.#sigstore = await startSigstore(options);
    this.#honest = await signed(this.#sigstore);
  }

  async close(): Promise<void> {
    await this.#sigstore?.close();
  }

  get sigstore(): FakeSigstore {
    return this.#sigstore ?? expect.fail("the door is not open yet");
  }

  /** The release's attestation as its builder made it. */
  get honest(): Uint8Array {
    return this.#honest ?? expect.fail("the door is not open yet");
  }

  sign(how: Signing = {}): Promise<Uint8Array> {
    return signed(this.sigstore, how);
  }

  ask(evidence: Uint8Array, changes: Partial<JudgeInput> = {}): Verdict {
    return judge(question(this.sigstore, evidence, changes));
  }
}

export function door(options: SigstoreOptions = {}): Door {
  const made = new Door();
  beforeAll(() => made.open(options));
  afterAll(() => made.close());
  return made;
}

/** Holds a verdict to a refusal: what a person is told first, by code, kind and text. */
export function refuses(verdict: Verdict, code: string, kind: FaultKind, text: string | RegExp): Fault {
  expect(verdict.accepted).toBe(false);
  return says(firstRefusal(verdict), code, kind, text);
}

/** The honest twin: nothing that decides is said against it. Parts of a file that do not count decide nothing. */
export function accepts(verdict: Verdict): void {
  const decisive = verdict.reasons.filter(({ evidence, rule }) => evidence === undefined || rule !== undefined);
  const against = decisive.filter((one) => !one.passed).map(({ check, code, text }) => ({ check, code, text }));
  expect(against).toEqual([]);
  expect(verdict.accepted).toBe(true);
}

/** A policy as it is written in a file. */
export const parsed = (document: object): Result<Policy> => parsePolicy(utf8(JSON.stringify(document)));

/** What is asked for where nothing else matters. */
export const PROVENANCE = { type: "provenance", builders: [BUILDER], sources: [SOURCE] };
export const RULE = { devices: { all: true }, modules: { team: "acme" } };

/** One rule with these requirements, and what else the policy says. */
export function requiring(require: readonly object[], more: object = {}): Policy {
  return unwrap(parsed({ ...policy(), evidence: [{ ...RULE, require }], ...more }));
}

/** The rule that the honest attestation satisfies, with more in the policy. */
export const keylessPolicy = (more: object = {}): Policy =>
  requiring([{ ...PROVENANCE, identities: [IDENTITY] }], more);

/** The rule that provenance under one of these keys satisfies. */
export const keyPolicy = (keys: readonly Signer[], more: object = {}): Policy =>
  requiring([{ ...PROVENANCE, keys: keys.map((one) => one.publicPem) }], more);

/** CPU time of this thread that `body` takes, ms: whatever else the machine does is not counted. */
export function cpuMs(body: () => void): number {
  const before = process.threadCpuUsage();
  body();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** For a pattern that holds a name. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
