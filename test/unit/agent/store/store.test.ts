/** The agent's memory: what must not be forgotten, what must not be half done, and what is bounded. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openMemory } from "../../../../agent/memory.ts";
import { type Db, isDiskTrouble, openDb } from "../../../../agent/store/db.ts";
import { createJobs } from "../../../../agent/store/facts.ts";
import { createGroupCommit } from "../../../../agent/store/group-commit.ts";
import { createKvStore } from "../../../../agent/store/kv.ts";
import { createOutbox } from "../../../../agent/store/outbox.ts";
import { moduleName } from "../../../../runtime/kernel/brand.ts";
import { fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { nodeClock } from "../../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";

let folder = "";
let db: Db;
const path = () => join(folder, "state.db");
const a = unwrap(parseShape(moduleName, "a", "module"));
const b = unwrap(parseShape(moduleName, "b", "module"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-"));
  db = openDb(path());
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the database", () => {
  it("tells a full disk from a mistake of ours, and keeps what was there", () => {
    const outbox = createOutbox(db);
    outbox.append({ topic: "up/ev/x", payload: utf8("{}"), retain: false, priority: 1 });
    db.pragma(`max_page_count = ${Number(db.pragma("page_count", { simple: true }))}`);
    const fill = () => {
      for (let n = 0; n < 1000; n += 1)
        outbox.append({ topic: "up/ev/x", payload: new Uint8Array(4000), retain: false, priority: 1 });
    };
    let thrown: unknown;
    try {
      fill();
    } catch (error) {
      thrown = error;
    }
    expect(isDiskTrouble(thrown)).toBe(true);
    expect(isDiskTrouble(new TypeError("ours"))).toBe(false);
    expect(db.prepare("SELECT count(*) AS n FROM outbox WHERE payload = CAST('{}' AS BLOB)").get()).toEqual({ n: 1 });
  });

  it("says STATE_CORRUPT for a damaged file and leaves it alone", () => {
    const broken = join(folder, "broken.db");
    writeFileSync(broken, "this is not a database, and long enough to look like one".repeat(100));
    expect(() => openDb(broken)).toThrow(expect.objectContaining({ code: "STATE_CORRUPT" }));
  });

  it("refuses a schema newer than it knows", () => {
    db.pragma("user_version = 999");
    db.close();
    expect(() => openDb(path())).toThrow(expect.objectContaining({ code: "STATE_NEWER" }));
    db = openDb(join(folder, "other.db"));
  });

  it("keeps a second agent off the same board", () => {
    db.exec("CREATE TABLE x (y)");
    expect(() => openDb(path())).toThrow(expect.objectContaining({ code: "STATE_OPEN" }));
  }, 20_000);
});

describe("key-value state", () => {
  const text = (module: typeof a, key: string) => {
    const value = createKvStore(db).get(module, key);
    return value === undefined ? undefined : fromUtf8(value);
  };

  it("comes back as it was when a copy is restored, additions and deletions included", () => {
    const kv = createKvStore(db);
    kv.set(a, "kept", utf8("1"), 100);
    kv.set(a, "gone", utf8("2"), 100);
    kv.set(b, "kept", utf8("other"), 100);
    kv.snapshot(a);
    kv.set(a, "kept", utf8("spoiled"), 100);
    kv.set(a, "new", utf8("3"), 100);
    kv.delete(a, "gone");
    kv.set(b, "kept", utf8("newer"), 100);
    kv.restoreSnapshot(a);
    expect([text(a, "kept"), text(a, "gone"), text(a, "new"), text(b, "kept")]).toEqual(["1", "2", undefined, "newer"]);
  });

  it("is not emptied by restoring where no copy was taken, and a dropped copy stays dropped", () => {
    const kv = createKvStore(db);
    kv.set(a, "k", utf8("1"), 100);
    kv.restoreSnapshot(a);
    expect(text(a, "k")).toBe("1");
    kv.snapshot(a);
    kv.dropSnapshot(a);
    kv.set(a, "k", utf8("2"), 100);
    kv.restoreSnapshot(a);
    expect(text(a, "k")).toBe("2");
  });

  it("counts keys and values against the quota and changes nothing when that is used up", () => {
    const kv = createKvStore(db);
    expect(kv.set(a, "key", utf8("1234567"), 10)).toBe(true);
    expect(kv.set(a, "k", utf8(""), 10)).toBe(false);
    expect(kv.set(a, "key", utf8("12345678"), 10)).toBe(false);
    expect(text(a, "key")).toBe("1234567");
    expect(kv.set(b, "key", utf8("1234567"), 10)).toBe(true);
  });
});

describe("the outbox", () => {
  const row = (topic: string, priority = 5) => ({ topic, payload: utf8("x"), retain: false, priority });

  it("gives rows in the order they were promised and forgets one only when it is acknowledged", () => {
    const outbox = createOutbox(db);
    for (const topic of ["1", "2", "3"]) outbox.append(row(topic));
    const [first, second] = outbox.next(0, 2);
    expect([first?.topic, second?.topic]).toEqual(["1", "2"]);
    outbox.acked(first?.id ?? 0);
    expect(
      createOutbox(db)
        .next(0, 10)
        .map((one) => one.topic),
    ).toEqual(["2", "3"]);
  });

  it("is bounded: a full one refuses, and gives way only to what matters more", () => {
    const outbox = createOutbox(db, { rows: 2, bytes: 1000 });
    expect([outbox.append(row("log", 1)), outbox.append(row("telemetry"))]).toEqual([true, true]);
    expect(outbox.append(row("log again", 1))).toBe(false);
    expect(outbox.append(row("report", 9))).toBe(true);
    expect(outbox.next(0, 10).map((one) => one.topic)).toEqual(["telemetry", "report"]);
    const small = createOutbox(db, { rows: 100, bytes: 2 });
    expect(small.append(row("too much"))).toBe(false);
  });
});

describe("the outbox's bounds", () => {
  const row = (topic: string, bytes: number, over = {}) => ({
    topic,
    payload: new Uint8Array(bytes),
    retain: false,
    priority: 5,
    ...over,
  });
  const topicsIn = () =>
    createOutbox(db)
      .next(0, 1000)
      .map((one) => one.topic);

  it("drops nothing for a row that would not fit even then", () => {
    const outbox = createOutbox(db, { rows: 100, bytes: 1000 });
    outbox.append(row("kept", 700, { priority: 9 }));
    outbox.append(row("promised", 100));
    expect(outbox.append(row("report", 400, { priority: 9 }))).toBe(false);
    expect(topicsIn()).toEqual(["kept", "promised"]);
  });

  it("are not used up by rows that were rolled back", () => {
    const outbox = createOutbox(db, { rows: 1, bytes: 1000 });
    const rolledBack = db.transaction(() => {
      outbox.append(row("t", 10));
      throw new Error("no");
    });
    expect(rolledBack).toThrow("no");
    expect([outbox.rows, outbox.bytes, outbox.append(row("t", 10))]).toEqual([0, 0, true]);
  });

  it("are not used up by a retained report said again and again while the board is away", () => {
    const outbox = createOutbox(db, { rows: 100, bytes: 100_000 });
    for (let n = 0; n < 20; n += 1) outbox.append(row(`telemetry ${n}`, 1));
    for (let n = 0; n < 1000; n += 1)
      expect(outbox.append(row("grants", 100, { retain: true, priority: 9 }))).toBe(true);
    expect(topicsIn().filter((one) => one.startsWith("telemetry"))).toHaveLength(20);
    expect(outbox.rows).toBeLessThan(100);
  });
});

describe("jobs", () => {
  it("get revisions that rise however many jobs there were before", () => {
    const jobs = createJobs(db);
    for (let n = 0; n < 600; n += 1) {
      expect(jobs.move(`m-1.0.${n}`, "received", undefined, undefined)).toBe(1);
      expect(jobs.move(`m-1.0.${n}`, "succeeded", undefined, undefined)).toBe(2);
      expect(jobs.move(`m-1.0.${n}`, "succeeded", undefined, undefined)).toBeUndefined();
    }
    expect(jobs.move("m-1.0.599", "failed", undefined, undefined)).toBe(3);
  });
});

describe("a group commit", () => {
  it("has done exactly what it reports as done when the disk is full", async () => {
    const group = createGroupCommit(db, nodeClock);
    const kv = createKvStore(db);
    db.pragma(`max_page_count = ${Number(db.pragma("page_count", { simple: true })) + 2}`);
    const pieces = [10, 60_000, 10].map((bytes, at) =>
      group.submit(() => (kv.set(a, `key ${at}`, new Uint8Array(bytes), 100_000) ? 0 : -1)),
    );
    const told = (await Promise.allSettled(pieces)).map((one) => one.status === "fulfilled");
    expect(told).toContain(false);
    expect([0, 1, 2].map((at) => kv.get(a, `key ${at}`) !== undefined)).toEqual(told);
    expect(await group.submit(() => (kv.set(a, "small", utf8("1"), 100) ? 0 : -1))).toBe(0);
  });

  it("answers after the rows are durable, and one failing piece takes no other with it", async () => {
    const group = createGroupCommit(db, nodeClock);
    const kv = createKvStore(db);
    const good = group.submit(() => (kv.set(a, "good", utf8("1"), 100) ? 0 : -1));
    const bad = group.submit(() => {
      kv.set(a, "bad", utf8("1"), 100);
      throw new Error("no");
    });
    await expect(bad).rejects.toThrow("no");
    expect(await good).toBe(0);
    expect(db.inTransaction).toBe(false);
    expect([kv.get(a, "good") === undefined, kv.get(a, "bad")]).toEqual([false, undefined]);
  });
});

describe("what narrows authority", () => {
  it("survives a restart: revocations, sequence numbers, floors, the policy seen", () => {
    const file = join(folder, "memory.db");
    const before = openMemory(file, nodeClock, 0);
    before.revocations.add({ id: "r1", module: a, capability: "gpio:fan", by: "key", at: 1, reason: "" });
    before.sequences.accept("key", 7);
    before.sequences.accept("key", 3);
    before.close();
    const after = openMemory(file, nodeClock, 0);
    expect([...after.revocations.active(a)]).toEqual([["gpio:fan", "r1"]]);
    expect([after.sequences.last("key"), after.sequences.last("other")]).toEqual([7, 0]);
    after.close();
  });

  it("is lifted by its own id and module only", () => {
    const memory = openMemory(join(folder, "memory.db"), nodeClock, 0);
    memory.revocations.add({ id: "r1", module: a, capability: "*", by: "key", at: 1, reason: "" });
    memory.revocations.lift(a, ["r2", "*"], 4);
    memory.revocations.lift(b, ["r1"], 4);
    expect(memory.revocations.active(a).size).toBe(1);
    memory.revocations.lift(a, ["r1"], 5);
    expect(memory.revocations.active(a).size).toBe(0);
    memory.close();
  });

  it("never believes a time before the floor, which signed times raise although the clock is behind them", () => {
    const clock = { ...nodeClock, now: () => 1000 };
    const open = () => openMemory(join(folder, "memory.db"), clock, 5000);
    const memory = open();
    expect(memory.trustedNow()).toBe(5000);
    memory.reconcileMemory.raiseTimeFloor([9_000_000, 8_000_000]);
    expect(memory.trustedNow()).toBe(9_000_000);
    memory.reconcileMemory.raiseTimeFloor([7_000_000]);
    memory.close();
    const again = open();
    expect(again.timeFloor()).toBe(9_000_000);
    again.close();
  });
});
