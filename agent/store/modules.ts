/** The inventory table: what is committed, what is in probation, what failed. Releases are rows of checked JSON. */

import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { FailedRelease, ModuleRecord, ModuleStore, Release } from "../flow/inventory.ts";
import type { Db } from "./db.ts";

interface Row {
  readonly name: ModuleName;
  readonly committed: string | null;
  readonly candidate: string | null;
}

/** How many failed releases of one module are remembered; the oldest is forgotten. */
const FAILED_MAX = 16;

export function createModuleStore(db: Db): ModuleStore {
  const all = db.prepare<[], Row>("SELECT name, committed, candidate FROM module ORDER BY name");
  const one = db.prepare<[string], Row>("SELECT name, committed, candidate FROM module WHERE name = ?");
  const failures = db.prepare<[string], FailedRelease>(
    "SELECT version, sha256 AS moduleSha256, manifest AS manifestSha256, code, reason FROM failed WHERE module = ? ORDER BY id",
  );
  const setCandidate = db.prepare(
    "INSERT INTO module (name, candidate) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET candidate = excluded.candidate",
  );
  const setCommitted = db.prepare(
    "INSERT INTO module (name, committed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET committed = excluded.committed",
  );
  const clearCandidate = db.prepare("UPDATE module SET candidate = NULL WHERE name = ?");
  const attempt = db.prepare<[string], { count: number }>(
    "INSERT INTO attempt (sha256, count) VALUES (?, 1) ON CONFLICT (sha256) DO UPDATE SET count = count + 1 RETURNING count",
  );
  const oneLess = db.prepare("UPDATE attempt SET count = count - 1 WHERE sha256 = ? AND count > 0");
  const attempts = db.prepare<[string], { count: number }>("SELECT count FROM attempt WHERE sha256 = ?");
  const forgetAttempts = db.prepare("DELETE FROM attempt WHERE sha256 = ?");
  const addFailed = db.prepare(
    "INSERT INTO failed (module, version, sha256, manifest, code, reason) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const trimFailed = db.prepare(
    "DELETE FROM failed WHERE module = ? AND id NOT IN (SELECT id FROM failed WHERE module = ? ORDER BY id DESC LIMIT ?)",
  );
  const clearFailed = db.prepare("DELETE FROM failed WHERE module = ?");
  const remove = db.prepare("DELETE FROM module WHERE name = ?");

  const record = (row: Row): ModuleRecord => ({
    name: row.name,
    ...(row.committed === null ? {} : { committed: JSON.parse(row.committed) as Release }),
    ...(row.candidate === null ? {} : { candidate: JSON.parse(row.candidate) as Release }),
    failed: failures.all(row.name),
  });

  return {
    list: () => all.all().map(record),
    get: (name) => {
      const row = one.get(name);
      return row === undefined ? undefined : record(row);
    },
    saveCandidate(release) {
      setCandidate.run(release.name, JSON.stringify(release));
      return attempt.get(release.moduleSha256)?.count ?? 1;
    },
    forgetAttempt: (release) => void oneLess.run(release.moduleSha256),
    updateCandidate: (release) => void setCandidate.run(release.name, JSON.stringify(release)),
    clearCandidate: (name) => void clearCandidate.run(name),
    saveCommitted(release) {
      setCommitted.run(release.name, JSON.stringify(release));
      forgetAttempts.run(release.moduleSha256);
    },
    addFailed(name, failed) {
      const { version, moduleSha256, manifestSha256, code, reason } = failed;
      addFailed.run(name, version, moduleSha256, manifestSha256, code, reason);
      trimFailed.run(name, name, FAILED_MAX);
      forgetAttempts.run(failed.moduleSha256);
    },
    clearFailed: (name) => void clearFailed.run(name),
    remove(name) {
      remove.run(name);
      clearFailed.run(name);
    },
    attempts: (release) => attempts.get(release.moduleSha256)?.count ?? 0,
  };
}
