/** `sallyport policy diff`: what a changed policy admits that the old one did not, and the other way round. */
import { type Change, diffPolicies, type Effect } from "../../attest/review/index.ts";
import { paint } from "./paint.ts";
import { readPolicy } from "./policy-file.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Verb } from "./verb.ts";

const WORDS: Readonly<Record<Effect, string>> = {
  refused: "refused",
  wider: "widens",
  both: "changes",
  narrower: "narrows",
  neutral: "neutral",
};

export const verb: Verb = {
  name: "policy diff",
  summary: "Compare two policies by what they admit: what widens, what narrows, what makes no difference.",
  positionals: ["OLD", "NEW"],
  options: {
    "widening-fails": { help: "exit with 1 if anything widens; for a check that asks for a second pair of eyes" },
    json: { help: "print the changes as JSON" },
  },
  examples: [
    "sallyport policy diff policy.json new-policy.json",
    "sallyport policy diff old.json new.json --widening-fails",
  ],
  async run(args, io) {
    const [old = "", now = ""] = args.positionals;
    const found = diffPolicies(readPolicy(old), readPolicy(now));
    const order = Object.keys(WORDS);
    const changes = found.toSorted((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
    const of = (...effects: readonly Effect[]) => changes.filter((one) => effects.includes(one.effect)).length;
    const widens = of("wider", "both");
    if (args.flag("json"))
      io.out(JSON.stringify({ widens, narrows: of("narrower", "both"), refused: of("refused"), changes }));
    else {
      for (const one of changes) io.out(line(one, paint(io.colour)));
      if (changes.length === 0) io.out("the two admit the same");
    }
    return of("refused") > 0 || (widens > 0 && args.flag("widening-fails")) ? 1 : 0;
  },
};

function line({ effect, part, says }: Change, { red, yellow, green, dim }: ReturnType<typeof paint>): string {
  const colour = { refused: red, wider: yellow, both: yellow, narrower: green, neutral: dim }[effect];
  return `${colour(WORDS[effect].padEnd(8))} ${cleanLine(`${part}: ${says}`)}`;
}
