/**
 * A transparency log for tests: an append-only Merkle tree (RFC 6962 section 2) whose root is signed as a checkpoint
 * (C2SP signed note, C2SP tlog-checkpoint), as Rekor keeps it. It proves that a leaf is in the tree of today or of any
 * earlier size. Left out: tiles, shards, witnesses; and it keeps every leaf in memory.
 */
import { createHash, type KeyObject, sign } from "node:crypto";

export interface InclusionProof {
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Buffer;
  /** From the leaf's sibling to the root's child. */
  readonly hashes: readonly Buffer[];
  /** A signed note over size and root. */
  readonly checkpoint: string;
}

export interface MerkleLog {
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** SHA-256 of the public key: what entries and trusted roots call the log. */
  readonly logId: Buffer;
  readonly size: number;
  /** The leaf's index. */
  append(body: Uint8Array): number;
  /** Other people's entries. */
  grow(count: number): void;
  /** That the leaf is in the tree of the first `treeSize` leaves. */
  prove(index: number, treeSize?: number): InclusionProof;
  sign(bytes: Uint8Array): Buffer;
}

export interface LogKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** `name` is the host of the log's address: verifiers compare it with the trusted root. */
export function createMerkleLog(name: string, { publicKey, privateKey }: LogKeys): MerkleLog {
  const leaves: Buffer[] = [];
  const spki = publicKey.export({ format: "der", type: "spki" });
  const logId = sha256(spki);
  const signed = (bytes: Uint8Array) => sign("sha256", bytes, privateKey);
  const append = (body: Uint8Array) => leaves.push(leafHash(body)) - 1;
  return {
    publicKey: spki,
    logId,
    get size() {
      return leaves.length;
    },
    append,
    grow(count) {
      for (let left = count; left > 0; left -= 1)
        append(Buffer.from(`{"entry":"of somebody else","at":${leaves.length}}`));
    },
    prove(index, treeSize = leaves.length) {
      if (index >= treeSize || treeSize > leaves.length) throw new Error(`no leaf ${index} in a tree of ${treeSize}`);
      const tree = leaves.slice(0, treeSize);
      const rootHash = rootOf(tree);
      const note = `${name} - 42\n${treeSize}\n${rootHash.toString("base64")}\n`;
      // The key's hint stands before the signature.
      const signature = Buffer.concat([logId.subarray(0, 4), signed(Buffer.from(note))]).toString("base64");
      const checkpoint = `${note}\n\u2014 ${name} ${signature}\n`;
      return { logIndex: index, treeSize, rootHash, hashes: pathOf(index, tree), checkpoint };
    },
    sign: signed,
  };
}

export function leafHash(body: Uint8Array): Buffer {
  return sha256(Buffer.of(0), body);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.of(1), left, right);
}

/** MTH of section 2.1, over leaf hashes. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  const split = largestPowerBelow(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** PATH of section 2.1.1, from the bottom up. */
export function pathOf(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length <= 1) return [];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split ? [...pathOf(index, left), rootOf(right)] : [...pathOf(index - split, right), rootOf(left)];
}

function largestPowerBelow(count: number): number {
  return 2 ** (Math.ceil(Math.log2(count)) - 1);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
