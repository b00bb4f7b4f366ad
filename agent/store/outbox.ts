/**
 * Store and forward: what was promised to be sent and has not been acknowledged by the broker. Bounded in rows and
 * bytes. A row is deleted on PUBACK only. When it is full a new row may displace rows of lower priority, oldest first;
 * otherwise it is refused and the caller is told.
 */
import type { Db } from "./db.ts";

export interface OutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

export interface NewRow {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** 0 to 9; the agent's own reports are 9, telemetry 5, logs 1. */
  readonly priority: number;
}

export interface OutboxLimits {
  readonly rows: number;
  readonly bytes: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { rows: 50_000, bytes: 32 * 1024 * 1024 };

export interface Outbox {
  /** False when full. Call inside a transaction where the answer is a promise to somebody. */
  append(row: NewRow): boolean;
  /** Rows after `after` in the order they were promised. */
  next(after: number, limit: number): readonly OutboxRow[];
  /** Returns how many rows went: 1, or 0 when it was gone already. */
  acked(id: number): number;
  readonly rows: number;
  readonly bytes: number;
}

export function createOutbox(db: Db, limits: OutboxLimits = OUTBOX_LIMITS): Outbox {
  const insert = db.prepare("INSERT INTO outbox (topic, payload, retain, priority) VALUES (?, ?, ?, ?)");
  const next = db.prepare<[number, number], { id: number; topic: string; payload: Buffer; retain: number }>(
    "SELECT id, topic, payload, retain FROM outbox WHERE id > ? ORDER BY id LIMIT ?",
  );
  const remove = db.prepare<[number], { size: number }>(
    "DELETE FROM outbox WHERE id = ? RETURNING length(payload) AS size",
  );
  const lower = db.prepare<[number], { id: number }>(
    "SELECT id FROM outbox WHERE priority < ? ORDER BY priority, id LIMIT 1",
  );
  const measure = db.prepare<[], { rows: number; bytes: number | null }>(
    "SELECT count(*) AS rows, sum(length(payload)) AS bytes FROM outbox",
  );
  // Kept beside the table, because counting it for every message would read all of it.
  const found = measure.get();
  let rows = found?.rows ?? 0;
  let bytes = found?.bytes ?? 0;

  const drop = (id: number): number => {
    const gone = remove.get(id);
    if (gone === undefined) return 0;
    rows -= 1;
    bytes -= gone.size;
    return 1;
  };
  return {
    append(row) {
      const size = row.payload.byteLength;
      while (rows + 1 > limits.rows || bytes + size > limits.bytes) {
        const victim = lower.get(row.priority);
        if (victim === undefined) return false;
        drop(victim.id);
      }
      insert.run(row.topic, row.payload, row.retain ? 1 : 0, row.priority);
      rows += 1;
      bytes += size;
      return true;
    },
    next: (after, limit) =>
      next.all(after, limit).map(({ id, topic, payload, retain }) => ({ id, topic, payload, retain: retain === 1 })),
    acked: drop,
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
  };
}
