/**
 * The content-addressed store: `blobs/<sha256>`, and under `staging/` what is still on its way (staging.ts). A blob is
 * hashed on every read, so a worn medium or a hand on the disk shows as "not there" and the bytes are fetched again.
 * The store keeps within its quota by letting go of what nobody pinned, oldest first; until somebody said what is
 * pinned, nothing goes.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import {
  ensureDirectory,
  readBounded,
  sweepTemporaries,
  syncDirectory,
  writeDurable,
} from "../../runtime/kernel/durable.ts";
import { fault } from "../faults.ts";
import { openStage, type Stage } from "./staging.ts";

export interface Blobs {
  /** The bytes if they are there and still are what their name says. */
  read(name: Sha256, length: number): Uint8Array | undefined;
  /** Keeps bytes whose hash was checked. Throws UPDATE_STORE_FULL or DISK_WRITE. */
  write(name: Sha256, bytes: Uint8Array): void;
  /** A place for bytes on their way, with what an earlier attempt left. Throws UPDATE_STORE_FULL or DISK_WRITE. */
  stage(name: Sha256, length: number): Stage;
  /** What must stay from now on, by digest; everything else may go when room is needed. */
  pin(names: ReadonlySet<string>): void;
  /** Removes every blob that is not named, and everything that is on its way; returns how many blobs went. */
  prune(keep: ReadonlySet<string>): number;
  usage(): Usage;
  /** Where a blob lies, if it is there. */
  file(name: Sha256): string;
}

export interface Usage {
  /** Bytes of blobs and of unfinished downloads. */
  readonly bytes: number;
  /** Bytes of pinned blobs. */
  readonly pinned: number;
  readonly max: number;
}

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** When it was last written to, ms. */
  readonly at: number;
}

export function openBlobs(directory: string, bytesMax: number): Blobs {
  const staging = join(directory, "staging");
  ensureDirectory(directory, 0o700);
  ensureDirectory(staging, 0o700);
  sweepTemporaries(directory);
  let pins: ReadonlySet<string> | undefined;
  /** Downloads that somebody is writing, with the length they will have. */
  const underWay = new Map<string, number>();

  const files = (folder: string): Entry[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats?.isFile() ? [{ path, name, bytes: stats.size, at: stats.mtimeMs }] : [];
    });
  const sum = (entries: readonly Entry[]) => entries.reduce((total, one) => total + one.bytes, 0);
  const isPinned = (one: Entry) => pins?.has(one.name) ?? true;

  /** Makes room for `wanted` bytes in place of what is there under that name: an unfinished download, a damaged blob. */
  function makeRoom(name: string, wanted: number): void {
    const others = (folder: string) => files(folder).filter((one) => one.name !== name);
    const blobs = others(directory);
    const unfinished = others(staging).map((one) => ({ ...one, bytes: underWay.get(one.name) ?? one.bytes }));
    let used = sum(blobs) + sum(unfinished);
    if (used + wanted <= bytesMax) return;
    const oldestFirst = (list: Entry[]) => list.sort((a, b) => a.at - b.at);
    const left = unfinished.filter((one) => !underWay.has(one.name));
    const free = [...oldestFirst(left), ...oldestFirst(blobs.filter((one) => !isPinned(one)))];
    if (used - sum(free) + wanted > bytesMax) {
      throw fault("UPDATE_STORE_FULL", { max: bytesMax, pinned: used - sum(free), wanted });
    }
    for (const one of free) {
      rmSync(one.path, { force: true });
      used -= one.bytes;
      if (used + wanted <= bytesMax) break;
    }
    syncDirectory(directory);
  }

  return {
    read(name, length) {
      const bytes = readBounded(join(directory, name), length);
      return bytes.ok && sha256(bytes.value) === name ? bytes.value : undefined;
    },
    write(name, bytes) {
      makeRoom(name, bytes.byteLength);
      writeDurable(join(directory, name), bytes, 0o600);
      rmSync(join(staging, name), { force: true });
    },
    stage(name, length) {
      makeRoom(name, length);
      const stage = openStage({ file: join(staging, name), blob: join(directory, name), length });
      underWay.set(name, length);
      const done = () => underWay.delete(name);
      return {
        ...stage,
        commit() {
          const bytes = stage.commit();
          done();
          return bytes;
        },
        close() {
          done();
          stage.close();
        },
        discard() {
          done();
          stage.discard();
        },
      };
    },
    pin(names) {
      pins = names;
    },
    prune(keep) {
      for (const one of files(staging)) rmSync(one.path, { force: true });
      const unwanted = files(directory).filter(({ name }) => !keep.has(name));
      for (const { path } of unwanted) rmSync(path, { force: true });
      if (unwanted.length > 0) syncDirectory(directory);
      return unwanted.length;
    },
    usage() {
      const blobs = files(directory);
      return { bytes: sum(blobs) + sum(files(staging)), pinned: sum(blobs.filter(isPinned)), max: bytesMax };
    },
    file: (name) => join(directory, name),
  };
}
