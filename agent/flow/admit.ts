/**
 * Where bytes meet verdict: the one function behind which code may run. In order, each refusing with its own code:
 *   door 1   both repositories agree on manifest, module and bundle, the release is for this hardware,
 *            and the bytes have the agreed hashes                                                           (updater)
 *            release floor
 *            the manifest is what was assigned and names exactly this code
 *   door 2   the attestations satisfy the owner's policy, for manifest and module                            (attest)
 *   engine   Loader and Validator accept the code and its features, its imports are ours with our signatures (runtime)
 *   grants   what the manifest asks for is covered by the director's grant and the owner's ceiling           (kernel)
 */
import {
  firstRefusal,
  type Judge,
  type JudgeInput,
  type Policy,
  type TrustedRoot,
  type Verdict,
} from "../../attest/index.ts";
import { hostModule } from "../../devices/index.ts";
import { checkCommand, checkImports, type LoadedModule, load, validate } from "../../runtime/index.ts";
import { type DeviceFacts, matchingCeilings } from "../../runtime/kernel/authority/ceiling.ts";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { type EngineTerms, matchingEngineRules, meetEngine } from "../../runtime/kernel/authority/engine.ts";
import {
  type Manifest,
  parseManifest,
  type ReleaseCustom,
  releaseCustomShape,
  releasePaths,
} from "../../runtime/kernel/authority/manifest.ts";
import { type Meet, meetCapabilities, withoutChance } from "../../runtime/kernel/authority/meet.ts";
import { attempt, err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { anything, object, parseShape, record, string } from "../../runtime/kernel/shape.ts";
import type { Target, TrustedView, Updater } from "../../updater/index.ts";
import { admitFault } from "../faults.ts";
import type { Release } from "./inventory.ts";

/** What this board is and whom it believes, at the moment of judging. */
export interface AdmitContext {
  readonly device: DeviceFacts;
  readonly policy: Policy;
  readonly trust: TrustedRoot;
  readonly judge: Judge;
  readonly updater: Pick<Updater, "fetchTarget">;
  /** The time that the board believes in, ms. */
  now(): number;
  /** The highest release floor this board has ever seen for the module. */
  releaseFloor(team: string, name: string): number;
  /** For a release that runs already a grant that went away narrows it; only a new one is refused for lacking. */
  readonly whenLacking: "refuse" | "narrow";
  /** Progress for the job: called before the bytes are fetched and before they are judged. */
  onStage(stage: "downloading" | "verifying"): void;
}

export interface Admitted {
  readonly release: Release;
  readonly loaded: LoadedModule;
  readonly verdict: Verdict;
  /** When it was judged, by the board's time, ms. */
  readonly judgedMs: number;
}

export async function admit(
  wanted: DesiredModule,
  view: TrustedView,
  context: AdmitContext,
): Promise<Result<Admitted>> {
  const paths = releasePaths(wanted.team, wanted.name, wanted.version);
  return attempt(async () => {
    const manifestTarget = unwrap(view.agreed(paths.manifest));
    const moduleTarget = unwrap(view.agreed(paths.module));
    const bundleTarget = unwrap(view.agreed(paths.bundle));
    const custom = unwrap(releaseCustom(manifestTarget));
    unwrap(checkRelease(wanted, custom, context));

    context.onStage("downloading");
    const manifestBytes = unwrap(await context.updater.fetchTarget(manifestTarget));
    const moduleBytes = unwrap(await context.updater.fetchTarget(moduleTarget));
    const bundle = unwrap(await context.updater.fetchTarget(bundleTarget));

    context.onStage("verifying");
    const manifest = unwrap(parseManifest(manifestBytes));
    unwrap(checkManifest(wanted, manifest, manifestTarget, moduleTarget));
    const judgedMs = Math.floor(context.now());
    const digests = { moduleSha256: moduleTarget.sha256, manifestSha256: manifestTarget.sha256 };
    const running = context.whenLacking === "narrow";
    const verdict = context.judge({ ...questionOf(manifest, digests, context), bundle, nowMs: judgedMs, running });
    if (!verdict.accepted) throw firstRefusal(verdict);

    const { engine, meet } = meetTerms(manifest, wanted, context);
    const loaded = unwrap(loadModule(moduleBytes, manifest, engine));
    if (context.whenLacking === "refuse") unwrap(checkGrants(wanted, meet));

    const release: Release = {
      team: wanted.team,
      name: wanted.name,
      version: wanted.version,
      manifest,
      moduleSha256: moduleTarget.sha256,
      moduleSize: moduleTarget.length,
      manifestSha256: manifestTarget.sha256,
      bundleSha256: bundleTarget.sha256,
      bundleSize: bundleTarget.length,
      releaseCounter: custom.releaseCounter,
      grants: wanted.grants,
      capabilities: meet.effective,
      engine,
      probationS: wanted.probationS,
      ...(wanted.leaseS === undefined ? {} : { leaseS: wanted.leaseS }),
    };
    return { release, loaded, verdict, judgedMs };
  });
}

/** The release as the judge is asked about it, but for its evidence and the time. */
export function questionOf(
  manifest: Manifest,
  { moduleSha256, manifestSha256 }: Pick<Release, "moduleSha256" | "manifestSha256">,
  { device, policy, trust }: Pick<AdmitContext, "device" | "policy" | "trust">,
): Omit<JudgeInput, "bundle" | "nowMs"> {
  const artifacts = [
    { name: "module.wasm", sha256: moduleSha256 },
    { name: "manifest.json", sha256: manifestSha256 },
  ];
  return { artifacts, module: moduleOf(manifest), device, policy, trust };
}

/** How the code is run, and what it may touch when it is run so. */
export function meetTerms(
  manifest: Manifest,
  wanted: Pick<DesiredModule, "team" | "name" | "grants">,
  context: Pick<AdmitContext, "device" | "policy">,
): { readonly engine: EngineTerms; readonly meet: Meet } {
  const rules = matchingEngineRules(context.policy.engines ?? [], context.device, wanted);
  const engine = meetEngine(manifest.engine, manifest.limits, rules);
  const granted = meetGrants(manifest, wanted, context);
  return { engine, meet: engine.deterministic ? withoutChance(granted, manifest.capabilities) : granted };
}

/** What the policy's rules look at. */
export function moduleOf({ team, name, version, capabilities, data }: Manifest): JudgeInput["module"] {
  return { team, name, version, capabilities, ...(data === undefined ? {} : { regions: data.regions }) };
}

/** Loader, Validator, link check: also run on a committed release's own bytes at every start. */
export function loadModule(
  bytes: Uint8Array,
  manifest: Manifest,
  { memoryPages, features }: EngineTerms = meetEngine(manifest.engine, manifest.limits, []),
): Result<LoadedModule> {
  const { tableElements = 10_000 } = manifest.limits;
  const loaded = load(bytes, { memoryPages, tableElements });
  if (!loaded.ok) return loaded;
  const valid = validate(loaded.value, new Set(features));
  if (!valid.ok) return valid;
  const linked = manifest.abi === "wasi-p1" ? checkCommand(loaded.value) : checkImports(loaded.value, hostModule);
  return linked.ok ? loaded : linked;
}

/** effective = requested ∩ granted ∩ every matching ceiling. */
export function meetGrants(
  manifest: Manifest,
  wanted: Pick<DesiredModule, "team" | "name" | "grants">,
  context: Pick<AdmitContext, "device" | "policy">,
): Meet {
  const ceilings = matchingCeilings(context.policy.ceilings, context.device, wanted);
  return meetCapabilities(manifest.capabilities, wanted.grants, ceilings);
}

/** The grant check: what the module cannot live without must be covered, else it does not start. */
function checkGrants(wanted: DesiredModule, meet: Meet): Result<void> {
  const lacking = meet.missing.filter((one) => !one.optional);
  const [first] = lacking;
  if (first === undefined) return ok(undefined);
  const by = {
    grant: "not in the director's grant",
    ceiling: "above the owner's ceiling",
    both: "neither granted nor allowed",
    profile: "not there in the deterministic profile",
  };
  return err(
    admitFault("ADMIT_NOT_GRANTED", {
      module: wanted.name,
      version: wanted.version,
      missing: lacking.map((one) => one.capability),
      by: by[first.by],
    }),
  );
}

function checkRelease(wanted: DesiredModule, custom: ReleaseCustom, context: AdmitContext): Result<void> {
  const facts = { module: wanted.name, version: wanted.version };
  const floor = context.releaseFloor(wanted.team, wanted.name);
  if (custom.releaseCounter < floor) {
    return err(admitFault("ADMIT_FLOOR", { ...facts, counter: custom.releaseCounter, floor }));
  }
  return ok(undefined);
}

function checkManifest(wanted: DesiredModule, manifest: Manifest, at: Target, module: Target): Result<void> {
  const expected = `${wanted.team}/${wanted.name} ${wanted.version}`;
  const found = `${manifest.team}/${manifest.name} ${manifest.version}`;
  if (found !== expected) return err(admitFault("ADMIT_IDENTITY", { path: at.path, found, expected }));
  const { entry } = manifest;
  if (entry.path !== module.path || entry.sha256 !== module.sha256 || entry.size !== module.length) {
    const facts = {
      module: wanted.name,
      expected: `${entry.path} ${entry.sha256}`,
      found: `${module.path} ${module.sha256}`,
    };
    return err(admitFault("ADMIT_ENTRY", facts));
  }
  return ok(undefined);
}

const customShape = object({ sallyport: releaseCustomShape });

function releaseCustom(target: Target): Result<ReleaseCustom> {
  const outer = parseShape(
    record(string({ max: 100 }), anything, { max: 16 }),
    target.custom,
    `custom metadata of ${target.path}`,
  );
  if (!outer.ok) return outer;
  const own = parseShape(customShape, { sallyport: outer.value["sallyport"] }, `custom metadata of ${target.path}`);
  return own.ok ? ok(own.value.sallyport) : own;
}
