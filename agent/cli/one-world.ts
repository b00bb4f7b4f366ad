/**
 * Clocks and chance for `sallyport run --deterministic`: the same in every run. Time begins at a fixed moment and goes on by
 * a microsecond each time that somebody looks, and by as much as somebody waits. The numbers are good for nothing secret.
 */
import type { WasiOptions } from "../../runtime/wasi/index.ts";

/** 2026-01-01T00:00:00Z, nanoseconds. */
const BEGINNING = 1_767_225_600_000_000_000n;
const LOOK_NS = 1_000n;
const SEED = 0x5a11_9047;

export function oneWorld(): Required<Pick<WasiOptions, "clocks" | "random" | "wait">> {
  let passed = 0n;
  let state = SEED;
  const look = () => {
    passed += LOOK_NS;
    return passed;
  };
  /** The sequence known as mulberry32. */
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return (word ^ (word >>> 14)) & 0xff;
  };
  return {
    clocks: { realtime: () => BEGINNING + look(), monotonic: look },
    random(into) {
      for (let n = 0; n < into.length; n += 1) into[n] = next();
    },
    wait(ms) {
      passed += BigInt(Math.ceil(ms * 1e6));
      return undefined;
    },
  };
}
