/**
 * Opens the agent's database: WAL, synchronous=FULL (what was committed survives a power cut), integrity checked,
 * migrations forward only. `locking_mode=EXCLUSIVE` keeps a second agent off the same board.
 */
import Database from "better-sqlite3";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "./faults.ts";
import { MIGRATIONS } from "./migrations.ts";

export type Db = Database.Database;

export function openDb(path: string): Db {
  let db: Db | undefined;
  try {
    db = new Database(path, { timeout: 5000 });
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    const check = db.pragma("quick_check", { simple: true });
    if (check !== "ok") throw fault("STATE_CORRUPT", { path, reason: String(check) });
    migrate(db, path);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof Fault) throw error;
    const code = error instanceof Database.SqliteError ? error.code : "";
    const damaged = code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB";
    throw fault(damaged ? "STATE_CORRUPT" : "STATE_OPEN", { path, reason: reasonOf(error) }, error);
  }
}

function migrate(db: Db, path: string): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found > MIGRATIONS.length) throw fault("STATE_NEWER", { path, found, known: MIGRATIONS.length });
  for (let at = found; at < MIGRATIONS.length; at += 1) {
    db.transaction(() => {
      db.exec(MIGRATIONS[at] ?? "");
      db.pragma(`user_version = ${at + 1}`);
    })();
  }
}

/** The medium is full, read-only or failing: what was to be written is not, and everything that was there still is. */
export function isDiskTrouble(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN)/.test(error.code);
}
