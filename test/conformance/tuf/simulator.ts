/**
 * A repository in memory whose every document can be changed by hand before it is signed and served. It keeps no rules:
 * what a conforming repository would never publish is what most cases are about. Documents are plain JSON, signed over
 * their canonical form with the keys listed for the role.
 */
import { createHash } from "node:crypto";
import { assert } from "../../../runtime/kernel/assert.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { ed25519Key, type KeyDocument, type SimKey } from "./keys.ts";

export interface RoleDocument {
  keyids: string[];
  threshold: number;
  [field: string]: unknown;
}
interface Document {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  [field: string]: unknown;
}
export interface RootDocument extends Document {
  consistent_snapshot: boolean;
  keys: Record<string, KeyDocument>;
  roles: Record<string, RoleDocument>;
}
export interface Meta {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}
export interface MetaDocument extends Document {
  meta: Record<string, Meta>;
}
export interface Entry {
  length: number;
  hashes: Record<string, string>;
  custom?: unknown;
}
export interface DelegatedDocument extends RoleDocument {
  name: string;
  terminating: boolean;
  paths?: string[];
  path_hash_prefixes?: string[];
}
export interface TargetsDocument extends Document {
  targets: Record<string, Entry>;
  delegations?: {
    keys: Record<string, KeyDocument>;
    roles?: DelegatedDocument[];
    succinct_roles?: RoleDocument & { bit_length: number; name_prefix: string };
  };
}

export interface Delegation {
  readonly from?: string;
  readonly paths?: string[];
  readonly prefixes?: string[];
  readonly terminating?: boolean;
  readonly key?: SimKey;
}

export type Answer = Uint8Array | undefined;

/** When this suite plays; every document of a new repository is good for 30 days from here. */
export const START_MS = Date.parse("2026-06-01T12:00:00Z");
export const DAY_MS = 86_400_000;
export const SPEC_VERSION = "1.0.31";

export function timeAfter(days: number): string {
  return new Date(START_MS + days * DAY_MS).toISOString().replace(/\.\d{3}Z$/, "Z");
}

export function digest(bytes: Uint8Array, algorithm = "sha256"): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

export class Repository {
  readonly root: RootDocument;
  readonly timestamp: MetaDocument;
  readonly snapshot: MetaDocument;
  /** Targets roles by name, `targets` included. */
  readonly roles = new Map<string, TargetsDocument>();
  readonly signers = new Map<string, SimKey[]>();
  /** What is served under metadata/, by file name as it stands in the URL. */
  readonly files = new Map<string, Uint8Array>();
  /** What is served under targets/, by path. */
  readonly artifacts = new Map<string, Uint8Array>();
  /** Whether snapshot and timestamp name lengths and hashes. */
  namesHashes = false;
  readonly #published = new Set<string>();

  constructor() {
    const common = { spec_version: SPEC_VERSION, version: 1, expires: timeAfter(30) };
    this.root = { _type: "root", ...common, consistent_snapshot: true, keys: {}, roles: {} };
    this.timestamp = { _type: "timestamp", ...common, meta: { "snapshot.json": { version: 1 } } };
    this.snapshot = { _type: "snapshot", ...common, meta: {} };
    this.roles.set("targets", newTargets());
    for (const role of ["root", "timestamp", "snapshot", "targets"]) this.setKeys(role, [ed25519Key()]);
    this.publish("root", "targets", "snapshot", "timestamp");
  }

  targets(role = "targets"): TargetsDocument {
    const found = this.roles.get(role);
    assert(found !== undefined, `the simulated repository has a role ${role}`);
    return found;
  }

  get pinned(): Uint8Array {
    return this.file("1.root.json");
  }

  file(name: string): Uint8Array {
    const bytes = this.files.get(name);
    assert(bytes !== undefined, `the simulated repository serves ${name}`);
    return bytes;
  }

  /** Who may sign a top-level role, and who does (all of them unless said otherwise). */
  setKeys(role: string, keys: readonly SimKey[], threshold = 1, signers: readonly SimKey[] = keys): void {
    for (const key of keys) this.root.keys[key.id] = key.document;
    this.root.roles[role] = { keyids: keys.map((key) => key.id), threshold };
    this.signers.set(role, [...signers]);
  }

  addKey(role: string, key: SimKey = ed25519Key()): SimKey {
    this.root.keys[key.id] = key.document;
    this.root.roles[role]?.keyids.push(key.id);
    this.signers.get(role)?.push(key);
    return key;
  }

