/** A proof is read by somebody who has neither board nor network: what it needs to be believed, and what refuses it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf, type Proof } from "../../../../agent/proof/format.ts";
import { openProof, type ProofDemand, sealProof, verifyProof } from "../../../../agent/proof/index.ts";
import { PROVENANCE_TYPE, parsePolicy } from "../../../../attest/index.ts";
import { base64, fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { attempt, unwrap } from "../../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../../runtime/kernel/signer.ts";
import { guestRelease } from "../../../guests/guests.ts";
import { BUILDER, signed } from "../../attest/release.ts";
import { DAY_MS, desired, releaseInput } from "../../updater/content.ts";
import { person } from "../../updater/people.ts";
import { openScene, otherRoots, type ProofScene, policyBytes, publicKeyOf } from "./scene.ts";

let scene: ProofScene;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
  scene = await openScene();
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

const code = (bytes: Uint8Array, demand: ProofDemand = scene.demand) => {
  const result = verifyProof(bytes, demand);
  return result.ok ? "accepted" : result.error.code;
};
/** The proof with something else in it, signed again by the device itself: what a board could do that lies. */
const lying = async (change: (proof: Proof) => Proof) => {
  const { proof } = unwrap(openProof(scene.proof));
  return unwrap(await sealProof(change(proof), scene.prover.signer));
};

