/** Single remembered values: boot counter, policy seen, time floor, freshness, operators; release floors; jobs; events. */
import type { Db } from "./db.ts";

export interface FactStore {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
}

export function createFacts(db: Db): FactStore {
  const get = db.prepare<[string], { value: string }>("SELECT value FROM fact WHERE name = ?");
  const set = db.prepare(
    "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  return {
    get: (name) => {
      const row = get.get(name);
      return row === undefined ? undefined : JSON.parse(row.value);
    },
    set: (name, value) => void set.run(name, JSON.stringify(value)),
  };
}

export interface Floors {
  /** Highest floor ever seen; 0 for a module never heard of. */
  get(team: string, name: string): number;
  raise(team: string, name: string, floor: number): void;
}

export function createFloors(db: Db): Floors {
  const get = db.prepare<[string, string], { floor: number }>("SELECT floor FROM floor WHERE team = ? AND name = ?");
  const raise = db.prepare(
    "INSERT INTO floor (team, name, floor) VALUES (?, ?, ?) ON CONFLICT (team, name) DO UPDATE SET floor = max(floor, excluded.floor)",
  );
  return { get: (team, name) => get.get(team, name)?.floor ?? 0, raise: (...all) => void raise.run(...all) };
}

export interface Jobs {
  /** Records a change and returns its revision; undefined when nothing changed. */
  move(id: string, state: string, code: string | undefined, reason: string | undefined): number | undefined;
}

/** Jobs remembered; older ones have been reported and are only of interest to the fleet. */
const JOBS_MAX = 500;

export function createJobs(db: Db): Jobs {
  const get = db.prepare<[string], { state: string; code: string | null; reason: string | null; rev: number }>(
    "SELECT state, code, reason, rev FROM job WHERE id = ?",
  );
  const set = db.prepare(
    `INSERT OR REPLACE INTO job (id, state, code, reason, rev, changed)
     VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(changed), 0) + 1 FROM job))`,
  );
  const trim = db.prepare(
    `DELETE FROM job WHERE id NOT IN (SELECT id FROM job ORDER BY changed DESC LIMIT ${JOBS_MAX})`,
  );
  return {
    move(id, state, code, reason) {
      const old = get.get(id);
      const same = old?.state === state && old.code === (code ?? null) && old.reason === (reason ?? null);
      if (same) return undefined;
      const rev = (old?.rev ?? 0) + 1;
      set.run(id, state, code ?? null, reason ?? null, rev);
      if (rev === 1) trim.run();
      return rev;
    },
  };
}

/** The board's own record of what it reported, bounded. */
const EVENTS_MAX = 5_000;

export function createEvents(db: Db): { keep(t: number, type: string, data: unknown): void } {
  const add = db.prepare("INSERT INTO event (t, type, data) VALUES (?, ?, ?)");
  const trim = db.prepare("DELETE FROM event WHERE id <= ?");
  return {
    keep(t, type, data) {
      const { lastInsertRowid } = add.run(Math.round(t), type, JSON.stringify(data));
      trim.run(Number(lastInsertRowid) - EVENTS_MAX);
    },
  };
}
