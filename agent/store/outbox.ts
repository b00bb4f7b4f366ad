/**
 * Store and forward: what was promised to be sent and has not been acknowledged by the broker. Bounded in rows and
 * bytes. A row is deleted on PUBACK only, with two exceptions: when it is full a new row may displace rows of lower
 * priority, oldest first (otherwise it is refused and the caller is told), and while many rows wait a retained report of
 * the agent's own replaces the one before it, as it would on the broker.
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

/** From so many waiting rows on (a board that is away) a retained report replaces its predecessor on the same topic. */
const REPLACE_FROM_ROWS = 64;
const REPORT_PRIORITY = 9;

interface Size {
  readonly rows: number;
  readonly bytes: number;
}

export function createOutbox(db: Db, limits: OutboxLimits = OUTBOX_LIMITS): Outbox {
  const insert = db.prepare("INSERT INTO outbox (topic, payload, retain, priority) VALUES (?, ?, ?, ?)");
  const next = db.prepare<[number, number], { id: number; topic: string; payload: Buffer; retain: number }>(
    "SELECT id, topic, payload, retain FROM outbox WHERE id > ? ORDER BY id LIMIT ?",
  );
  const remove = db.prepare("DELETE FROM outbox WHERE id = ?");
  const replace = db.prepare(`DELETE FROM outbox WHERE topic = ? AND retain = 1 AND priority = ${REPORT_PRIORITY}`);
  const lower = db.prepare<[number], { id: number; size: number }>(
    "SELECT id, length(payload) AS size FROM outbox WHERE priority < ? ORDER BY priority, id",
  );
  const measure = db.prepare<[], Size>("SELECT row_count AS rows, byte_count AS bytes FROM outbox_size");
  const size = (): Size => measure.get() ?? { rows: 0, bytes: 0 };

  /** The rows that must go for this one to fit; undefined when all that may go are not enough: then none goes. */
  function victims(row: NewRow): readonly number[] | undefined {
    let { rows, bytes } = size();
    const ids: number[] = [];
    const fits = () => rows + 1 <= limits.rows && bytes + row.payload.byteLength <= limits.bytes;
    if (fits()) return ids;
    for (const one of lower.iterate(row.priority)) {
      ids.push(one.id);
      rows -= 1;
      bytes -= one.size;
      if (fits()) return ids;
    }
    return undefined;
  }

  return {
    append(row) {
      // Counters said every half minute would otherwise crowd out, within days, what modules were promised.
      const reports = row.retain && row.priority === REPORT_PRIORITY;
      if (reports && size().rows >= REPLACE_FROM_ROWS) replace.run(row.topic);
      const going = victims(row);
      if (going === undefined) return false;
      for (const id of going) remove.run(id);
      insert.run(row.topic, row.payload, row.retain ? 1 : 0, row.priority);
      return true;
    },
    next: (after, limit) =>
      next.all(after, limit).map(({ id, topic, payload, retain }) => ({ id, topic, payload, retain: retain === 1 })),
    acked: (id) => remove.run(id).changes,
    get rows() {
      return size().rows;
    },
    get bytes() {
      return size().bytes;
    },
  };
}
