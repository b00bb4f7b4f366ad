/** The store of downloads: what is interrupted is continued, what is damaged is fetched again, what is pinned stays. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { attempt } from "../../../runtime/kernel/result.ts";
import { type Blobs, openBlobs } from "../../../updater/client/blobs.ts";
import { type FetchInput, fetchTarget } from "../../../updater/client/fetch-target.ts";
import { defaultLimits, type Sink, type Source } from "../../../updater/client/source.ts";
import type { Target } from "../../../updater/client/view.ts";
import { deltaPath, makeDelta } from "../../../updater/delta.ts";
import { fault as updateFault } from "../../../updater/faults.ts";
import { hashedPath } from "../../../updater/layout.ts";
import { codeOf } from "./site.ts";

const OLD = Uint8Array.from({ length: 5000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255);
const NEW = Uint8Array.from(OLD, (byte, at) => (at === 2500 ? byte ^ 255 : byte));

function targetOf(bytes: Uint8Array, custom: unknown = undefined): Target {
  return { path: "modules/a/b", length: bytes.byteLength, sha256: sha256(bytes), custom, repository: "image" };
}

const placeOf = (target: Target) => hashedPath(target.path, target.sha256);

/** A source over files in memory that continues where the sink is, breaks off where it is told, and counts. */
function sourceOf(files: Readonly<Record<string, Uint8Array>>) {
  const state = { breakAfter: Number.POSITIVE_INFINITY, sent: 0, asked: [] as string[] };
  const source: Source = {
    metadata: () => Promise.resolve(undefined),
    async target(path: string, length: number, sink: Sink) {
      const bytes = files[path];
      state.asked.push(`${path} from ${sink.received()}`);
      if (bytes === undefined) throw updateFault("UPDATE_HTTP_STATUS", { url: path, status: 404 });
      const part = bytes.subarray(sink.received(), Math.min(length, sink.received() + state.breakAfter));
      for (let at = 0; at < part.byteLength; at += 700) {
        sink.append(part.subarray(at, at + 700));
      }
      state.sent += part.byteLength;
      if (sink.received() < length) throw updateFault("UPDATE_NETWORK", { url: path, reason: "broke off" });
    },
    close: () => undefined,
  };
  return { source, state };
}

function makeStore(bytesMax = 1_000_000) {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const open = () => openBlobs(folder, bytesMax);
  return { folder, open, staged: () => readdirSync(join(folder, "staging")) };
}

const fetch = (target: Target, source: Source, blobs: Blobs, more: Partial<FetchInput> = {}) =>
  attempt(() => fetchTarget(target, { source, blobs, consistentSnapshot: true, limits: defaultLimits, ...more }));

describe("an interrupted download", () => {
  it("is continued where it was, after a restart too, and every byte is asked for once", async () => {
    const target = targetOf(NEW);
    const { source, state } = sourceOf({ [placeOf(target)]: NEW });
    const { open, staged, folder } = makeStore();
    state.breakAfter = 1900;
    expect(codeOf(await fetch(target, source, open()))).toBe("UPDATE_NETWORK");
    expect(codeOf(await fetch(target, source, open()))).toBe("UPDATE_NETWORK");
    expect(await fetch(target, source, open())).toEqual({ ok: true, value: NEW });
    expect(state.asked.map((one) => one.split(" from ")[1])).toEqual(["0", "1900", "3800"]);
    expect(state.sent).toBe(NEW.byteLength);
    expect(staged()).toEqual([]);
    expect(new Uint8Array(readFileSync(join(folder, target.sha256)))).toEqual(NEW);
  });

  it("whose remainder was damaged begins again once, and only that once", async () => {
    const target = targetOf(NEW);
    const { source, state } = sourceOf({ [placeOf(target)]: NEW });
    const { open, folder, staged } = makeStore();
    open();
    for (const remainder of [NEW.slice(1, 4000), new Uint8Array(NEW.byteLength), new Uint8Array(9000)]) {
      writeFileSync(join(folder, "staging", target.sha256), remainder);
      expect(await fetch(target, source, open())).toEqual({ ok: true, value: NEW });
      open().prune(new Set());
    }
    const lying = sourceOf({ [placeOf(target)]: OLD });
    writeFileSync(join(folder, "staging", target.sha256), OLD.slice(0, 100));
    expect(codeOf(await fetch(target, lying.source, open()))).toBe("UPDATE_TARGET_HASH");
    expect(lying.state.asked).toHaveLength(2);
    expect(staged()).toEqual([]);
    expect(state.asked.length).toBeGreaterThan(0);
  });

  it("of an empty target is a download too", async () => {
    const target = targetOf(new Uint8Array());
    const { source } = sourceOf({ [placeOf(target)]: new Uint8Array() });
    expect(await fetch(target, source, makeStore().open())).toEqual({ ok: true, value: new Uint8Array() });
  });
});

