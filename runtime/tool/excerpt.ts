/** The instructions around a byte offset, so that a refusal that names one can be read without another tool. */
import type { Code, Module } from "../module/module.ts";
import { Instructions, type Names } from "./print-code.ts";
import { Scope } from "./scope.ts";

export interface Excerpt {
  /** The function's index. */
  readonly function: number;
  /** As the text format calls it. */
  readonly name: string;
  readonly lines: readonly { readonly at: number; readonly text: string; readonly here: boolean }[];
}

/** Undefined when the offset is in no function's instructions. */
export function excerpt(module: Module, offset: number, around = 3): Excerpt | undefined {
  const n = module.code.findIndex(({ body }) => body.start <= offset && offset < body.end);
  const code = module.code[n];
  if (code === undefined) return undefined;
  const scope = new Scope(module);
  const index = scope.importedFunctions + n;
  const names = { locals: scope.locals(index), labels: scope.labels(index) };
  return {
    function: index,
    name: scope.useFunction(index),
    lines: near(instructions(scope, code, names), offset, around),
  };
}

function* instructions(scope: Scope, { body }: Code, names: Names) {
  yield* new Instructions(scope, body, names).lines();
  yield { at: body.end - 1, text: "end" };
}

/** Keeps no more than is shown: a hostile function is as long as the file. */
function near(all: Iterable<{ at: number; text: string }>, offset: number, around: number): Excerpt["lines"] {
  const kept: { at: number; text: string }[] = [];
  let here = -1;
  for (const { at, text } of all) {
    if (at > offset && here === -1) here = kept.length - 1;
    if (here === -1) {
      if (kept.length > around) kept.shift();
    } else if (kept.length > here + around) break;
    kept.push({ at, text });
  }
  if (here === -1) here = kept.length - 1;
  return kept.map((one, n) => ({ ...one, here: n === here }));
}
