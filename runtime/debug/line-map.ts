/**
 * Source lines as small numbers by byte offset, filled as they are asked for: the debugger asks at every instruction. The
 * prologue of a function (until its second row) has no line here, so that nobody stops before parameters are in place.
 */
import type { Instructions } from "./instructions.ts";
import type { SourceInfo, SourcePlace } from "./source.ts";

const UNKNOWN = 0;
const NONE = -1;
/** A prologue longer than this is none. */
const PROLOGUE_INSTRUCTIONS_MAX = 4096;

export class LineMap {
  readonly info: SourceInfo | undefined;
  readonly #instructions: Instructions;
  readonly #own: (file: string) => boolean;
  readonly #ids: Int32Array;
  readonly #places: SourcePlace[] = [];
  readonly #byText = new Map<string, number>();
  readonly #prologues = new Map<number, number>();

  /** `own`: files whose lines count; those of others have none. */
  constructor(instructions: Instructions, info: SourceInfo | undefined, own: (file: string) => boolean = () => true) {
    this.info = info;
    this.#own = own;
    this.#instructions = instructions;
    this.#ids = new Int32Array(info === undefined ? 0 : instructions.module.bytes.length);
  }

  /** The number of the line that an instruction belongs to, or 0. */
  idAt(offset: number): number {
    const known = this.#ids[offset];
    if (known === undefined) return 0;
    if (known !== UNKNOWN) return known === NONE ? 0 : known;
    const id = this.#find(offset);
    this.#ids[offset] = id === 0 ? NONE : id;
    return id;
  }

  placeOf(id: number): SourcePlace | undefined {
    return this.#places[id - 1];
  }

  /** The first instruction of a function after its prologue, or its first. */
  bodyOf(f: number): number | undefined {
    const known = this.#prologues.get(f);
    if (known !== undefined) return known;
    const starts = this.#instructions.startsOf(f);
    const first = starts[0];
    if (first === undefined) return undefined;
    const line = this.info?.lineAt(first);
    const second = starts.slice(0, PROLOGUE_INSTRUCTIONS_MAX).find((one) => isOther(this.info?.lineAt(one), line));
    const body = line === undefined ? first : (second ?? first);
    this.#prologues.set(f, body);
    return body;
  }

  #find(offset: number): number {
    const place = this.info?.lineAt(offset);
    if (place === undefined || place.line === 0 || !this.#own(place.file)) return 0;
    const f = this.#instructions.functionOf(offset);
    if (f !== undefined && offset < (this.bodyOf(f) ?? 0)) return 0;
    const text = `${place.line} ${place.file}`;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#places.push(place);
    this.#byText.set(text, this.#places.length);
    return this.#places.length;
  }
}

/** Code that no line accounts for ends no prologue. */
function isOther(one: SourcePlace | undefined, other: SourcePlace | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.line !== other.line || one.column !== other.column || one.file !== other.file;
}
