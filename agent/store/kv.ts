/**
 * Key-value state of the modules, and the copy that stands behind a release in probation. The copy is a table of its
 * own; restoring it is one transaction, so state is either as the candidate left it or as its predecessor did.
 */
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Db } from "./db.ts";

export interface KvStore {
  get(module: ModuleName, key: string): Uint8Array | undefined;
  /** False when keys and values together would exceed `limitBytes`; nothing is changed then. */
  set(module: ModuleName, key: string, value: Uint8Array, limitBytes: number): boolean;
  delete(module: ModuleName, key: string): boolean;
  snapshot(module: ModuleName): void;
  /** Puts the copy back and drops it. Without a copy nothing happens: there was nothing to go back to. */
  restoreSnapshot(module: ModuleName): void;
  dropSnapshot(module: ModuleName): void;
  clear(module: ModuleName): void;
}

export function createKvStore(db: Db): KvStore {
  const get = db.prepare<[string, string], { value: Buffer }>("SELECT value FROM kv WHERE module = ? AND key = ?");
  const used = db.prepare<[string, string], { bytes: number | null }>(
    "SELECT sum(length(CAST(key AS BLOB)) + length(value)) AS bytes FROM kv WHERE module = ? AND key <> ?",
  );
  const set = db.prepare(
    "INSERT INTO kv (module, key, value) VALUES (?, ?, ?) ON CONFLICT (module, key) DO UPDATE SET value = excluded.value",
  );
  const remove = db.prepare("DELETE FROM kv WHERE module = ? AND key = ?");
  const clear = db.prepare("DELETE FROM kv WHERE module = ?");
  const copied = db.prepare<[string], { module: string }>("SELECT module FROM kv_copied WHERE module = ?");
  const markCopied = db.prepare("INSERT OR REPLACE INTO kv_copied (module) VALUES (?)");
  const unmarkCopied = db.prepare("DELETE FROM kv_copied WHERE module = ?");
  const clearCopy = db.prepare("DELETE FROM kv_copy WHERE module = ?");
  const copy = db.prepare("INSERT INTO kv_copy SELECT module, key, value FROM kv WHERE module = ?");
  const restore = db.prepare("INSERT INTO kv SELECT module, key, value FROM kv_copy WHERE module = ?");

  const dropSnapshot = (module: ModuleName) => {
    clearCopy.run(module);
    unmarkCopied.run(module);
  };
  return {
    get: (module, key) => {
      const row = get.get(module, key);
      return row === undefined ? undefined : new Uint8Array(row.value);
    },
    set(module, key, value, limitBytes) {
      const others = used.get(module, key)?.bytes ?? 0;
      if (others + Buffer.byteLength(key) + value.byteLength > limitBytes) return false;
      set.run(module, key, value);
      return true;
    },
    delete: (module, key) => remove.run(module, key).changes > 0,
    snapshot(module) {
      dropSnapshot(module);
      copy.run(module);
      markCopied.run(module);
    },
    restoreSnapshot(module) {
      if (copied.get(module) === undefined) return;
      clear.run(module);
      restore.run(module);
      dropSnapshot(module);
    },
    dropSnapshot,
    clear: (module) => void clear.run(module),
  };
}
