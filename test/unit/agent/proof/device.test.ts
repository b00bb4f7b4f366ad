/** Whose key signed a proof: what a device authority's certificates have to be, and what is refused of them. */
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyProof } from "../../../../agent/proof/index.ts";
import { issueToDevice, makeAuthority as makeOwn } from "../../../../agent/provision/certificate.ts";
import { nodeRandom } from "../../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../../runtime/kernel/signer.ts";
import { type CertificateRequest, makeAuthority } from "../../../fakes/certificates.ts";
import { DAY_MS } from "../../updater/content.ts";
import { openScene, type ProofScene } from "./scene.ts";

let scene: ProofScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const NAME = "URI:spiffe://home/device/board-1";
const der = (pem: string) => new Uint8Array(new X509Certificate(pem).raw);
const root = makeAuthority("devices");

/** What a reader who trusts `authority` makes of a proof with these certificates. */
async function read(certificates: readonly string[], authority = root.cert) {
  const proof = await scene.admit({ prover: { certificates: certificates.map(der) } });
  const result = verifyProof(proof, { ...scene.demand, device: { by: "authority", pem: authority } });
  return result.ok ? result.value.dependence.device : result.error.line();
}
const certificate = (request: Partial<CertificateRequest> = {}, by = root) => {
  const { publicPem } = scene.prover.signer;
  return by.issue({ subject: "board-1", names: [NAME], publicPem, ...request }).cert;
};

describe("a proof with its device's certificate", () => {
  it("is accepted by whoever has the authority, and names whom it vouches for", async () => {
    expect(await read([certificate()])).toMatchObject({
      by: "authority",
      certificate: { name: "spiffe://home/device/board-1", authority: "CN=devices" },
    });
  });

  it("is accepted with an authority between, and with the authority's own certificate in it", async () => {
    const middle = root.below("site");
    expect(await read([certificate({}, middle), middle.cert])).toMatchObject({ by: "authority" });
    expect(await read([certificate({}, middle), middle.cert, root.cert])).toMatchObject({ by: "authority" });
    expect(await read([certificate({}, middle)], middle.cert)).toMatchObject({ by: "authority" });
    const several = `${makeAuthority("another").cert}${root.cert}`;
    expect(await read([certificate()], several)).toMatchObject({ by: "authority" });
  });

  it.each([
    ["without any", () => [], "holds no certificate"],
    ["of another authority", () => [certificate({}, makeAuthority("devices"))], "do not lead to the given authority"],
    ["for another key", () => [root.issue({ subject: "board-1", names: [NAME] }).cert], "for another key"],
    ["for another device", () => [certificate({ names: [`${NAME}1`] })], "not for spiffe://…/device/board-1"],
    [
      "for a name that only ends alike",
      () => [certificate({ names: ["URI:spiffe://home/x/device/board-1"] })],
      "not for spiffe://",
    ],
    ["for two names", () => [certificate({ names: [NAME, "URI:spiffe://home/device/board-2"] })], "not for spiffe://"],
    ["for a name that holds another", () => [certificate({ names: [`URI:spiffe://a, ${NAME}`] })], "not for spiffe://"],
    [
      "for the name as a DNS name",
      () => [certificate({ names: ["DNS:spiffe://home/device/board-1"] })],
      "not for spiffe://",
    ],
    ["for no name", () => [certificate({ names: [] })], "for nobody"],
    ["that had ended", () => [certificate({ days: -1 })], "was not valid when the board judged"],
    ["with a critical extension that nobody knows", () => [certificate({ strange: true })], "critical extension"],
    [
      "by an authority that may not issue",
      () => {
        const idle = root.below("idle", { usage: false });
        return [certificate({}, idle), idle.cert];
      },
      "is not issued by",
    ],
    [
      "by another device",
      () => {
        const { publicPem } = scene.prover.signer;
        const [mine, other] = [makeAuthority("board-9"), certificate()];
        return [mine.issue({ subject: "board-1", names: [NAME], publicPem }).cert, other];
      },
      "is not issued by",
    ],
    [
      "by somebody who is no authority and whose key may sign certificates",
      () => {
        const none = root.below("none", { isAuthority: false });
        return [certificate({}, none), none.cert];
      },
      "may not issue certificates",
    ],
    ["that is an authority's", () => [certificate({ isAuthority: true })], "is an authority's"],
    [
      "in the wrong order",
      () => {
        const middle = root.below("site");
        return [middle.cert, certificate({}, middle)];
      },
      "for another key",
    ],
    ["with one missing between", () => [certificate({}, root.below("site"))], "do not lead to the given authority"],
  ])("%s is refused", async (_what, make, says) => {
    const line = await read(make());
    expect(line).toMatch(/^PROOF_DEVICE: /);
    expect(line).toContain(says);
  });

  it("is refused when that certificate is all that the reader gives for an authority", async () => {
    const own = certificate();
    expect(await read([own], own)).toContain("is the given authority itself");
  });

  it("is refused when it was made after the board judged", async () => {
    const key = unwrap(parseSigner(generateKeyPem()));
    const later = { fromMs: Date.now() + DAY_MS, untilMs: Date.now() + 2 * DAY_MS };
    const pem = await makeOwn("devices", key, { ...later, fromMs: Date.now() - DAY_MS }, nodeRandom);
    const device = { tenant: "home", device: "board-1", publicPem: scene.prover.signer.publicPem };
    const own = unwrap(await issueToDevice(device, { pem, path: "ca.pem", key }, later, nodeRandom));
    expect(await read([own], pem)).toContain("was not valid when the board judged");
  });

  it("is refused further below its authority than that may reach", async () => {
    const near = makeAuthority("near", 0);
    expect(await read([certificate({}, near)], near.cert)).toMatchObject({ by: "authority" });
    const middle = near.below("site");
    const line = await read([certificate({}, middle), middle.cert], near.cert);
    expect(line).toContain("may not stand so far above a device");
  });

  it("is refused with an authority file that holds none, or nonsense", async () => {
    expect(await read([certificate()], "")).toContain("no certificate");
    const nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(await read([certificate()], nonsense)).toContain("cannot be read");
  });
});

