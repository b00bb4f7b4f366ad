/**
 * A target on its way: bytes go to `staging/<sha256>` as they arrive, are hashed as they pass, and the file becomes
 * the blob by a rename, so nothing is written twice and nothing unchecked ever bears a blob's name. What an attempt
 * leaves behind is hashed and continued by the next one, in this process or after a restart.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { assert } from "../../runtime/kernel/assert.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256Stream } from "../../runtime/kernel/digest.ts";
import { fault as diskFault, syncDirectory } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";

export interface Stage {
  /** How many bytes an earlier attempt had brought. */
  readonly resumed: number;
  /** How many are there now. */
  received(): number;
  /** The next bytes. Throws DISK_WRITE. More than the declared length is the caller's mistake. */
  append(chunk: Uint8Array): void;
  /** Starts again from nothing: the server has another file than the one that was begun. */
  restart(): void;
  /** The SHA-256 of all bytes so far. Nothing can be appended afterwards. */
  digest(): Sha256;
  /** Makes the checked file a blob, durably, and answers its bytes. Throws DISK_WRITE. */
  commit(): Uint8Array;
  /** Lets go; what arrived stays for the next attempt. After `commit` or `discard`: nothing. */
  close(): void;
  /** Lets go and removes what arrived. */
  discard(): void;
}

export interface StagePlace {
  /** The unfinished file. */
  readonly file: string;
  /** What it becomes. */
  readonly blob: string;
  /** The declared length, bytes. */
  readonly length: number;
}

/** Opens an unfinished file, made if it is not there; one that is longer than declared begins again. Throws DISK_WRITE. */
export function openStage({ file, blob, length }: StagePlace): Stage {
  const bytes = new Uint8Array(length);
  const guarded = <T>(what: () => T): T => {
    try {
      return what();
    } catch (error) {
      throw diskFault("DISK_WRITE", { path: file, reason: reasonOf(error) }, error);
    }
  };
  const fd = guarded(() => openSync(file, "a+", 0o600));
  let hash = sha256Stream();
  let at = 0;
  let open = true;

  const restart = () => {
    guarded(() => ftruncateSync(fd, 0));
    hash = sha256Stream();
    at = 0;
  };
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };

  guarded(() => {
    const { size } = fstatSync(fd);
    if (size > length) return restart();
    for (let got = -1; at < size && got !== 0; at += got) got = readSync(fd, bytes, at, size - at, at);
    hash.update(bytes.subarray(0, at));
  });
  const resumed = at;

  return {
    resumed,
    received: () => at,
    append(chunk) {
      assert(open && at + chunk.byteLength <= length, "a download is cut off at its declared length");
      guarded(() => {
        for (let done = 0; done < chunk.byteLength; ) done += writeSync(fd, chunk, done);
      });
      bytes.set(chunk, at);
      hash.update(chunk);
      at += chunk.byteLength;
    },
    restart,
    digest: () => hash.digest(),
    commit() {
      assert(open && at === length, "only a whole file becomes a blob");
      guarded(() => {
        fsyncSync(fd);
        close();
        renameSync(file, blob);
        syncDirectory(dirname(blob));
      });
      return bytes;
    },
    close,
    discard() {
      close();
      rmSync(file, { force: true });
    },
  };
}