describe("a proof", () => {
  it("is accepted by the roots that the board was made with, and judged to the verdict that it records", () => {
    const { verdict, proof, releaseCounter } = unwrap(verifyProof(scene.proof, scene.demand));
    expect(verdict.accepted).toBe(true);
    expect(proof.release).toMatchObject({ team: "acme", name: "thermostat", version: "1.0.0" });
    expect(releaseCounter).toBe(1);
  });

  it("says what the answer rests on", () => {
    const { dependence } = unwrap(verifyProof(scene.proof, scene.demand));
    expect(dependence.image).toMatchObject({ version: 1, threshold: 2 });
    expect(dependence.image.keyIds[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(dependence.sigstore.services[0]).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(dependence.policy).toEqual({ version: 1, sha256: sha256(policyBytes()) });
    expect(dependence.device).toEqual({ by: "key", keyId: scene.prover.signer.keyId });
    expect(dependence.time.signed.length).toBeGreaterThan(0);
    expect(Date.parse(dependence.metadataUntil)).toBeGreaterThan(Date.now());
    expect(dependence.notProven.join("\n")).toContain("that the module ran");
    expect(dependence.notProven.join("\n")).toContain("tenant, class and region");
    expect(dependence.notProven.join("\n")).not.toContain("ran already");
  });

  it("says plainly that nobody knows whose key it is when the reader pins none", () => {
    const { dependence } = unwrap(verifyProof(scene.proof, { ...scene.demand, device: { by: "nothing" } }));
    expect(dependence.device.by).toBe("nothing");
    expect(dependence.notProven.join("\n")).toContain("which device signed");
  });

  it("is refused when another device's key is pinned", () => {
    const key = publicKeyOf(unwrap(parseSigner(generateKeyPem())));
    expect(code(scene.proof, { ...scene.demand, device: { by: "key", key } })).toBe("PROOF_DEVICE");
  });

  it("is refused under other roots, and under the roots put in each other's place", async () => {
    const { image, director } = scene.demand.roots;
    expect(code(scene.proof, { ...scene.demand, roots: { image: director, director: image } })).toBe("PROOF_CHAIN");
    expect(code(scene.proof, { ...scene.demand, roots: { image, director: image } })).toBe("PROOF_CHAIN");
    expect(code(scene.proof, { ...scene.demand, roots: { image: utf8("{}"), director } })).toBe("PROOF_CHAIN");
    const other = await otherRoots();
    expect(code(scene.proof, { ...scene.demand, roots: { image: other.image, director } })).toBe("PROOF_CHAIN");
    expect(code(scene.proof, { ...scene.demand, roots: { image, director: other.director } })).toBe("PROOF_CHAIN");
  });

  it("is of one module's bytes", () => {
    expect(code(scene.proof, { ...scene.demand, module: scene.module })).toBe("accepted");
    expect(code(scene.proof, { ...scene.demand, module: utf8("other code") })).toBe("PROOF_MODULE");
  });

  it("can be judged by another policy as well, which may refuse what the board's accepted", () => {
    const strict = unwrap(parsePolicy(policyBytes("https://ci.example/another/workflow")));
    const same = unwrap(parsePolicy(policyBytes(undefined, 7)));
    const refused = unwrap(verifyProof(scene.proof, { ...scene.demand, policy: strict }));
    expect(refused.verdict.accepted).toBe(true);
    expect(refused.again?.accepted).toBe(false);
    expect(refused.again?.reasons.map((one) => one.code)).toContain("ATTEST_IDENTITY_MISMATCH");
    expect(unwrap(verifyProof(scene.proof, { ...scene.demand, policy: same })).again?.accepted).toBe(true);
  });

  it("can be judged as of another time, at which its evidence is too old for another policy", () => {
    const young = JSON.parse(fromUtf8(policyBytes()) ?? "");
    const { identities } = young.evidence[0];
    young.evidence[0].require = [{ type: "predicate", predicateTypes: [PROVENANCE_TYPE], identities, maxAgeDays: 30 }];
    const policy = unwrap(parsePolicy(utf8(JSON.stringify(young))));
    const at = (days: number) => {
      const atMs = Date.now() + days * DAY_MS;
      return unwrap(verifyProof(scene.proof, { ...scene.demand, policy, atMs })).again;
    };
    expect(at(29)?.accepted).toBe(true);
    expect(at(31)?.reasons.map((one) => one.code)).toContain("ATTEST_STALE");
  });

  it("holds longer than the metadata in it, for it is judged at the time of the admission", async () => {
    const late = Date.now() + 400 * 86_400_000;
    expect(unwrap(verifyProof(scene.proof, { ...scene.demand, atMs: late })).again?.accepted).toBe(true);
  });
});

describe("a board that lies in its own proof is found out", () => {
  it("about the time at which the metadata was current", async () => {
    const late = await lying((proof) => ({
      ...proof,
      time: { ...proof.time, refreshedMs: proof.time.refreshedMs + 4000 * 86_400_000 },
    }));
    expect(code(late)).toBe("PROOF_CHAIN");
  });

  it("about the time at which it judged, which would put one year's certificate to another year's metadata", async () => {
    const told = async (change: (time: Proof["time"]) => Partial<Proof["time"]>) =>
      code(await lying((proof) => ({ ...proof, time: { ...proof.time, ...change(proof.time) } })));
    expect(await told(({ judgedMs }) => ({ judgedMs: judgedMs + 4000 * DAY_MS }))).toBe("PROOF_TIME");
    expect(await told(({ refreshedMs }) => ({ judgedMs: refreshedMs - 1 }))).toBe("PROOF_TIME");
    expect(await told(({ refreshedMs }) => ({ floorMs: refreshedMs + 1 }))).toBe("PROOF_TIME");
    const { metadataUntil } = unwrap(verifyProof(scene.proof, scene.demand)).dependence;
    expect(await told(() => ({ judgedMs: Date.parse(metadataUntil) }))).toBe("PROOF_TIME");
    expect(await told(() => ({ judgedMs: Date.parse(metadataUntil) - 1 }))).toBe("accepted");
  });

  it("by each document that the metadata does not name", async () => {
    for (const name of ["manifest", "evidence", "policy", "trustedRoot", "desired"] as const) {
      const swapped = await lying((proof) => {
        const bytes = Buffer.concat([bytesOf(proof.documents[name]), Buffer.from(" ")]);
        return { ...proof, documents: { ...proof.documents, [name]: base64(bytes) } };
      });
      expect(`${name}: ${code(swapped)}`).toBe(`${name}: PROOF_DOCUMENT`);
    }
  });

  it("by a digest or a size that the metadata does not name", async () => {
    for (const part of ["manifest", "module", "bundle"] as const) {
      const { length, sha256 } = unwrap(openProof(scene.proof)).proof.release[part];
      const changes = [
        { length: length + 1, sha256 },
        { length, sha256: sha256.replace(/^./, (one) => (one === "0" ? "1" : "0")) as typeof sha256 },
      ];
      for (const changed of changes) {
        const swapped = await lying((proof) => ({ ...proof, release: { ...proof.release, [part]: changed } }));
        expect(code(swapped)).toBe("PROOF_DOCUMENT");
      }
    }
  });

  it("by a release that nobody assigned to it", async () => {
    const other = await lying((proof) => ({
      ...proof,
      release: { ...proof.release, version: "1.0.1" as typeof proof.release.version },
    }));
    expect(code(other)).toBe("PROOF_CHAIN");
  });

  it("under another device's name", async () => {
    const other = await lying((proof) => ({
      ...proof,
      device: { ...proof.device, id: "board-2" as typeof proof.device.id },
    }));
    expect(code(other)).toBe("PROOF_CHAIN");
  });

  it("by a verdict that this evidence does not have", async () => {
    const [first, ...rest] = unwrap(openProof(scene.proof)).proof.verdict.reasons;
    const fewer = await lying((proof) => ({ ...proof, verdict: { ...proof.verdict, reasons: rest.slice(1) } }));
    expect(code(fewer)).toBe("PROOF_VERDICT_DIFFERS");
    const coded = [{ check: "bundle", ...first, passed: false, code: "ATTEST_BUNDLE_INVALID" }, ...rest];
    const other = await lying((proof) => ({ ...proof, verdict: { ...proof.verdict, reasons: coded } }));
    expect(code(other)).toBe("PROOF_VERDICT_DIFFERS");
    const region = await lying((proof) => ({ ...proof, device: { ...proof.device, class: "another" } }));
    expect(code(region)).toBe("PROOF_VERDICT_DIFFERS");
  });

  it("by what it was granted: a release that lacked what it needs is begun by no honest board", async () => {
    const { name, team, version } = desired("1.1.0");
    const { module, manifest } = guestRelease("counter", {
      name,
      version,
      capabilities: [{ cap: "kv", bytes: 100, writesPerMin: 1 }],
    });
    const artifacts = [
      { name: "module.wasm", sha256: sha256(module) },
      { name: "manifest.json", sha256: sha256(manifest) },
    ];
    const bundle = await signed(scene.sigstore, { artifacts });
    unwrap(await scene.repositories.publishRelease({ ...releaseInput(version, { module, manifest }), bundle }));
    unwrap(await scene.repositories.assign(scene.prover.device.id, [{ ...desired("1.1.0"), team }]));
    const refused = await attempt(() => scene.admit());
    expect(refused.ok ? "admitted" : refused.error.code).toBe("ADMIT_NOT_GRANTED");
    // A board that says it ran already is believed as far as that: nothing was granted, and that is what is told.
    const narrowed = await scene.admit({ running: true });
    expect(unwrap(verifyProof(narrowed, scene.demand)).capabilities).toEqual([]);
    const { proof } = unwrap(openProof(narrowed));
    expect(code(unwrap(await sealProof({ ...proof, running: false }, scene.prover.signer)))).toBe("PROOF_RELEASE");
    unwrap(await scene.repositories.assign(scene.prover.device.id, [desired("1.0.0")]));
    await scene.admit();
  });

  it("by saying that a release ran already which the owner then only wants to be told of", async () => {
    const before = scene.policyNow();
    const revoking = JSON.parse(fromUtf8(before) ?? "");
    revoking.version += 1;
    revoking.revoked = [{ builder: BUILDER, reason: "its runner was stolen", running: "flag" }];
    await scene.policy(utf8(JSON.stringify(revoking)));
    const flagged = await scene.admit({ running: true });
    const { proof, verdict, dependence } = unwrap(verifyProof(flagged, scene.demand));
    expect(dependence.notProven.join("\n")).toContain("that it ran already when it was judged: the board says so");
    expect(verdict.reasons.filter((one) => one.flagged === true).map((one) => one.code)).toEqual(["ATTEST_REVOKED"]);
    const fresh = unwrap(await sealProof({ ...proof, running: false }, scene.prover.signer));
    expect(code(fresh)).toBe("PROOF_VERDICT_DIFFERS");
    await scene.policy(utf8(JSON.stringify({ ...revoking, version: revoking.version + 1, revoked: [] })));
    await scene.admit();
  });

  it("by metadata of another moment mixed in", async () => {
    const before = unwrap(openProof(scene.proof)).proof;
    unwrap(await scene.repositories.resign());
    const after = unwrap(openProof(await scene.admit())).proof;
    const mixed = await lying((proof) => ({
      ...proof,
      chain: { ...proof.chain, image: { ...before.chain.image, snapshot: after.chain.image.snapshot } },
    }));
    expect(code(mixed)).toBe("PROOF_CHAIN");
  });
});

describe("a proof after a change of root", () => {
  it("is verified from the root that boards were made with, and from the new one", async () => {
    const factory = scene.demand.roots;
    unwrap(await scene.repositories.rotate({ what: "owners", edit: { add: [], remove: ["owner-1"] } }));
    const proof = await scene.admit();
    expect(code(proof)).toBe("accepted");
    const [newest] = unwrap(openProof(proof)).proof.chain.image.roots.slice(-1);
    const roots = { image: bytesOf(newest ?? ""), director: factory.director };
    const { dependence } = unwrap(verifyProof(proof, { ...scene.demand, roots }));
    expect(dependence.image.version).toBe(2);
    expect(dependence.image.versions.root).toBe(2);
  });

  it("rests on evidence of several lines as well, and holds after policy and online keys have changed", async () => {
    const { repositories, sigstore, prover } = scene;
    const version = "2.0.0" as ReturnType<typeof desired>["version"];
    const { module, manifest } = guestRelease("counter", { name: "thermostat", version, capabilities: [] });
    const artifacts = [
      { name: "module.wasm", sha256: sha256(module) },
      { name: "manifest.json", sha256: sha256(manifest) },
    ];
    const line = fromUtf8(await signed(sigstore, { artifacts })) ?? "";
    const other = fromUtf8(await signed(sigstore, { artifacts: [{ name: "x", sha256: sha256(utf8("x")) }] })) ?? "";
    const input = releaseInput(version, { module, manifest });
    unwrap(await repositories.publishRelease({ ...input, bundle: utf8(`${other}\n${line}\n`) }));
    unwrap(await repositories.assign(prover.device.id, [desired(version)]));
    const proof = await scene.admit();

    await scene.policy(policyBytes("https://ci.example/another/workflow", 40));
    const newcomer = person(folder, "newcomer");
    unwrap(await repositories.addKey(newcomer.file));
    const edit = { add: [newcomer.named], remove: [], replace: true } as const;
    unwrap(await repositories.rotate({ what: "online", repository: "image", roles: ["timestamp", "snapshot"], edit }));
    expect(code(proof)).toBe("accepted");
    // A root leads forward and not back: the newest does not say who signed timestamps before it.
    unwrap(await scene.updater.refresh());
    const newest = scene.updater.chain()?.image.roots.at(-1);
    const later = { image: newest ?? utf8(""), director: scene.demand.roots.director };
    const refused = verifyProof(proof, { ...scene.demand, roots: later });
    expect(refused.ok ? "accepted" : refused.error.code).toBe("PROOF_CHAIN");
  });
});