describe("the fleet's own device authority", () => {
  const now = Date.now();
  const validity = { fromMs: now - DAY_MS, untilMs: now + 100 * DAY_MS };
  const device = () => ({ tenant: "home", device: "board-1", publicPem: scene.prover.signer.publicPem });
  const ed25519 = () => unwrap(parseSigner(generateKeyPem()));

  it("issues what proofs are verified by, with a key of either kind", async () => {
    const { key: p256 } = makeAuthority("x").issue({ subject: "x" });
    for (const key of [ed25519(), unwrap(parseSigner(p256))]) {
      const pem = await makeOwn("acme devices", key, validity, nodeRandom);
      const own = unwrap(await issueToDevice(device(), { pem, path: "ca.pem", key }, validity, nodeRandom));
      expect(await read([own], pem)).toMatchObject({
        certificate: { name: "spiffe://home/device/board-1", authority: "CN=acme devices" },
      });
      const [authority, leaf] = [new X509Certificate(pem), new X509Certificate(own)];
      expect([authority.ca, leaf.ca]).toEqual([true, false]);
      expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    }
  });

  it("issues nothing that outlives it, nothing with another key and nothing after its end", async () => {
    const key = ed25519();
    const pem = await makeOwn("acme devices", key, validity, nodeRandom);
    const issue = (over: object, times = validity) =>
      issueToDevice(device(), { pem, path: "ca.pem", key, ...over }, times, nodeRandom);
    const long = unwrap(await issue({}, { fromMs: now, untilMs: Date.UTC(2070, 0, 1) }));
    expect(new X509Certificate(long).validTo).toBe(new X509Certificate(pem).validTo);
    const codeOf = async (one: ReturnType<typeof issue>) => {
      const issued = await one;
      return issued.ok ? "issued" : issued.error.line();
    };
    expect(await codeOf(issue({ key: ed25519() }))).toContain("PROVISION_AUTHORITY");
    expect(await codeOf(issue({ pem: "nothing" }))).toContain("PROVISION_AUTHORITY");
    expect(await codeOf(issue({ pem: unwrap(await issue({})) }))).toContain("the key is another one");
    const late = { fromMs: now + 200 * DAY_MS, untilMs: now + 300 * DAY_MS };
    expect(await codeOf(issue({}, late))).toContain("it ended");
  });

  it("writes times beyond 2049 as they are to be written", async () => {
    const pem = await makeOwn("acme devices", ed25519(), { fromMs: now, untilMs: Date.UTC(2070, 0, 2) }, nodeRandom);
    expect(new X509Certificate(pem).validToDate.toISOString()).toBe("2070-01-02T00:00:00.000Z");
  });
});
