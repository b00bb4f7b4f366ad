/** A board's own word: a proof of what a board admitted is altered, pieced together from others, or shown as another board's. */
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProof, type ProofDemand, sealProof, verifyProof } from "../../../agent/proof/index.ts";
import { base64, utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { openScene, otherRoots, type ProofScene } from "../../unit/agent/proof/scene.ts";
import { lines, newSigner } from "../../unit/attest/own-keys.ts";
import { altered, type Json } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { door, keyPolicy, refuses } from "./door.ts";

const at = door();
let scene: ProofScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const read = (bytes: Uint8Array, changes: Partial<ProofDemand> = {}) =>
  verifyProof(bytes, { ...scene.demand, ...changes });
const changed = (change: (json: Json) => void) => altered(scene.proof, change);

describe("a proof", () => {
  it("that was altered in its text is not in its one encoding, or not what the device signed", () => {
    expect(read(scene.proof).ok).toBe(true);
    const text = Buffer.from(scene.proof).toString();
    const canonical = /^the proof is not in its one valid encoding: /;
    for (const other of [` ${text}`, `${text}\n`, text.replace("{", '{"extra":1,'), text.replace(":", ": ")]) {
      sees(read(utf8(other)), "PROOF_NOT_CANONICAL", "attack", canonical);
    }
    const payload = changed((json) => {
      const said = Buffer.from(json.payload, "base64").toString();
      json.payload = base64(utf8(said.replace('"class":"gateway"', '"class":"another"')));
    });
    sees(read(payload), "PROOF_SIGNATURE", "attack", /^the signature of device board-1 over the proof does not hold: /);
  });

  it("that another key has signed is not by the device that it names, also with that device's key id on it", async () => {
    const { proof } = unwrap(openProof(scene.proof));
    const thief = newSigner();
    const resealed = unwrap(await sealProof(proof, thief));
    const forged = /^the signature of device board-1 over the proof does not hold: /;
    sees(read(resealed), "PROOF_SIGNATURE", "attack", forged);
    const borrowed = altered(resealed, (json: Json) => {
      json.signatures[0].keyid = scene.prover.signer.keyId;
    });
    sees(read(borrowed), "PROOF_SIGNATURE", "attack", forged);
    const der = createPublicKey(thief.publicPem).export({ type: "spki", format: "der" });
    const own = unwrap(
      await sealProof({ ...proof, device: { ...proof.device, publicKey: base64(new Uint8Array(der)) } }, thief),
    );
    const another = `the proof is not by the device that it names, board-1: signed by key ${thief.keyId}, expected ${scene.prover.signer.keyId}`;
    sees(read(own), "PROOF_DEVICE", "attack", another);
  });

  it("of another fleet does not lead from this one's roots", async () => {
    const text = /^the metadata in the proof does not lead from the given roots to this release: /;
    sees(read(scene.proof, { roots: await otherRoots() }), "PROOF_CHAIN", "attack", text);
    const { image, director } = scene.demand.roots;
    sees(read(scene.proof, { roots: { image: director, director: image } }), "PROOF_CHAIN", "attack", text);
  });

  it("in which a device itself swapped documents, release or verdict is found out by what others have signed", async () => {
    const { proof } = unwrap(openProof(scene.proof));
    const lying = async (change: object) => read(unwrap(await sealProof({ ...proof, ...change }, scene.prover.signer)));
    const documents = { ...proof.documents, evidence: base64(at.honest) };
    sees(await lying({ documents }), "PROOF_DOCUMENT", "attack", /^the evidence in the proof is /);
    sees(await lying({ device: { ...proof.device, id: "board-2" } }), "PROOF_CHAIN", "attack", /./);
    const verdict = { ...proof.verdict, reasons: proof.verdict.reasons.slice(1) };
    sees(await lying({ verdict }), "PROOF_VERDICT_DIFFERS", "attack", /; judged again here: /);
    sees(
      read(scene.proof, { module: utf8("other code") }),
      "PROOF_MODULE",
      "refusal",
      /^the given module has SHA-256 /,
    );
  });

  it("is no attestation of the release, though the owner may have named the device's key for summaries", () => {
    const policy = keyPolicy([scene.prover.signer]);
    const text = /carries payload type .+, expected application\/vnd\.in-toto\+json$/;
    refuses(at.ask(scene.proof, { policy }), "ATTEST_BUNDLE_INVALID", "refusal", text);
    refuses(at.ask(lines(scene.proof, scene.proof), { policy }), "ATTEST_BUNDLE_INVALID", "refusal", text);
  });
});
