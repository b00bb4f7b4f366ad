/**
 * What the tests of proofs share: real repositories and a real Sigstore on loopback, one release that a board admits by
 * both doors, and the proof of that, made by the code that a board runs. Nothing of an agent is running.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Admission, makeProof, type ProofDemand, type Prover } from "../../../../agent/proof/index.ts";
import { judge, POLICY_PATH, parsePolicy, parseTrustedRoot, TRUSTED_ROOT_PATH } from "../../../../attest/index.ts";
import { releasePaths } from "../../../../runtime/kernel/authority/manifest.ts";
import { type TenantId, tenantId } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { generateKeyPem, parsePublicKey, parseSigner, type Signer } from "../../../../runtime/kernel/signer.ts";
import { openUpdater, type TrustedView, type Updater } from "../../../../updater/index.ts";
import { createRepositories, type Repositories, serveRepositories } from "../../../../updater/repository/index.ts";
import { startSigstore } from "../../../fakes/sigstore.ts";
import { BUILDER, DEVICE as KIND, policy, rule, SUBJECT, signed } from "../../attest/release.ts";
import { DEVICE, desired, releaseInput, TEAMS } from "../../updater/content.ts";

export interface ProofScene {
  readonly repositories: Repositories;
  readonly updater: Updater;
  readonly prover: Prover;
  /** The proof of `acme/thermostat 1.0.0`, and what its readers have. */
  readonly proof: Uint8Array;
  readonly module: Uint8Array;
  readonly demand: ProofDemand;
  /** Admits what is assigned now, as a board would. */
  admit(changes?: { readonly prover?: Partial<Prover>; readonly running?: boolean }): Promise<Uint8Array>;
  /** The verification summary that goes with a proof made now. */
  summary(): Promise<Uint8Array>;
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
  const owners = [
    [POLICY_PATH, policyBytes()],
    [TRUSTED_ROOT_PATH, sigstore.trustedRoot],
  ] as const;
  unwrap(await repositories.putOwnerTargets(new Map(owners)));
  const input = releaseInput("1.0.0");
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
  const prover: Prover = { agent: "0.1.0", tenant, device: { ...KIND, id: DEVICE }, signer, certificates: [], roots };

  const make = async ({ prover: changes = {}, running = false }: Parameters<ProofScene["admit"]>[0] = {}) => {
    const refreshedMs = now();
    const view = unwrap(await updater.refresh());
    const admission = await admissionOf(view, updater, { ...prover, ...changes }, refreshedMs, running);
    return unwrap(await makeProof({ ...prover, ...changes }, admission, view, updater));
  };
  const admit: ProofScene["admit"] = async (changes) => (await make(changes)).bytes;
  const proof = await admit();
  return {
    repositories,
    updater,
    prover,
    proof,
    module: input.module,
    demand: { roots, device: { by: "key", key: publicKeyOf(signer) } },
    admit,
    summary: async () => (await make()).summary,
    policy: async (bytes) => unwrap(await repositories.putOwnerTargets(new Map([[POLICY_PATH, bytes]]))),
    async close() {
      updater.close();
      await server.close();
      await sigstore.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What the agent's admission comes to, without engine and grants. */
async function admissionOf(
  view: TrustedView,
  updater: Updater,
  prover: Prover,
  refreshedMs: number,
  running: boolean,
): Promise<Admission> {
  const { team, name, version } = desired("1.0.0");
  const paths = releasePaths(team, name, version);
  const fetched = async (path: string) =>
    unwrap(await updater.fetchTarget(unwrap(path.startsWith("modules/") ? view.agreed(path) : view.owner(path))));
  const judgedMs = Date.now();
  const verdict = judge({
    bundle: await fetched(paths.bundle),
    artifacts: [
      { name: "module.wasm", sha256: unwrap(view.agreed(paths.module)).sha256 },
      { name: "manifest.json", sha256: unwrap(view.agreed(paths.manifest)).sha256 },
    ],
    module: { team, name, version, capabilities: [] },
    device: prover.device,
    policy: unwrap(parsePolicy(await fetched(POLICY_PATH))),
    trust: unwrap(parseTrustedRoot(await fetched(TRUSTED_ROOT_PATH))),
    nowMs: judgedMs,
    running,
  });
  return { release: { team, name, version }, verdict, running, time: { refreshedMs, judgedMs, floorMs: 0 } };
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
