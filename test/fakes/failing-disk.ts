/**
 * A disk that fails at the n-th change, or loses power there. It stands before node:fs (`vi.mock("node:fs", …)`), counts
 * what changes files below one directory, and knows what of it had been synced: after a power cut it writes down the
 * worst that a file system may leave. Outside that directory nothing is touched.
 */
import type * as Fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { assert } from "../../runtime/kernel/assert.ts";

const real = process.getBuiltinModule("node:fs");

export type Failure =
  | { readonly kind: "power" }
  /** `lasting`: every change from then on fails as well. */
  | { readonly kind: "errno"; readonly code: string; readonly lasting: boolean };

/** What is left of changes that were not synced: names as before, or names as after with data that never arrived. */
export type Remains = "names before" | "names after";

interface Inode {
  synced: Uint8Array;
}
interface Folder {
  readonly now: Map<string, Inode>;
  synced: Map<string, Inode>;
}

class FailingDisk {
  #root: string | undefined;
  #folders = new Map<string, Folder>();
  #open = new Map<number, { readonly path: string; readonly inode: Inode | undefined }>();
  #failAt = Number.POSITIVE_INFINITY;
  #failure: Failure = { kind: "power" };
  /** Changes so far below the watched directory. */
  changes = 0;

  /** From now on counts and fails below `root`; what is there now is durable. */
  watch(root: string, failAt = Number.POSITIVE_INFINITY, failure: Failure = { kind: "power" }): void {
    this.#root = undefined; // Reading what is there is no change, even where node:fs itself goes through this disk.
    this.#failAt = failAt;
    this.#failure = failure;
    this.changes = 0;
    this.#folders = new Map();
    this.#open = new Map();
    this.#take(root);
    this.#root = root;
  }

  heal(): void {
    this.#root = undefined;
  }

  /** Writes what a power cut now would leave to a new directory. */
  cutTo(target: string, remains: Remains): void {
    const root = this.#root;
    assert(root !== undefined, "a power cut needs a watched directory");
    for (const [path, { now, synced }] of this.#folders) {
      const folder = join(target, path.slice(root.length));
      real.mkdirSync(folder, { recursive: true });
      for (const [name, inode] of remains === "names before" ? synced : now) {
        real.writeFileSync(join(folder, name), this.#left(join(path, name), inode, remains));
      }
    }
  }

  /** Data that was not synced is gone, or is there in length only. */
  #left(path: string, inode: Inode, remains: Remains): Uint8Array {
    if (remains === "names before" || !real.existsSync(path)) return inode.synced;
    const { size } = real.statSync(path);
    return size === inode.synced.byteLength ? inode.synced : new Uint8Array(size);
  }

  #take(path: string): void {
    const entries = new Map<string, Inode>();
    for (const entry of real.readdirSync(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) this.#take(file);
      else entries.set(entry.name, { synced: real.readFileSync(file) });
    }
    this.#folders.set(path, { now: entries, synced: new Map(entries) });
  }

  #isWatched(path: unknown): path is string {
    return typeof path === "string" && this.#root !== undefined && `${path}/`.startsWith(`${this.#root}/`);
  }

  /** One change: fails if it is the one that was asked for. */
  #change(syscall: string, path: string): void {
    this.changes += 1;
    const failure = this.#failure;
    const lasts = failure.kind === "power" || failure.lasting;
    if (lasts ? this.changes < this.#failAt : this.changes !== this.#failAt) return;
    const code = failure.kind === "power" ? "EIO" : failure.code;
    throw Object.assign(new Error(`${code}: the test's disk, ${syscall} '${path}'`), {
      code,
      syscall,
      path,
      errno: -1,
    });
  }

  #folder(path: string): Folder {
    const folder = this.#folders.get(dirname(path));
    assert(folder !== undefined, `the folder of ${path} is known`);
    return folder;
  }

  /** node:fs with this disk before it. */
  before(fs: typeof Fs): typeof Fs {
    const here = (fd: number) => this.#open.get(fd);
    const changed: Partial<typeof Fs> = {
      openSync: (path, flags, mode) => {
        if (!this.#isWatched(path)) return fs.openSync(path, flags, mode);
        const isNew = !fs.existsSync(path);
        if (isNew) this.#change("open", path);
        const fd = fs.openSync(path, flags, mode);
        const isFolder = fs.fstatSync(fd).isDirectory();
        if (isNew) this.#folder(path).now.set(basename(path), { synced: new Uint8Array() });
        this.#open.set(fd, { path, inode: isFolder ? undefined : this.#folder(path).now.get(basename(path)) });
        return fd;
      },
      closeSync: (fd) => {
        this.#open.delete(fd);
        fs.closeSync(fd);
      },
      writeSync: (fd: number, ...rest: readonly unknown[]) => {
        const file = here(fd);
        if (file !== undefined) this.#change("write", file.path);
        return Reflect.apply(fs.writeSync, fs, [fd, ...rest]);
      },
      ftruncateSync: (fd, length) => {
        const file = here(fd);
        if (file !== undefined) this.#change("ftruncate", file.path);
        fs.ftruncateSync(fd, length);
      },
      fsyncSync: (fd) => {
        const file = here(fd);
        if (file !== undefined) {
          this.#change("fsync", file.path);
          const folder = this.#folders.get(file.path);
          if (file.inode !== undefined) file.inode.synced = real.readFileSync(`/proc/self/fd/${fd}`);
          else if (folder !== undefined) folder.synced = new Map(folder.now);
        }
        fs.fsyncSync(fd);
      },
      renameSync: (from, to) => {
        if (this.#isWatched(from) && this.#isWatched(to)) {
          this.#change("rename", from);
          const source = this.#folder(from).now;
          const inode = source.get(basename(from));
          if (inode !== undefined) this.#folder(to).now.set(basename(to), inode);
          source.delete(basename(from));
        }
        fs.renameSync(from, to);
      },
      linkSync: (from, to) => {
        if (this.#isWatched(from) && this.#isWatched(to)) {
          this.#change("link", to);
          const inode = this.#folder(from).now.get(basename(from));
          if (inode !== undefined) this.#folder(to).now.set(basename(to), inode);
        }
        fs.linkSync(from, to);
      },
      rmSync: (path, options) => {
        if (this.#isWatched(path) && fs.existsSync(path)) {
          this.#change("unlink", path);
          this.#folder(path).now.delete(basename(path));
        }
        fs.rmSync(path, options);
      },
      // Folders are made once, at the first start; they count as durable.
      mkdirSync: ((path: Fs.PathLike, options?: Fs.MakeDirectoryOptions) => {
        const isNew = this.#isWatched(path) && !fs.existsSync(path);
        if (isNew && typeof path === "string") this.#change("mkdir", path);
        const made = fs.mkdirSync(path, options);
        for (let one = String(path); isNew && this.#isWatched(one) && !this.#folders.has(one); one = dirname(one)) {
          this.#folders.set(one, { now: new Map(), synced: new Map() });
        }
        return made;
      }) as typeof Fs.mkdirSync,
    };
    return { ...fs, ...changed };
  }
}

export const disk = new FailingDisk();
