/**
 * From a path of the guest's to a place: a directory that is held open and one name in it. One component at a time, each
 * opened inside the one before and never through a link; links are read and walked by us, within the directory that the
 * walk began in. `..` goes back to a descriptor that we still hold, so that no rename can lead it elsewhere; absolute
 * targets and a `..` too many are EPERM; what lies on another mount is EXDEV.
 */
import type { DirectoryEntry } from "./descriptors.ts";
import * as host from "./host-files.ts";
import { FILETYPE, WasiError } from "./preview1.ts";

/** Links on one path, names that changed under our hands included. */
const HOPS_MAX = 40;
/** Directories that are held open at once. */
const DEPTH_MAX = 256;
/** Components of one path, its links' included. */
const COMPONENTS_MAX = 16_384;

export interface Place {
  /** Valid until the walk's user is done. */
  readonly directory: number;
  /** `.` when the path ended at the directory itself. */
  readonly name: string;
  /** The path ended in a slash: what is there has to be a directory. */
  readonly slash: boolean;
  /** Of the directory, below the one that was granted. */
  readonly depth: number;
}

/** What is there, held by a descriptor that cannot be read from; undefined when nothing is. */
export interface Found extends Place {
  readonly object: { readonly fd: number; readonly stat: host.FileStat } | undefined;
}

/** The place where a name is or may be made. A link that bears the name is not followed. */
export function atPlace<T>(base: DirectoryEntry, path: string, use: (place: Place) => T): T {
  const walk = new Walk(base, path);
  try {
    const place = walk.toLast();
    walk.expectMount(place.directory);
    return use(place);
  } finally {
    walk.close();
  }
}

/** What a path leads to; with `follow` (or a slash at its end), links that bear the last name are followed, too. */
export function atObject<T>(base: DirectoryEntry, path: string, follow: boolean, use: (found: Found) => T): T {
  const walk = new Walk(base, path);
  try {
    return use(walk.toObject(follow));
  } finally {
    walk.close();
  }
}

class Walk {
  readonly #base: DirectoryEntry;
  /** Directories below the base, outermost first. */
  readonly #held: number[] = [];
  /** Components still to walk, the next one last. */
  readonly #ahead: string[] = [];
  #hops = 0;
  #components = 0;
  #object: number | undefined;

  constructor(base: DirectoryEntry, path: string) {
    if (path === "") throw new WasiError("noent");
    this.#base = base;
    this.#add(path);
  }

  close(): void {
    if (this.#object !== undefined) host.closeFile(this.#object);
    for (const fd of this.#held) host.closeFile(fd);
  }

  get #here(): number {
    return this.#held.at(-1) ?? this.#base.fd;
  }

  /** Where the last component is. */
  toLast(): Place {
    for (;;) {
      const name = this.#ahead.pop();
      if (name === undefined) return this.#place(".", true);
      if (name === "" || name === ".") continue;
      if (name === "..") this.#back();
      else if (this.#ahead.every((one) => one === "")) {
        return this.#place(name, this.#ahead.length > 0);
      } else this.#enter(name);
    }
  }

  #place(name: string, slash: boolean): Place {
    return { directory: this.#here, name, slash, depth: this.#base.depth + this.#held.length };
  }

  toObject(follow: boolean): Found {
    for (;;) {
      const place = this.toLast();
      const fd = this.#open(place);
      if (fd === undefined) {
        this.expectMount(place.directory);
        return { ...place, object: undefined };
      }
      this.#object = fd;
      const stat = host.statOf(fd);
      if (stat.type !== FILETYPE.symlink || !(follow || place.slash)) {
        if (place.directory !== this.#base.fd || place.name !== ".") this.expectMount(fd);
        if (place.slash && stat.type !== FILETYPE.directory) throw new WasiError("notdir");
        return { ...place, object: { fd, stat } };
      }
      this.#object = undefined;
      host.closeFile(fd);
      this.#follow(place.name, true);
    }
  }

  /** The kernel's own number of the mount: a bind mount of the same file system is another one. */
  expectMount(fd: number): void {
    if (fd !== this.#base.fd && host.mountOf(fd) !== this.#base.root.mount) throw new WasiError("xdev");
  }

  #open({ directory, name }: Place): number | undefined {
    if (name === ".") return host.openItself(directory);
    try {
      return host.openPlace(directory, name);
    } catch (error) {
      if (host.systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #enter(name: string): void {
    if (this.#held.length >= DEPTH_MAX) throw new WasiError("nametoolong");
    let fd: number;
    try {
      fd = host.openDirectory(this.#here, name);
    } catch (error) {
      // A link, or no directory; which of them, reading it will say.
      if (host.systemCode(error) !== "ENOTDIR") throw error;
      this.#follow(name, false);
      return;
    }
    this.#held.push(fd);
    if (host.deviceOf(fd) !== this.#base.root.device) this.expectMount(fd);
  }

  #back(): void {
    const fd = this.#held.pop();
    if (fd === undefined) throw new WasiError("perm");
    host.closeFile(fd);
  }

  /** Walks a link's target next. When it is none any more, its name is looked at again: one hop, too. */
  #follow(name: string, last: boolean): void {
    this.#hops += 1;
    if (this.#hops > HOPS_MAX) throw new WasiError("loop");
    let target: string;
    try {
      target = host.readLink(this.#here, name);
    } catch (error) {
      if (host.systemCode(error) !== "EINVAL") throw error;
      if (!last && host.statOfName(this.#here, name)?.type !== FILETYPE.directory) throw new WasiError("notdir");
      this.#ahead.push(name);
      return;
    }
    this.#add(target);
  }

  /** Puts a path in front of what is still to walk. An empty name at its end stands for a slash. */
  #add(path: string): void {
    if (path.startsWith("/")) throw new WasiError("perm");
    const names = path.split("/");
    this.#components += names.length;
    if (this.#components > COMPONENTS_MAX) throw new WasiError("nametoolong");
    const last = names.length - 1;
    for (let n = last; n >= 0; n -= 1) {
      const name = names[n] ?? "";
      if (n === last || (name !== "" && name !== ".")) this.#ahead.push(name);
    }
  }
}
