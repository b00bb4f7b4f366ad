/**
 * The first door, walked through once more by somebody else: from the reader's roots through the metadata in the proof
 * to this release, and to the very bytes of every document in the proof.
 */
import { POLICY_PATH, TRUSTED_ROOT_PATH } from "../../attest/index.ts";
import { type DesiredModule, parseDesired } from "../../runtime/kernel/authority/desired.ts";
import {
  type Manifest,
  parseManifest,
  releaseCustomShape,
  releasePaths,
} from "../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { anything, object, parseShape, record, string } from "../../runtime/kernel/shape.ts";
import { type Target, type TrustedView, verifyChain } from "../../updater/index.ts";
import { fault } from "./faults.ts";
import { type Documents, decodeFiles, documentsOf, type Proof } from "./format.ts";

/** The root.json files that the reader believes in: those that the fleet's boards are made with, or later ones. */
export interface Roots {
  readonly image: Uint8Array;
  readonly director: Uint8Array;
}

export interface ProvenRelease {
  readonly documents: Documents;
  readonly manifest: Manifest;
  /** What the director asked for. */
  readonly wanted: DesiredModule;
  readonly releaseCounter: number;
  readonly versions: TrustedView["versions"];
}

/** Refuses with PROOF_CHAIN, PROOF_DOCUMENT, PROOF_RELEASE. */
export function proveRelease(proof: Proof, roots: Roots): Result<ProvenRelease> {
  return attemptSync(() => {
    const view = chained(() => unwrap(verifyView(proof, roots)));
    const documents = documentsOf(proof);
    const { release } = proof;
    const { team, name, version } = release;
    const paths = releasePaths(team, name, version);
    const [manifestTarget, moduleTarget, bundleTarget] = [paths.manifest, paths.module, paths.bundle].map((path) =>
      chained(() => unwrap(view.agreed(path))),
    );
    same("the manifest", manifestTarget, release.manifest);
    same("the module", moduleTarget, release.module);
    same("the evidence", bundleTarget, release.bundle);
    holds("the manifest", manifestTarget, documents.manifest);
    holds("the evidence", bundleTarget, documents.evidence);
    holds(
      "the policy",
      chained(() => unwrap(view.owner(POLICY_PATH))),
      documents.policy,
    );
    holds(
      "the trusted root",
      chained(() => unwrap(view.owner(TRUSTED_ROOT_PATH))),
      documents.trustedRoot,
    );
    holds("the desired state", view.desired, documents.desired);

    const strange = (reason: string, cause?: unknown) =>
      fault("PROOF_RELEASE", { release: `${team}/${name} ${version}`, reason }, cause);
    const manifest = parseManifest(documents.manifest);
    if (!manifest.ok) throw strange(`its manifest cannot be read: ${reasonOf(manifest.error)}`, manifest.error);
    const { entry, ...own } = manifest.value;
    if (own.team !== team || own.name !== name || own.version !== version) {
      throw strange(`its manifest calls itself ${own.team}/${own.name} ${own.version}`);
    }
    const isEntry = entry.path === paths.module && entry.sha256 === release.module.sha256;
    if (!isEntry || entry.size !== release.module.length) throw strange(`its manifest names code ${entry.sha256}`);

    const desired = parseDesired(documents.desired);
    if (!desired.ok) throw strange(`its desired state cannot be read: ${reasonOf(desired.error)}`, desired.error);
    if (desired.value.device !== proof.device.id) throw strange(`its desired state is for ${desired.value.device}`);
    const wanted = desired.value.modules.find((one) => one.name === name);
    if (wanted?.team !== team || wanted.version !== version) {
      const asked = wanted === undefined ? "no such module" : `${wanted.team}/${name} ${wanted.version}`;
      throw strange(`its desired state asks for ${asked}`);
    }

    const custom = releaseCustom(moduleTarget);
    if (custom === undefined) throw strange("its metadata has no release counter");
    const floor = view.releaseFloor(team, name);
    if (custom.releaseCounter < floor)
      throw strange(`its counter ${custom.releaseCounter} is below the floor ${floor}`);
    return {
      documents,
      manifest: manifest.value,
      wanted,
      releaseCounter: custom.releaseCounter,
      versions: view.versions,
    };
  });
}

function verifyView({ chain, device, time }: Proof, roots: Roots): Result<TrustedView> {
  return verifyChain({
    image: { root: roots.image, files: decodeFiles(chain.image) },
    director: { root: roots.director, files: decodeFiles(chain.director) },
    device: device.id,
    at: time.refreshedMs,
  });
}

function chained<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw fault("PROOF_CHAIN", { reason: error.line() }, error);
  }
}

function same(
  document: string,
  target: Target | undefined,
  said: { readonly length: number; readonly sha256: string },
) {
  if (target?.sha256 === said.sha256 && target.length === said.length) return;
  throw differs(document, target, said);
}

function holds(document: string, target: Target | undefined, bytes: Uint8Array): void {
  same(document, target, { length: bytes.byteLength, sha256: sha256(bytes) });
}

function differs(
  document: string,
  target: Target | undefined,
  said: { readonly length: number; readonly sha256: string },
) {
  const named = (one: { readonly length: number; readonly sha256: string }) => `${one.sha256} (${one.length} bytes)`;
  const expected = target === undefined ? "none" : named(target);
  return fault("PROOF_DOCUMENT", { document, found: named(said), expected });
}

const customShape = object({ sallyport: releaseCustomShape });

function releaseCustom(target: Target | undefined) {
  const outer = parseShape(record(string({ max: 100 }), anything, { max: 16 }), target?.custom, "custom metadata");
  const own = outer.ok ? parseShape(customShape, { sallyport: outer.value["sallyport"] }, "custom metadata") : outer;
  return own.ok ? own.value.sallyport : undefined;
}
