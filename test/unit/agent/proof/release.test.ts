/** Repositories whose keys were all stolen sign what does not belong together: a proof of that is none. */
import { describe, expect, it } from "vitest";
import type { Proof } from "../../../../agent/proof/format.ts";
import { encodeFiles } from "../../../../agent/proof/format.ts";
import { proveRelease } from "../../../../agent/proof/release.ts";
import { POLICY_PATH, TRUSTED_ROOT_PATH } from "../../../../attest/index.ts";
import { base64, fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { DEVICE, desired, FILES, type ForgedTargets, makeSite, OTHER, releaseInput } from "../../updater/site.ts";

const POLICY = utf8('{"policy":1}');
const ROOT = utf8('{"root":1}');
const json = (bytes: Uint8Array) => JSON.parse(fromUtf8(bytes) ?? "");

interface Forgery {
  manifest?(manifest: Uint8Array): Uint8Array;
  desired?(state: Uint8Array): Uint8Array;
  /** Raised by the publisher after the release was assigned. */
  floor?: number;
}

/** What a reader makes of a proof of `acme/thermostat 1.0.0` over such repositories. */
async function read(forgery: Forgery) {
  const site = await makeSite();
  const { repositories } = site;
  const owners = [
    [POLICY_PATH, POLICY],
    [TRUSTED_ROOT_PATH, ROOT],
  ] as const;
  unwrap(await repositories.putOwnerTargets(new Map(owners)));
  const { module, manifest, bundle } = releaseInput("1.0.0");
  await site.release("1.0.0");
  unwrap(await repositories.assign(DEVICE, [desired("1.0.0")]));
  const updater = site.board();
  const view = unwrap(await updater.refresh());
  const { desired: target } = view;
  const state = target === undefined ? utf8("") : unwrap(await updater.fetchTarget(target));

  const documents = {
    manifest: forgery.manifest?.(manifest) ?? manifest,
    evidence: bundle,
    policy: POLICY,
    trustedRoot: ROOT,
    desired: forgery.desired?.(state) ?? state,
  };
  const names = ({ targets }: ForgedTargets, path: string, bytes: Uint8Array) => {
    const entry = targets[path];
    if (entry !== undefined) Object.assign(entry, { length: bytes.byteLength, hashes: { sha256: sha256(bytes) } });
  };
  const change = (signed: ForgedTargets) => {
    names(signed, FILES.manifest, documents.manifest);
    names(signed, "desired.json", documents.desired);
  };
  await site.forge(site.director(), "targets", ["director-online.pem"], change);
  await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
    change(signed);
    for (const { custom } of Object.values(signed.targets)) {
      Object.assign(custom?.sallyport ?? {}, { releaseFloor: forgery.floor ?? 0 });
    }
  });
  unwrap(await updater.refresh());
  const chain = updater.chain();
  if (chain === undefined) throw new Error("there is metadata");

  const sized = (bytes: Uint8Array) => ({ length: bytes.byteLength, sha256: sha256(bytes) });
  const { team, name, version } = desired("1.0.0");
  const release = {
    team,
    name,
    version,
    manifest: sized(documents.manifest),
    module: sized(module),
    bundle: sized(bundle),
  };
  const now = site.clock.now;
  const proof = {
    device: { id: DEVICE },
    release,
    time: { refreshedMs: now, judgedMs: now, floorMs: 0 },
    chain: { image: encodeFiles(chain.image), director: encodeFiles(chain.director) },
    documents: Object.fromEntries(Object.entries(documents).map(([what, bytes]) => [what, base64(bytes)])),
  };
  const roots = { image: repositories.imageRoot(), director: repositories.directorRoot() };
  const proven = proveRelease(proof as unknown as Proof, roots);
  return proven.ok ? "proven" : proven.error.line();
}

const manifestWith = (change: (manifest: ReturnType<typeof json>) => object) => ({
  manifest: (bytes: Uint8Array) => utf8(JSON.stringify({ ...json(bytes), ...change(json(bytes)) })),
});
const desiredWith = (change: (state: ReturnType<typeof json>) => object) => ({
  desired: (bytes: Uint8Array) => utf8(JSON.stringify({ ...json(bytes), ...change(json(bytes)) })),
});

describe("a proof over repositories of which every key signs what is wanted", () => {
  it("is one when nothing is wrong, which is what the others are compared with", async () => {
    expect(await read({})).toBe("proven");
  });

  it.each<[string, Forgery, string]>([
    [
      "whose manifest is of another version",
      manifestWith(() => ({ version: "1.0.1" })),
      "calls itself acme/thermostat 1.0.1",
    ],
    ["whose manifest is of another module", manifestWith(() => ({ name: "lamp" })), "calls itself acme/lamp 1.0.0"],
    [
      "whose manifest is of another team",
      manifestWith(() => ({ team: "umbrella" })),
      "calls itself umbrella/thermostat",
    ],
    [
      "whose manifest names other code",
      manifestWith(({ entry }) => ({ entry: { ...entry, sha256: sha256(utf8("other code")) } })),
      "its manifest names code",
    ],
    [
      "whose manifest names code of another size",
      manifestWith(({ entry }) => ({ entry: { ...entry, size: entry.size + 1 } })),
      "its manifest names code",
    ],
    [
      "whose manifest names code in another place",
      manifestWith(({ entry }) => ({ entry: { ...entry, path: "modules/acme/lamp/1.0.0/module.wasm" } })),
      "its manifest names code",
    ],
    ["whose manifest is none", { manifest: () => utf8("{}") }, "its manifest cannot be read"],
    [
      "whose desired state is for another board",
      desiredWith(() => ({ device: OTHER })),
      `its desired state is for ${OTHER}`,
    ],
    ["whose desired state asks for nothing", desiredWith(() => ({ modules: [] })), "asks for no such module"],
    [
      "whose desired state asks for another version",
      desiredWith(({ modules }) => ({ modules: [{ ...modules[0], version: "1.0.1" }] })),
      "asks for acme/thermostat 1.0.1",
    ],
    [
      "whose desired state asks for another team's",
      desiredWith(({ modules }) => ({ modules: [{ ...modules[0], team: "umbrella" }] })),
      "asks for umbrella/thermostat 1.0.0",
    ],
    ["whose desired state is none", { desired: () => utf8("{}") }, "its desired state cannot be read"],
    ["of a release below the floor", { floor: 2 }, "its counter 1 is below the floor 2"],
  ])("%s is refused", async (_what, forgery, says) => {
    const line = await read(forgery);
    expect(line).toMatch(/^PROOF_RELEASE: /);
    expect(line).toContain(says);
  });
});
