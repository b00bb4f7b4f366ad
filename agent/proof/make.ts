/**
 * The board's end: gathers what it saw and decided into a proof, signs it, and reads it once as a stranger would, so
 * that no proof is kept that would not verify.
 */
import { type Judge, POLICY_PATH, TRUSTED_ROOT_PATH, type Verdict } from "../../attest/index.ts";
import type { DeviceFacts } from "../../runtime/kernel/authority/ceiling.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import type { DeviceId, ModuleName, TeamName, TenantId, Version } from "../../runtime/kernel/brand.ts";
import { base64 } from "../../runtime/kernel/bytes.ts";
import { attempt, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { parsePublicKey, type Signer } from "../../runtime/kernel/signer.ts";
import type { Target, TrustedView, Updater } from "../../updater/index.ts";
import { fault } from "./faults.ts";
import { encodeFiles, type Proof } from "./format.ts";
import type { Roots } from "./release.ts";
import { sealProof, spkiOf } from "./seal.ts";
import { makeSummary } from "./summary.ts";
import { recordOf } from "./verdict.ts";
import { type ProofResult, verifyProof } from "./verify.ts";

/** Who proves: the board as it was provisioned. */
export interface Prover {
  readonly agent: string;
  readonly tenant: TenantId;
  readonly device: DeviceFacts & { readonly id: DeviceId };
  readonly signer: Signer;
  /** DER, the device's own first. */
  readonly certificates: readonly Uint8Array[];
  /** The roots that the board was made with. */
  readonly roots: Roots;
}

/** What is proven: one admission. */
export interface Admission {
  readonly release: { readonly team: TeamName; readonly name: ModuleName; readonly version: Version };
  readonly verdict: Verdict;
  /** The judge that gave it; it is asked the same once more, of the documents in the proof. */
  readonly judge: Judge;
  readonly running: boolean;
  /** By the board's clock, whole ms. */
  readonly time: Proof["time"];
}

export interface Made {
  readonly bytes: Uint8Array;
  readonly result: ProofResult;
  /** The verification summary that goes with it. */
  readonly summary: Uint8Array;
}

/** `updater` has the view in force. Refuses with PROOF_TOO_LARGE and whatever fetching or verifying refuses with. */
export function makeProof(
  prover: Prover,
  admission: Admission,
  view: TrustedView,
  updater: Pick<Updater, "fetchTarget" | "chain">,
): Promise<Result<Made>> {
  return attempt(async () => {
    const { team, name, version } = admission.release;
    const paths = releasePaths(team, name, version);
    const manifest = unwrap(view.agreed(paths.manifest));
    const module = unwrap(view.agreed(paths.module));
    const bundle = unwrap(view.agreed(paths.bundle));
    const chain = updater.chain();
    const { desired } = view;
    const told = `${team}/${name} ${version}`;
    if (chain === undefined || desired === undefined) {
      throw fault("PROOF_RELEASE", { release: told, reason: "there is no metadata that asks for it" });
    }
    const bytesOf = async (target: Target) => base64(unwrap(await updater.fetchTarget(target)));
    const { accepted, ...record } = recordOf(admission.verdict);
    if (!accepted) throw fault("PROOF_RELEASE", { release: told, reason: "it was refused" });
    const { id, class: kind, region } = prover.device;
    const certificates = prover.certificates.map(base64);
    const proof: Proof = {
      schema: "sallyport.proof/1",
      agent: { version: prover.agent },
      tenant: prover.tenant,
      device: {
        id,
        class: kind,
        region,
        publicKey: base64(spkiOf(prover.signer)),
        ...(certificates.length === 0 ? {} : { certificates }),
      },
      release: { team, name, version, manifest: sizeOf(manifest), module: sizeOf(module), bundle: sizeOf(bundle) },
      time: admission.time,
      chain: { image: encodeFiles(chain.image), director: encodeFiles(chain.director) },
      documents: {
        manifest: await bytesOf(manifest),
        evidence: await bytesOf(bundle),
        policy: await bytesOf(unwrap(view.owner(POLICY_PATH))),
        trustedRoot: await bytesOf(unwrap(view.owner(TRUSTED_ROOT_PATH))),
        desired: await bytesOf(desired),
      },
      running: admission.running,
      verdict: { accepted, ...record },
    };
    const bytes = unwrap(await sealProof(proof, prover.signer));
    const key = unwrap(parsePublicKey(prover.signer.publicPem, "the device key"));
    const demand = { roots: prover.roots, device: { by: "key", key }, agent: prover.agent } as const;
    const result = unwrap(verifyProof(bytes, demand, admission.judge));
    return { bytes, result, summary: await makeSummary(result, prover.signer) };
  });
}

function sizeOf({ length, sha256 }: Target) {
  return { length, sha256 };
}
