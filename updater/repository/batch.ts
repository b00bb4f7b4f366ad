/**
 * Publications on their way to the disk. One alone is written file by file; many go in batches, first all that nothing
 * names yet, then the timestamps: what a disk takes together costs a fraction of what it takes one after the other.
 * Wherever that is cut off, every tree has its old timestamp or its new one, and what either names.
 */
import type { Write } from "./metadata.ts";
import type { Workshop } from "./workshop.ts";

export interface Publication {
  /** In order; nothing names them yet. */
  readonly files: readonly Write[];
  readonly timestamp: Write;
}

export interface Batch {
  /** The publication is durable when `finish` resolves, or before. */
  add(one: Publication): Promise<void>;
  finish(): Promise<void>;
}

/** `size`: publications that are written together. */
export function openBatch(shop: Pick<Workshop, "disk" | "stillLocked">, size: number): Batch {
  let waiting: Publication[] = [];
  const write = async (writes: readonly Write[]) => {
    if (writes.length > 1 && shop.disk.writeAll !== undefined && size > 1) return await shop.disk.writeAll(writes);
    for (const { path, bytes } of writes) shop.disk.write(path, bytes);
  };
  async function finish(): Promise<void> {
    const now = waiting;
    waiting = [];
    if (now.length === 0) return;
    shop.stillLocked();
    await write(now.flatMap(({ files }) => files));
    shop.stillLocked();
    await write(now.map(({ timestamp }) => timestamp));
  }
  return {
    async add(one) {
      waiting.push(one);
      if (waiting.length >= size) await finish();
    },
    finish,
  };
}
