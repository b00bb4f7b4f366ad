/**
 * Seeded chance: the same seed gives the same inputs on every machine, so that a finding is its seed. The generator is
 * sfc32 (Chris Doty-Humphrey's small fast counting generator), its state hashed from the seed's text.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: string) {
    const [a, b, c, counter] = [1, 2, 3, 4].map((part) => hash(seed, part));
    this.#a = a ?? 0;
    this.#b = b ?? 0;
    this.#c = c ?? 0;
    this.#counter = counter ?? 0;
    for (let n = 0; n < 12; n += 1) this.u32();
  }

  u32(): number {
    const b = this.#b;
    const c = this.#c;
    const out = (this.#a + b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = b ^ (b >>> 9);
    this.#b = (c + (c << 3)) | 0;
    this.#c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.u32() / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.u32() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("nothing to pick from");
    return list[this.below(list.length)] as T;
  }

  /** Small numbers more often than large ones. */
  small(bound: number): number {
    return this.below(this.below(bound) + 1);
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
}

/** FNV-1a with a last mix. */
function hash(seed: string, part: number): number {
  let out = 0x811c9dc5 ^ part;
  for (let at = 0; at < seed.length; at += 1) out = Math.imul(out ^ seed.charCodeAt(at), 0x01000193);
  out = Math.imul(out ^ (out >>> 15), 0x2c1b3c6d);
  return out ^ (out >>> 13);
}
