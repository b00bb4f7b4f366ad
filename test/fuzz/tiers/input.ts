/**
 * Input n of a seed: a generated program, a generated module of the loader's fuzzer, a module of the corpus, or one of
 * those rewritten. The same for the same seed, number and corpus.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { generate } from "../loader/generate.ts";
import { rewrite } from "../loader/rewrite.ts";
import { Random } from "../random.ts";
import { makeProgram } from "./program.ts";

export interface Input {
  readonly bytes: Uint8Array;
  readonly how: "program" | "generated" | "corpus" | "rewritten";
  /** Instructions with several results have one here. */
  readonly open: boolean;
}

export function inputOf(seed: string, n: number, corpus: readonly Uint8Array[]): Input {
  const random = new Random(`${seed} ${n}`);
  if (random.chance(0.5)) return { bytes: makeProgram(random), how: "program", open: true };
  if (corpus.length === 0 || random.chance(0.4)) return { bytes: generate(random), how: "generated", open: false };
  const bytes = wellFormed(random, corpus);
  if (random.chance(0.5)) return { bytes, how: "corpus", open: false };
  const rewritten = rewrite(bytes, random, random.chance(0.3) ? generate(random) : wellFormed(random, corpus));
  return { bytes: rewritten ?? bytes, how: "rewritten", open: false };
}

function wellFormed(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  for (let tries = 0; tries < 10; tries += 1) {
    const bytes = random.pick(corpus);
    if (decodeModule(bytes).ok) return bytes;
  }
  return generate(random);
}
