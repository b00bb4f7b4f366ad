/** The schema's history. The n-th entry leads from version n to n + 1; entries are never changed, only added. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE module (
    name TEXT PRIMARY KEY,
    committed TEXT,          -- a release as JSON
    candidate TEXT           -- a release as JSON, while in probation
  ) WITHOUT ROWID;
  CREATE TABLE failed (
    id INTEGER PRIMARY KEY, module TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL,
    code TEXT NOT NULL, reason TEXT NOT NULL
  );
  CREATE INDEX failed_module ON failed (module);
  CREATE TABLE attempt (sha256 TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE floor (team TEXT NOT NULL, name TEXT NOT NULL, floor INTEGER NOT NULL, PRIMARY KEY (team, name)) WITHOUT ROWID;

  CREATE TABLE revocation (
    id TEXT PRIMARY KEY, module TEXT NOT NULL, capability TEXT NOT NULL,
    by TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL, lifted_by_rev INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE sequence (key_id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL,
    retain INTEGER NOT NULL, priority INTEGER NOT NULL
  );
  CREATE TABLE kv (module TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (module, key)) WITHOUT ROWID;
  CREATE TABLE kv_copy (module TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (module, key)) WITHOUT ROWID;
  CREATE TABLE kv_copied (module TEXT PRIMARY KEY) WITHOUT ROWID;

  CREATE TABLE job (id TEXT PRIMARY KEY, state TEXT NOT NULL, code TEXT, reason TEXT, rev INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, t INTEGER NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL);
  `,
  `
  ALTER TABLE job ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;   -- order of last changes: which to forget first

  -- The outbox's size, counted inside the transaction that changes it, so that a roll-back takes it back as well.
  CREATE TABLE outbox_size (id INTEGER PRIMARY KEY CHECK (id = 1), row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL);
  INSERT INTO outbox_size SELECT 1, count(*), coalesce(sum(length(payload)), 0) FROM outbox;
  CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
    UPDATE outbox_size SET row_count = row_count + 1, byte_count = byte_count + length(NEW.payload);
  END;
  CREATE TRIGGER outbox_removed AFTER DELETE ON outbox BEGIN
    UPDATE outbox_size SET row_count = row_count - 1, byte_count = byte_count - length(OLD.payload);
  END;
  CREATE INDEX outbox_reports ON outbox (topic) WHERE retain = 1 AND priority = 9;
  `,
  `
  ALTER TABLE failed ADD COLUMN manifest TEXT NOT NULL DEFAULT '';   -- which manifest it failed with; empty: not recorded
  `,
];
