/**
 * The trust of one repository under the generic profile and where two delegations meet: metadata made by hand, no
 * server, no disk.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";
import { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from "@tufjs/models";
import { Delegations } from "@tufjs/models/dist/delegations.js";
import { DelegatedRole, Role } from "@tufjs/models/dist/role.js";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { attempt, attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { genericTuf, sallyport } from "../../../updater/client/profile.ts";
import { makeSearch, type RefreshInput, refreshTopLevel } from "../../../updater/client/refresh.ts";
import { defaultLimits, type Source } from "../../../updater/client/source.ts";
import { codeOf } from "./site.ts";

const COMMON = { version: 1, expires: "2030-01-01T00:00:00Z", specVersion: "1.0.31" };
const AT = Date.parse("2026-06-01T00:00:00Z");

interface Pair {
  readonly key: Key;
  readonly secret: KeyObject;
}

let serial = 0;
function pair(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const value = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
  serial += 1;
  const key = new Key({ keyID: `k${serial}`, keyType: "ed25519", scheme: "ed25519", keyVal: { public: value } });
  return { key, secret: privateKey };
}

/** The same key under another id, written as PEM where it was hex. */
function alias({ key, secret }: Pair): Pair {
  const text = createPublicKey(secret).export({ type: "spki", format: "pem" }).toString();
  const { keyType, scheme } = key;
  return { key: new Key({ keyID: `${key.keyID}-too`, keyType, scheme, keyVal: { public: text } }), secret };
}

function bytesOf(signed: Root | Targets | Snapshot | Timestamp, pairs: readonly Pair[]): Uint8Array {
  const metadata = new Metadata(signed);
  for (const { key, secret } of pairs) {
    metadata.sign((text) => new Signature({ keyID: key.keyID, sig: signBytes(null, text, secret).toString("hex") }));
  }
  return utf8(JSON.stringify(metadata.toJSON()));
}

/** A served repository: the top level signed by one key, delegated roles as given; every request is written down. */
function makeRepository(
  top: Delegations,
  delegated: Record<string, Uint8Array | (() => Uint8Array)>,
  timestampPairs?: readonly Pair[],
) {
  const online = pair();
  const signers = timestampPairs ?? [online];
  const role = () => new Role({ keyIDs: [online.key.keyID], threshold: 1 });
  const names = ["root", "targets", "snapshot", "timestamp"] as const;
  const roles = Object.fromEntries(names.map((name) => [name, role()]));
  if (timestampPairs !== undefined) {
    roles["timestamp"] = new Role({ keyIDs: signers.map(({ key }) => key.keyID), threshold: 2 });
  }
  const keys = Object.fromEntries([online, ...signers].map(({ key }) => [key.keyID, key]));
  const pinned = bytesOf(new Root({ ...COMMON, keys, roles, consistentSnapshot: true }), [online]);
  const meta = Object.fromEntries(
    ["targets", ...Object.keys(delegated)].map((name) => [`${name}.json`, new MetaFile({ version: 1 })]),
  );
  const files: Record<string, Uint8Array | (() => Uint8Array)> = {
    "timestamp.json": bytesOf(new Timestamp({ ...COMMON, snapshotMeta: new MetaFile({ version: 1 }) }), signers),
    "1.snapshot.json": bytesOf(new Snapshot({ ...COMMON, meta }), [online]),
    "1.targets.json": bytesOf(new Targets({ ...COMMON, delegations: top }), [online]),
  };
  for (const [name, bytes] of Object.entries(delegated)) files[`1.${encodeURIComponent(name)}.json`] = bytes;
  const requests: string[] = [];
  const source: Source = {
    metadata(name) {
      requests.push(name);
      const file = files[name];
      return Promise.resolve(typeof file === "function" ? file() : file);
    },
    target: () => expect.fail("no target is fetched here"),
    close() {},
  };
  return { source, pinned, requests };
}

function input(repository: ReturnType<typeof makeRepository>, profile = genericTuf): RefreshInput {
  const { source, pinned } = repository;
  const trust = { repository: "image", pinned, at: AT, profile } as const;
  return { source, trust, limits: defaultLimits, previous: undefined };
}

function delegation(name: string, key: Key, paths: string[]): DelegatedRole {
  return new DelegatedRole({ name, keyIDs: [key.keyID], threshold: 1, terminating: false, paths });
}

function delegations(...edges: readonly [name: string, key: Key, paths: string[]][]): Delegations {
  const keys = Object.fromEntries(edges.map(([, key]) => [key.keyID, key]));
  const roles = Object.fromEntries(edges.map(([name, key, paths]) => [name, delegation(name, key, paths)]));
  return new Delegations({ keys, roles });
}

