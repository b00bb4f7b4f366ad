/**
 * What narrows authority and must never be forgotten: revocations, and the highest sequence number taken from each
 * operator key. A revocation ends only when director metadata names its id.
 */
import type { CapabilityId } from "../../runtime/kernel/authority/capability.ts";
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Db } from "./db.ts";

export interface Revocation {
  readonly id: string;
  readonly module: ModuleName;
  readonly capability: CapabilityId | "*";
  /** Key id of the operator. */
  readonly by: string;
  readonly at: number;
  readonly reason: string;
}

export interface Revocations {
  add(revocation: Revocation): void;
  /** Capability (or `*`) → id of the revocation that took it. */
  active(module: ModuleName): ReadonlyMap<CapabilityId, string>;
  lift(module: ModuleName, ids: readonly string[], rev: number): void;
}

export function createRevocations(db: Db): Revocations {
  const add = db.prepare(
    "INSERT OR IGNORE INTO revocation (id, module, capability, by, at, reason) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const active = db.prepare<[string], { capability: string; id: string }>(
    "SELECT capability, id FROM revocation WHERE module = ? AND lifted_by_rev IS NULL ORDER BY at",
  );
  const lift = db.prepare(
    "UPDATE revocation SET lifted_by_rev = ? WHERE id = ? AND module = ? AND lifted_by_rev IS NULL",
  );
  return {
    add: (one) => void add.run(one.id, one.module, one.capability, one.by, one.at, one.reason),
    active: (module) => new Map(active.all(module).map((row) => [row.capability, row.id])),
    lift(module, ids, rev) {
      for (const id of ids) lift.run(rev, id, module);
    },
  };
}

export interface Sequences {
  /** The highest number taken from this key; 0 before the first. */
  last(keyId: string): number;
  accept(keyId: string, seq: number): void;
}

export function createSequences(db: Db): Sequences {
  const last = db.prepare<[string], { seq: number }>("SELECT seq FROM sequence WHERE key_id = ?");
  const accept = db.prepare(
    "INSERT INTO sequence (key_id, seq) VALUES (?, ?) ON CONFLICT (key_id) DO UPDATE SET seq = max(seq, excluded.seq)",
  );
  return { last: (keyId) => last.get(keyId)?.seq ?? 0, accept: (keyId, seq) => void accept.run(keyId, seq) };
}