describe("a store that is nearly full", () => {
  it("does not take away what another download is writing, and has its place reserved", async () => {
    const { open, folder } = makeStore(12_000);
    const blobs = open();
    const first = blobs.stage(sha256(OLD), OLD.byteLength);
    first.append(OLD.subarray(0, 3_000));
    const large = new Uint8Array(8_000);
    expect(codeOf(await attempt(async () => blobs.stage(sha256(large), large.byteLength)))).toBe("UPDATE_STORE_FULL");
    first.append(OLD.subarray(3_000));
    expect(first.commit()).toEqual(OLD);
    expect(new Uint8Array(readFileSync(join(folder, sha256(OLD))))).toEqual(OLD);
    // What nobody is writing any more goes first.
    const left = blobs.stage(sha256(NEW), NEW.byteLength);
    left.append(NEW.subarray(0, 4_000));
    left.close();
    blobs.stage(sha256(large.subarray(1_500)), 6_500).discard();
    expect(blobs.usage().bytes).toBe(OLD.byteLength);
  });

  it("heals a damaged blob, which does not count beside what replaces it", async () => {
    const target = targetOf(OLD);
    const { open, folder } = makeStore(OLD.byteLength + 1_000);
    const { source } = sourceOf({ [placeOf(target)]: OLD });
    const blobs = open();
    expect((await fetch(target, source, blobs)).ok).toBe(true);
    blobs.pin(new Set([target.sha256]));
    writeFileSync(join(folder, target.sha256), NEW);
    expect(await fetch(target, source, blobs)).toEqual({ ok: true, value: OLD });
  });
});

describe("a delta", () => {
  const made = makeDelta(OLD, NEW);
  if (made === undefined) throw new Error("a delta was expected to pay");
  const target = targetOf(NEW, { deltas: [made.delta] });
  const deltaAt = deltaPath(target.sha256, made.delta.from);
  const files = { [placeOf(target)]: NEW, [deltaAt]: made.bytes };

  it("is taken when the old bytes are there, and what it makes is stored", async () => {
    const { source, state } = sourceOf(files);
    const blobs = makeStore().open();
    blobs.write(sha256(OLD), OLD);
    expect(await fetch(target, source, blobs)).toEqual({ ok: true, value: NEW });
    expect(state.sent).toBe(made.bytes.byteLength);
    expect(blobs.read(target.sha256, target.length)).toEqual(NEW);
  });

  it("is not asked for without the old bytes, nor where it would take more memory than the board grants", async () => {
    const { source, state } = sourceOf(files);
    const blobs = makeStore().open();
    expect((await fetch(target, source, blobs)).ok).toBe(true);
    blobs.prune(new Set());
    blobs.write(sha256(OLD), OLD);
    const limits = { ...defaultLimits, deltaMemoryBytes: 10_000 };
    expect((await fetch(target, source, blobs, { limits })).ok).toBe(true);
    expect(state.asked.some((one) => one.startsWith("deltas/"))).toBe(false);
  });

  it("that is missing, altered or leads elsewhere costs a notice, and the whole file is fetched", async () => {
    const wrong = makeDelta(
      OLD,
      Uint8Array.from(NEW, (byte, at) => (at === 1 ? byte ^ 1 : byte)),
    );
    if (wrong === undefined) throw new Error("a delta was expected to pay");
    const cases = [
      { target, files: { [placeOf(target)]: NEW }, code: "UPDATE_HTTP_STATUS" },
      { target, files: { ...files, [deltaAt]: made.bytes.map((byte) => byte ^ 1) }, code: "UPDATE_DELTA" },
      {
        target: targetOf(NEW, { deltas: [wrong.delta] }),
        files: { ...files, [deltaAt]: wrong.bytes },
        code: "UPDATE_DELTA",
      },
    ];
    for (const one of cases) {
      const notices: Fault[] = [];
      const blobs = makeStore().open();
      blobs.write(sha256(OLD), OLD);
      const onNotice = (why: Fault) => notices.push(why);
      expect(await fetch(one.target, sourceOf(one.files).source, blobs, { onNotice })).toEqual({
        ok: true,
        value: NEW,
      });
      expect(notices.map(({ code }) => code)).toEqual([one.code]);
    }
  });
});

