/**
 * The victim: a guest's calls, one after the other, on paths that the attacker works on. Reads are judged by what was read;
 * what makes, removes or changes something is judged by whether anything outside has changed.
 */
import { OUTSIDE, outsideState, PLACES, refurnish, restoreOutside, TARGETS } from "./scene.ts";

export type Functions = Readonly<Record<string, (...args: (number | bigint)[]) => number>>;

export interface Tally {
  opens: number;
  /** Opened and read inside. */
  inside: number;
  refused: number;
  mutations: number;
  mutated: number;
  escapes: number;
}

const OUT = 30_000;
const BUFFER = 20_000;
const FOLLOW = 1;
const CREAT = 1;
const EXCL = 4;
const TRUNC = 8;
const FD_READ = 2n;
const FD_WRITE = 64n;
/** Mutating calls between two looks at the outside. */
const ROUND = 24;

/** The second is done whether or not the first was: it may clear up after an earlier one. */
const both = (first: boolean, second: boolean): boolean => first && second;

export class Victim {
  readonly tally: Tally = { opens: 0, inside: 0, refused: 0, mutations: 0, mutated: 0, escapes: 0 };
  readonly #functions: Functions;
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #scene: string;
  #untouched: string;
  #count = 0;

  constructor(functions: Functions, memory: Uint8Array, scene: string) {
    this.#functions = functions;
    this.#memory = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset);
    this.#scene = scene;
    this.#untouched = outsideState(scene);
  }

  /** Some opens and reads, then a few of everything else. */
  round(): void {
    for (let n = 0; n < ROUND * 4; n += 1) this.#read(TARGETS[this.#next(TARGETS.length)] ?? "");
    for (let n = 0; n < ROUND / 4; n += 1) this.#read("file");
    for (let n = 0; n < ROUND; n += 1) this.#mutate(PLACES[this.#next(PLACES.length)] ?? "", n);
    for (const place of PLACES) refurnish(this.#scene, place);
    const now = outsideState(this.#scene);
    if (now === this.#untouched) return;
    this.tally.escapes += 1;
    restoreOutside(this.#scene);
    this.#untouched = outsideState(this.#scene);
  }

  #next(below: number): number {
    this.#count += 1;
    return this.#count % below;
  }

  #lay(...texts: readonly string[]): number[] {
    let at = 0;
    return texts.flatMap((text) => {
      const { written } = new TextEncoder().encodeInto(text, this.#memory.subarray(at));
      at += written;
      return [at - written, written];
    });
  }

  #call(name: string, ...args: (number | bigint)[]): number {
    return this.#functions[name]?.(...args) ?? -1;
  }

  #open(path: string, oflags: number, rights: bigint): number | undefined {
    const [at = 0, length = 0] = this.#lay(path);
    if (this.#call("path_open", 3, FOLLOW, at, length, oflags, rights, 0n, 0, OUT) !== 0) return undefined;
    return this.#view.getUint32(OUT, true);
  }

  #read(path: string): void {
    this.tally.opens += 1;
    const fd = this.#open(path, 0, FD_READ);
    if (fd === undefined) {
      this.tally.refused += 1;
      return;
    }
    this.#view.setUint32(10_000, BUFFER, true);
    this.#view.setUint32(10_004, 64, true);
    const got = this.#call("fd_read", fd, 10_000, 1, OUT) === 0 ? this.#view.getUint32(OUT, true) : 0;
    this.#call("fd_close", fd);
    const text = Buffer.from(this.#memory.subarray(BUFFER, BUFFER + got)).toString();
    if (text === OUTSIDE) this.tally.escapes += 1;
    else this.tally.inside += 1;
  }

  #mutate(place: string, kind: number): void {
    this.tally.mutations += 1;
    if (this.#change(place, kind % 12)) this.tally.mutated += 1;
  }

  /** Whether it was done. */
  #change(place: string, kind: number): boolean {
    const path = (name: string) => `${place}/${name}`;
    const one = (call: string, text: string) => this.#call(call, 3, ...this.#lay(text)) === 0;
    const two = (call: string, from: string, to: string) => {
      const [a = 0, b = 0, c = 0, d = 0] = this.#lay(from, to);
      if (call === "path_rename") return this.#call(call, 3, a, b, 3, c, d) === 0;
      return this.#call("path_link", 3, 0, a, b, 3, c, d) === 0;
    };
    switch (kind) {
      case 0:
        return this.#make(path("made"), CREAT | EXCL);
      case 1:
        return one("path_unlink_file", path("made"));
      case 2:
        return one("path_create_directory", path("made-dir"));
      case 3:
        return one("path_remove_directory", path("made-dir"));
      case 4:
        return one("path_unlink_file", path("victim"));
      case 5:
        return two("path_rename", "spare", path("spare")) && two("path_rename", path("spare"), "spare");
      case 6:
        return both(
          two("path_rename", path("source"), path("moved")),
          two("path_rename", path("moved"), path("source")),
        );
      case 7:
        return both(two("path_link", path("source"), path("linked")), one("path_unlink_file", path("linked")));
      case 8: {
        const [a = 0, b = 0, c = 0, d = 0] = this.#lay("secret", path("symbolic"));
        return both(this.#call("path_symlink", a, b, 3, c, d) === 0, one("path_unlink_file", path("symbolic")));
      }
      case 9: {
        const [at = 0, length = 0] = this.#lay(path("source"));
        return this.#call("path_filestat_set_times", 3, FOLLOW, at, length, 5n, 5n, 5) === 0;
      }
      case 10:
        return this.#make(path("source"), TRUNC);
      default:
        return this.#make(path("fresh"), CREAT);
    }
  }

  #make(path: string, oflags: number): boolean {
    const fd = this.#open(path, oflags, FD_WRITE);
    if (fd === undefined) return false;
    this.#view.setUint32(10_000, BUFFER, true);
    this.#view.setUint32(10_004, 1, true);
    this.#call("fd_write", fd, 10_000, 1, OUT);
    this.#call("fd_close", fd);
    return true;
  }
}
