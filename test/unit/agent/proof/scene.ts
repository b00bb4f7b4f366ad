/**
 * What the tests of proofs share: real repositories and a real Sigstore on loopback, one release that a board admits by
 * both doors, and the proof of that, made by the code that a board runs. Nothing of an agent is running.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdmitContext, admit } from "../../../../agent/flow/admit.ts";
import { judgeMetadata } from "../../../../agent/flow/judge-metadata.ts";
import type { AdmissionSeen } from "../../../../agent/flow/proofs.ts";
import { makeProof, type ProofDemand, type Prover } from "../../../../agent/proof/index.ts";
import { AGENT_VERSION } from "../../../../agent/version.ts";
import { createJudge, judge, POLICY_PATH, TRUSTED_ROOT_PATH } from "../../../../attest/index.ts";
import { assert } from "../../../../runtime/kernel/assert.ts";
import { type TenantId, tenantId } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { generateKeyPem, parsePublicKey, parseSigner, type Signer } from "../../../../runtime/kernel/signer.ts";
import { openUpdater, type Updater } from "../../../../updater/index.ts";
import { createRepositories, type Repositories, serveRepositories } from "../../../../updater/repository/index.ts";
import { type FakeSigstore, startSigstore } from "../../../fakes/sigstore.ts";
import { guestRelease } from "../../../guests/guests.ts";
import { BUILDER, DEVICE as KIND, policy, rule, SUBJECT, signed } from "../../attest/release.ts";
import { DEVICE, desired, releaseInput, TEAMS } from "../../updater/content.ts";

export interface ProofScene {
  readonly repositories: Repositories;
  readonly updater: Updater;
  readonly sigstore: FakeSigstore;
  readonly prover: Prover;
  /** The proof of `acme/thermostat 1.0.0`, and what its readers have. */
  readonly proof: Uint8Array;
  readonly module: Uint8Array;
  readonly demand: ProofDemand;
  /** Admits what is assigned now, as a board would. */
  admit(changes?: { readonly prover?: Partial<Prover>; readonly running?: boolean }): Promise<Uint8Array>;
  /** The admission itself, by the agent's own code, as its keeper of proofs is told of it. */
  seen(changes?: { readonly running?: boolean }): Promise<AdmissionSeen>;
  /** How often evidence was really judged. */
  readonly verdicts: { readonly made: number };
  /** The verification summary that goes with a proof made now. */
  summary(changes?: { readonly running?: boolean }): Promise<Uint8Array>;
  policyNow(): Uint8Array;
  /** The owner signs another policy. */
  policy(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The policy of the scene's owner; another subject is another policy. */
export function policyBytes(subject = SUBJECT, version = 1): Uint8Array {
  const issuer = rule().identities?.[0]?.issuer ?? "";
  const identities = [{ issuer, subject }];
  return utf8(JSON.stringify({ ...policy(rule({ identities, builders: [BUILDER] })), version }));
}

export async function openScene(): Promise<ProofScene> {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-proof-"));
  const now = () => Date.now();
  const sigstore = await startSigstore();
  const repository = join(directory, "repository");
  const repositories = unwrap(await createRepositories(repository, { tenant: "acme-corp", teams: TEAMS, now }));
  let current = policyBytes();
  const owners = [
    [POLICY_PATH, current],
    [TRUSTED_ROOT_PATH, sigstore.trustedRoot],
  ] as const;
  unwrap(await repositories.putOwnerTargets(new Map(owners)));
  const { module, manifest } = guestRelease("counter", { name: "thermostat", capabilities: [] });
  const input = releaseInput("1.0.0", { module, manifest });
  const artifacts = [
    { name: "module.wasm", sha256: sha256(input.module) },
    { name: "manifest.json", sha256: sha256(input.manifest) },
  ];
  const bundle = await signed(sigstore, { artifacts });
  unwrap(await repositories.publishRelease({ ...input, bundle }));
  unwrap(await repositories.assign(DEVICE, [desired("1.0.0")]));

  const roots = { image: repositories.imageRoot(), director: repositories.directorRoot() };
  const server = await serveRepositories(repository);
  const updater = openUpdater({
    directory: join(directory, "board"),
    image: { metadataUrl: server.imageMetadataUrl, targetsUrl: server.imageTargetsUrl, root: roots.image },
    director: { ...server.directorUrl(DEVICE), root: roots.director },
    device: DEVICE,
    hardware: { profile: "sim", abi: "core-v1" },
    now,
  });
  const signer = unwrap(parseSigner(generateKeyPem()));
  const tenant: TenantId = unwrap(parseShape(tenantId, "acme-corp", "the tenant"));
  const prover: Prover = {
    agent: AGENT_VERSION,
    tenant,
    device: { ...KIND, id: DEVICE },
    signer,
    certificates: [],
    roots,
  };

  const judgeBy = createJudge(64, (input) => {
    verdicts.made += 1;
    return judge(input);
  });
  const verdicts = { made: 0 };
  const seen: ProofScene["seen"] = async ({ running = false } = {}) => {
    const view = unwrap(await updater.refresh());
    const judged = unwrap(await judgeMetadata(view, updater, DEVICE, undefined));
    const [wanted] = judged.desired.modules;
    assert(wanted !== undefined, "a release is assigned");
    const { policy: ownersPolicy, trust } = judged;
    const context: AdmitContext = {
      device: prover.device,
      policy: ownersPolicy,
      trust,
      judge: judgeBy,
      updater,
      now,
      releaseFloor: () => 0,
      whenLacking: running ? "narrow" : "refuse",
      onStage: () => undefined,
    };
    return { wanted, view, judged, judge: judgeBy, running, admitted: unwrap(await admit(wanted, view, context)) };
  };
  const make = async ({ prover: changes = {}, running = false }: Parameters<ProofScene["admit"]>[0] = {}) => {
    const refreshedMs = now();
    const { view, admitted } = await seen({ running });
    const { release, verdict, judgedMs } = admitted;
    const admission = { release, verdict, judge: judgeBy, running, time: { refreshedMs, judgedMs, floorMs: 0 } };
    return unwrap(await makeProof({ ...prover, ...changes }, admission, view, updater));
  };
  const proved: ProofScene["admit"] = async (changes) => (await make(changes)).bytes;
  const proof = await proved();
  return {
    repositories,
    updater,
    sigstore,
    prover,
    proof,
    module: input.module,
    demand: { roots, device: { by: "key", key: publicKeyOf(signer) }, agent: AGENT_VERSION },
    admit: proved,
    seen,
    verdicts,
    summary: async (changes) => (await make(changes)).summary,
    policyNow: () => current,
    async policy(bytes) {
      unwrap(await repositories.putOwnerTargets(new Map([[POLICY_PATH, bytes]])));
      current = bytes;
    },
    async close() {
      updater.close();
      await server.close();
      await sigstore.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function publicKeyOf({ publicPem }: Signer) {
  return unwrap(parsePublicKey(publicPem, "the device key"));
}

/** Of other people's repositories, made in the same way. */
export async function otherRoots(): Promise<ProofDemand["roots"]> {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-proof-"));
  const options = { tenant: "acme-corp", teams: TEAMS, now: () => Date.now() };
  const other = unwrap(await createRepositories(join(directory, "repository"), options));
  const roots = { image: other.imageRoot(), director: other.directorRoot() };
  rmSync(directory, { recursive: true, force: true });
  return roots;
}
