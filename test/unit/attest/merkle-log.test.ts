/**
 * Inclusion in a log of more than one entry: the tests' log is the tree of RFC 6962, and the board takes a proof for
 * this entry in the tree whose root the log signed, and no other.
 */
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrustedRoot, type TrustedRoot, verifyBundle } from "../../../attest/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { createMerkleLog, type InclusionProof, leafHash, type MerkleLog, rootOf } from "../../fakes/merkle-log.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { altered, type Json, signed } from "./release.ts";

const keys = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });

describe("the tests' log", () => {
  // The leaves and roots with which certificate-transparency-go and trillian test theirs.
  const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];

  it.each(ROOTS.map((root, size) => [size, root] as const))("has the known root with %i leaves", (size, root) => {
    const leaves = LEAVES.slice(0, size).map((one) => leafHash(Buffer.from(one, "hex")));
    expect(rootOf(leaves).toString("hex")).toBe(root);
  });

  it("proves a leaf in an earlier tree as it did then", () => {
    const log = createMerkleLog("log.example", keys());
    log.grow(6);
    const then = log.prove(2);
    log.grow(100);
    const { hashes, rootHash, treeSize } = log.prove(2, 6);
    expect({ hashes, rootHash, treeSize }).toEqual({
      hashes: then.hashes,
      rootHash: then.rootHash,
      treeSize: then.treeSize,
    });
    expect(() => log.prove(6, 6)).toThrow("no leaf");
  });
});

describe.each([1, 2] as const)("an inclusion proof of a version %i log", (rekorVersion) => {
  let sigstore: FakeSigstore;
  let trust: TrustedRoot;
  let bundle: Uint8Array;
  let body: Buffer;
  beforeAll(async () => {
    sigstore = await startSigstore();
    trust = unwrap(parseTrustedRoot(sigstore.trustedRoot));
    bundle = await signed(sigstore, { rekorVersion });
    body = Buffer.from(entryOf(JSON.parse(Buffer.from(bundle).toString("utf8"))).canonicalizedBody, "base64");
  });
  afterAll(() => sigstore.close());

  /** A tree of the log with our entry at that place. */
  const tree = (index: number, size: number): MerkleLog => {
    const log = sigstore.newTree();
    log.grow(index);
    log.append(body);
    log.grow(size - index - 1);
    return log;
  };
  const withProof = (proof: InclusionProof, change: (json: Json) => void = () => {}) =>
    altered(bundle, (json) => {
      const entry = entryOf(json);
      entry.inclusionProof = proofJson(proof);
      if (rekorVersion === 2) entry.logIndex = String(proof.logIndex);
      change(entry.inclusionProof);
    });
  const refusal = (bytes: Uint8Array) => {
    const verified = verifyBundle(bytes, trust);
    return verified.ok ? "accepted" : verified.fault.code;
  };

  it("comes with more than one leaf, as the service gives it", () => {
    const { inclusionProof } = entryOf(JSON.parse(Buffer.from(bundle).toString("utf8")));
    expect(Number(inclusionProof.treeSize)).toBe(9);
    expect(inclusionProof.hashes.length).toBeGreaterThan(1);
    expect(refusal(bundle)).toBe("accepted");
  });

  it.each([
    [1, [0]],
    [2, [0, 1]],
    [3, [0, 1, 2]],
    [7, [0, 3, 5, 6]],
    [1000, [0, 1, 511, 512, 767, 998, 999]],
  ])("holds in a tree of %i leaves at any place", (size, places) => {
    for (const index of places)
      expect(refusal(withProof(tree(index, size).prove(index))), `at ${index}`).toBe("accepted");
  });

  it("for another leaf is refused", () => {
    const log = tree(3, 7);
    for (const index of [0, 2, 4, 6]) expect(refusal(withProof(log.prove(index))), `of ${index}`).toBe("ATTEST_LOG");
    const elsewhere = { ...log.prove(3), logIndex: 2 };
    expect(refusal(withProof(elsewhere))).toBe("ATTEST_LOG");
  });

  it("for a tree of another size is refused, in its path, its checkpoint or its own words", () => {
    const log = tree(3, 7);
    const [earlier, later] = [log.prove(3, 5), log.prove(3, 7)];
    expect([refusal(withProof(earlier)), refusal(withProof(later))]).toEqual(["accepted", "accepted"]);
    expect(refusal(withProof({ ...earlier, hashes: later.hashes }))).toBe("ATTEST_LOG");
    expect(refusal(withProof({ ...earlier, checkpoint: later.checkpoint }))).toBe("ATTEST_LOG");
    expect(refusal(withProof({ ...earlier, treeSize: 7 }))).toBe("ATTEST_LOG");
    expect(refusal(withProof({ ...earlier, rootHash: later.rootHash }))).toBe("ATTEST_LOG");
  });

  it("that is cut, too long, or out of order is refused", () => {
    const proof = tree(5, 1000).prove(5);
    const path = proof.hashes;
    expect(path.length).toBe(10);
    for (const hashes of [path.slice(1), path.slice(0, -1), [], [...path, ...path.slice(0, 1)], [...path].reverse()]) {
      expect(refusal(withProof({ ...proof, hashes }))).toBe("ATTEST_LOG");
    }
    expect(refusal(withProof({ ...proof, logIndex: 1000 }))).toBe("ATTEST_LOG");
    expect(refusal(withProof({ ...proof, logIndex: -1 }))).toBe("ATTEST_LOG");
  });

  it("whose root another log signed is refused", () => {
    const host = new URL(sigstore.rekorUrl).host;
    for (const log of [createMerkleLog(host, keys()), createMerkleLog("log.example", keys())]) {
      log.append(body);
      log.grow(4);
      expect(refusal(withProof(log.prove(0)))).toBe("ATTEST_LOG");
    }
  });

  it("whose checkpoint was altered is refused", () => {
    const proof = tree(1, 4).prove(1);
    const change = (from: string | RegExp, to: string) =>
      refusal(withProof(proof, (json) => (json.checkpoint.envelope = json.checkpoint.envelope.replace(from, to))));
    expect(change("42", "43")).toBe("ATTEST_LOG");
    expect(change(/\n\n.*/s, "\n\n")).toBe("ATTEST_LOG");
    expect(change("\n4\n", "\n5\n")).toBe("ATTEST_LOG");
    expect(change("\n4\n", "\n4.0\n")).toBe("ATTEST_LOG");
    expect(change(/\n.*/s, "")).toBe("ATTEST_LOG");
  });
});

function entryOf(json: Json): Json {
  return json.verificationMaterial.tlogEntries[0];
}

/** As a bundle writes it. */
function proofJson({ logIndex, treeSize, rootHash, hashes, checkpoint }: InclusionProof): Json {
  return {
    logIndex: String(logIndex),
    treeSize: String(treeSize),
    rootHash: rootHash.toString("base64"),
    hashes: hashes.map((one) => one.toString("base64")),
    checkpoint: { envelope: checkpoint },
  };
}