  /** One version on (but for a role's first), signed, served and named by what names it. */
  publish(...roles: readonly string[]): void {
    for (const role of roles) {
      const document = this.#document(role);
      if (this.#published.has(role)) document.version += 1;
      this.#published.add(role);
      this.serve(role, document.version, this.sign(document, this.signers.get(role) ?? []));
    }
  }

  /** Serves bytes as a role's file and lets snapshot or timestamp name it, unsigned yet. */
  serve(role: string, version: number, bytes: Uint8Array): void {
    const name = encodeURIComponent(role);
    const isVersioned = role !== "timestamp" && (this.root.consistent_snapshot || role === "root");
    this.files.set(isVersioned ? `${version}.${name}.json` : `${name}.json`, bytes);
    if (role === "root" || role === "timestamp") return;
    const meta = this.#meta(version, bytes);
    if (role === "snapshot") this.timestamp.meta["snapshot.json"] = meta;
    else this.snapshot.meta[`${role}.json`] = meta;
  }

  sign(document: object, keys: readonly SimKey[]): Uint8Array {
    const message = utf8(canonical(document));
    const signatures = keys.map((key) => ({ keyid: key.id, sig: key.sign(message) }));
    return utf8(JSON.stringify({ signatures, signed: document }));
  }

  addTarget(path: string, bytes: Uint8Array, role = "targets", algorithms: readonly string[] = ["sha256"]): Entry {
    const hashes = Object.fromEntries(algorithms.map((one) => [one, digest(bytes, one)]));
    const entry = { length: bytes.byteLength, hashes };
    this.targets(role).targets[path] = entry;
    this.serveTarget(path, bytes, Object.values(hashes));
    return entry;
  }

  /** Puts a target's bytes where clients look: under each of its hashes, or under its path. */
  serveTarget(path: string, bytes: Uint8Array, hashes: readonly string[]): void {
    const cut = path.lastIndexOf("/") + 1;
    const names = hashes.map((hash) => `${path.slice(0, cut)}${hash}.${path.slice(cut)}`);
    for (const name of this.root.consistent_snapshot ? names : [path]) this.artifacts.set(name, bytes);
  }

  /** A delegation, with a new key and an empty role unless the role exists. Nothing is published. */
  delegate(name: string, options: Delegation = {}): SimKey {
    const { from = "targets", key = ed25519Key(), prefixes, terminating = false } = options;
    const delegator = this.targets(from);
    delegator.delegations ??= { keys: {}, roles: [] };
    const { delegations } = delegator;
    delegations.keys[key.id] = key.document;
    const paths = prefixes === undefined ? { paths: options.paths ?? ["*"] } : { path_hash_prefixes: prefixes };
    delegations.roles?.push({ name, keyids: [key.id], threshold: 1, terminating, ...paths });
    this.#newRole(name, key);
    return key;
  }

  /** TAP 15: all bins of a role with one key. Answers their names. */
  delegateToBins(bitLength: number, prefix: string): readonly string[] {
    const key = ed25519Key();
    const succinct = { keyids: [key.id], threshold: 1, bit_length: bitLength, name_prefix: prefix };
    this.targets().delegations = { keys: { [key.id]: key.document }, succinct_roles: succinct };
    const width = (2 ** bitLength - 1).toString(16).length;
    const names = Array.from({ length: 2 ** bitLength }, (_, n) => `${prefix}-${n.toString(16).padStart(width, "0")}`);
    for (const name of names) this.#newRole(name, key);
    return names;
  }

  #newRole(name: string, key: SimKey): void {
    if (!this.roles.has(name)) this.roles.set(name, newTargets());
    const signers = this.signers.get(name) ?? [];
    this.signers.set(name, [...signers, key]);
  }

  #document(role: string): Document {
    if (role === "root") return this.root;
    if (role === "timestamp") return this.timestamp;
    return role === "snapshot" ? this.snapshot : this.targets(role);
  }

  #meta(version: number, bytes: Uint8Array): Meta {
    if (!this.namesHashes) return { version };
    return { version, length: bytes.byteLength, hashes: { sha256: digest(bytes) } };
  }
}

/** Canonical JSON as TUF means it (4.1): like ours, but in texts only quotes and backslashes are escaped. */
function canonical(value: unknown): string {
  if (typeof value === "string") return `"${value.replace(/[\\"]/g, "\\$&")}"`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, one]) => `${canonical(name)}:${canonical(one)}`).join(",")}}`;
}

export function newTargets(): TargetsDocument {
  return { _type: "targets", spec_version: SPEC_VERSION, version: 1, expires: timeAfter(30), targets: {} };
}

/** The bytes of a served file with something changed after it was signed, or before: `change` sees both halves. */
export function edited(
  bytes: Uint8Array,
  change: (file: { signed: Record<string, unknown>; signatures: { keyid: string; sig: string }[] }) => void,
): Uint8Array {
  const file = JSON.parse(Buffer.from(bytes).toString("utf8"));
  change(file);
  return utf8(JSON.stringify(file));
}