describe("a delegated role that two delegators name", () => {
  it("cannot be replaced, for the first one, by what the second one's key signed", async () => {
    const [a, b, roleOfA, roleOfB] = [pair(), pair(), pair(), pair()];
    const parent = (one: Pair, child: Pair, path: string) =>
      bytesOf(new Targets({ ...COMMON, delegations: delegations(["shared", child.key, [path]]) }), [one]);
    const shared = (one: Pair, text: string) => {
      const hashes = { sha256: sha256(utf8(text)) };
      const file = new TargetFile({ path: "a/x", length: text.length, hashes });
      return bytesOf(new Targets({ ...COMMON, targets: { "a/x": file } }), [one]);
    };
    // The server answers the second request for the same file with another one.
    const answers = [shared(roleOfA, "honest"), shared(roleOfB, "evil")];
    const repository = makeRepository(delegations(["a", a.key, ["a/*"]], ["b", b.key, ["b/*"]]), {
      a: parent(a, roleOfA, "a/*"),
      b: parent(b, roleOfB, "b/*"),
      shared: () => answers.shift() ?? expect.fail("asked a third time"),
    });
    const one = input(repository);
    const trust = await refreshTopLevel(one);
    const search = makeSearch(trust, one);
    await search("a/x");
    expect(codeOf(await attempt(() => search("b/x")))).toBe("UPDATE_SIGNATURE");
    const found = trust.find("a/x");
    expect(found.kind === "found" && found.target.hashes["sha256"]).toBe(sha256(utf8("honest")));
    expect(repository.requests.filter((name) => name === "1.shared.json")).toHaveLength(1);
  });
});

describe("kept files in which one role is two files", () => {
  it("are refused, whoever signed the second one", async () => {
    const [a, b, roleOfA, roleOfB] = [pair(), pair(), pair(), pair()];
    const parent = (one: Pair, child: Pair) =>
      bytesOf(new Targets({ ...COMMON, delegations: delegations(["shared", child.key, ["*"]]) }), [one]);
    const [first, second] = [roleOfA, roleOfB].map((one) => bytesOf(new Targets({ ...COMMON }), [one]));
    const files = { a: parent(a, roleOfA), b: parent(b, roleOfB), shared: first ?? expect.fail("no file") };
    const repository = makeRepository(delegations(["a", a.key, ["*"]], ["b", b.key, ["*"]]), files);
    const one = input(repository);
    const trust = await refreshTopLevel(one);
    for (const role of ["a", "b"] as const) trust.targets(role, "targets", files[role]);
    trust.targets("shared", "a", files.shared);
    const result = attemptSync(() => trust.targets("shared", "b", second ?? expect.fail("no file")));
    expect(codeOf(result)).toBe("UPDATE_MIX_AND_MATCH");
  });
});

describe("a key that a role lists under two ids", () => {
  it.each([
    ["twice", (one: Pair) => [one, alias(one)], "UPDATE_SIGNATURE"],
    ["beside another one", (one: Pair) => [one, alias(one), pair()], undefined],
  ] as const)("counts once: a threshold of two with the key %s", async (_, list, code) => {
    const pairs = list(pair());
    const repository = makeRepository(new Delegations({ keys: {}, roles: {} }), {}, pairs);
    const result = await attempt(() => refreshTopLevel(input(repository)));
    expect(result.ok ? undefined : result.error.code).toBe(code);
  });
});

describe("the generic profile", () => {
  it.each(["?", "#", "/absolute", "../above", "..", "UPPER", "with space", "ünï"])(
    "asks for the role %s by its encoded name",
    async (name) => {
      const key = pair();
      const file = bytesOf(new Targets({ ...COMMON }), [key]);
      const repository = makeRepository(delegations([name, key.key, ["*"]]), { [name]: file });
      const one = input(repository);
      const kept: string[] = [];
      const watched = { ...one, keep: ({ role }: { role: string }) => kept.push(role) };
      const trust = await refreshTopLevel(watched);
      expect(await makeSearch(trust, watched)("nothing")).toEqual({ kind: "absent" });
      expect(repository.requests.at(-1)).toBe(`1.${encodeURIComponent(name)}.json`);
      expect(repository.requests.at(-1)).not.toMatch(/[/?#]/);
      expect(kept).toEqual(["timestamp", "snapshot", "targets", name]);
    },
  );

  it.each(["__proto__", "constructor", "toString", "17", "", "\ud800", "x".repeat(129)])(
    "refuses the role name %j, which the library could not keep apart",
    async (name) => {
      expect(genericTuf.isRoleName(name)).toBe(false);
      expect(sallyport.isRoleName(name)).toBe(false);
    },
  );

  it.each(["root", "targets", "snapshot", "timestamp"])("refuses a delegation to %s", (name) => {
    expect(genericTuf.isRoleName(name)).toBe(false);
  });

  it("is not the default: a board refuses names that its own repositories do not have", async () => {
    const key = pair();
    const file = bytesOf(new Targets({ ...COMMON }), [key]);
    const repository = makeRepository(delegations(["UPPER", key.key, ["*"]]), { UPPER: file });
    const { profile: _, ...trust } = input(repository).trust;
    expect(codeOf(await attempt(() => refreshTopLevel({ ...input(repository), trust })))).toBe("UPDATE_DELEGATION");
    expect(unwrap(await attempt(() => refreshTopLevel(input(repository)))).rootVersion).toBe(1);
  });
});
