/**
 * Input n of a seed: a mutated module of the corpus, a generated module, or a mutated generated one. The same for the
 * same seed, number and corpus.
 */
import { Random } from "../random.ts";
import { generate } from "./generate.ts";
import { byteMutations } from "./mutate.ts";
import { rewrite } from "./rewrite.ts";

export interface Input {
  readonly bytes: Uint8Array;
  readonly how: "generated" | "generated, mutated" | "mutated" | "rewritten";
}

export function inputOf(seed: string, n: number, corpus: readonly Uint8Array[]): Input {
  const random = new Random(`${seed} ${n}`);
  const make = () => (corpus.length === 0 || random.chance(0.3) ? generate(random) : random.pick(corpus));
  if (random.chance(0.15)) return { bytes: generate(random), how: "generated" };
  const generated = corpus.length === 0 || random.chance(0.35);
  let bytes = generated ? generate(random) : random.pick(corpus);
  if (random.chance(0.6)) {
    const rewritten = rewrite(bytes, random, make());
    if (rewritten !== undefined && !random.chance(0.1)) {
      return { bytes: rewritten, how: generated ? "generated, mutated" : "rewritten" };
    }
    bytes = rewritten ?? bytes;
  }
  for (let left = 1 + random.small(3); left > 0; left -= 1) bytes = random.pick(byteMutations)(bytes, random, make());
  return { bytes, how: generated ? "generated, mutated" : "mutated" };
}