describe("the quota", () => {
  const blob = (seed: number, length = 1000) => {
    const bytes = new Uint8Array(length).fill(seed);
    return { bytes, name: sha256(bytes) };
  };
  const aged = (folder: string, name: string, seconds: number) => utimesSync(join(folder, name), seconds, seconds);

  it("is kept by letting go of what is not pinned, oldest first", () => {
    const { open, folder } = makeStore(3500);
    const blobs = open();
    const [one, two, three, four] = [blob(1), blob(2), blob(3), blob(4)];
    blobs.pin(new Set([one.name]));
    for (const [at, { name, bytes }] of [one, two, three].entries()) {
      blobs.write(name, bytes);
      aged(folder, name, 1000 + at);
    }
    blobs.write(four.name, four.bytes);
    const kept = [one, two, three, four].map(({ name }) => blobs.read(name, 1000) !== undefined);
    expect(kept).toEqual([true, false, true, true]);
    expect(blobs.usage()).toEqual({ bytes: 3000, pinned: 1000, max: 3500 });
  });

  it("refuses what does not fit beside the pinned ones, before a byte is fetched", async () => {
    const { open } = makeStore(3500);
    const blobs = open();
    const [one, two] = [blob(1), blob(2)];
    for (const { name, bytes } of [one, two]) blobs.write(name, bytes);
    const large = blob(3, 2000);
    const target = targetOf(large.bytes);
    const { source, state } = sourceOf({ [placeOf(target)]: large.bytes });
    // Before anybody said what is pinned, everything is.
    expect(codeOf(await fetch(target, source, blobs))).toBe("UPDATE_STORE_FULL");
    blobs.pin(new Set([one.name, two.name]));
    expect(codeOf(await fetch(target, source, blobs))).toBe("UPDATE_STORE_FULL");
    expect(state.asked).toEqual([]);
    blobs.pin(new Set([two.name]));
    expect((await fetch(target, source, blobs)).ok).toBe(true);
    expect([one, two].map(({ name }) => blobs.read(name, 1000) !== undefined)).toEqual([false, true]);
  });

  it("counts unfinished downloads, and lets go of those first", () => {
    const { open, folder, staged } = makeStore(3500);
    const blobs = open();
    const one = blob(1);
    blobs.pin(new Set([one.name]));
    const unfinished = blobs.stage(sha256(utf8("unfinished")), 2000);
    unfinished.append(new Uint8Array(1500));
    unfinished.close();
    blobs.write(one.name, one.bytes);
    expect(blobs.usage().bytes).toBe(2500);
    const two = blob(2, 2000);
    blobs.write(two.name, two.bytes);
    expect(staged()).toEqual([]);
    expect(readdirSync(folder)).toContain(one.name);
  });

  it("does not take a damaged blob for the real one", () => {
    const { open, folder } = makeStore();
    const one = blob(1);
    open().write(one.name, one.bytes);
    writeFileSync(
      join(folder, one.name),
      one.bytes.map((byte) => byte ^ 1),
    );
    expect(open().read(one.name, 1000)).toBeUndefined();
  });
});
