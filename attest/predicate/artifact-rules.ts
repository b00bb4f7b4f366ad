/**
 * in-toto's artifact rules (specification 1.0, section 4.3.3), as its reference applies them: the names of a step's
 * materials or products wait in a queue, each rule in turn takes out those that it accounts for, and only DISALLOW and
 * REQUIRE can fail, by what still waits or does not. What no rule has taken when all are done is allowed: a list without
 * `DISALLOW *` at its end forbids nothing.
 */
import { array, refined, type Shape, string } from "../../runtime/kernel/shape.ts";
import { compileGlob, PATTERN_MAX } from "./glob.ts";
import { type Artifacts, isSameDigest, type LinkFacts } from "./link.ts";

const GENERIC = ["ALLOW", "DISALLOW", "REQUIRE", "CREATE", "DELETE", "MODIFY"] as const;

export interface MatchRule {
  readonly kind: "MATCH";
  readonly pattern: string;
  /** Empty, or with a slash at its end. */
  readonly sourcePrefix: string;
  readonly with: "materials" | "products";
  readonly destinationPrefix: string;
  /** The other step. */
  readonly from: string;
}
export type ArtifactRule = MatchRule | { readonly kind: (typeof GENERIC)[number]; readonly pattern: string };

/** A rule as its words, e.g. `["MATCH", "*.wasm", "WITH", "PRODUCTS", "FROM", "build"]`; key words in any case. */
export const artifactRuleShape: Shape<readonly string[]> = refined(
  array(string({ min: 1, max: 1000 }), { min: 2, max: 10 }),
  (words) => parseRule(words) !== undefined,
  "an artifact rule such as CREATE pattern, or MATCH pattern [IN prefix] WITH MATERIALS|PRODUCTS [IN prefix] FROM step",
);

/** Undefined for what is no rule. */
export function parseRule(words: readonly string[]): ArtifactRule | undefined {
  const [first = "", pattern = "", ...rest] = words;
  const kind = first.toUpperCase();
  // REQUIRE takes a name, which may be longer than any pattern.
  if (kind !== "REQUIRE" && pattern.length > PATTERN_MAX) return undefined;
  const generic = GENERIC.find((one) => one === kind);
  if (generic !== undefined) return rest.length === 0 && words.length === 2 ? { kind: generic, pattern } : undefined;
  return kind === "MATCH" ? parseMatch(pattern, rest) : undefined;
}

function parseMatch(pattern: string, words: readonly string[]): MatchRule | undefined {
  const waiting = [...words];
  const after = (keyword: string) => (waiting[0]?.toUpperCase() === keyword ? waiting.splice(0, 2)[1] : undefined);
  const source = after("IN") ?? "";
  const kind = after("WITH")?.toLowerCase();
  const destination = after("IN") ?? "";
  const from = after("FROM");
  if (from === undefined || waiting.length > 0 || (kind !== "materials" && kind !== "products")) return undefined;
  const folder = (prefix: string) => (prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`);
  return {
    kind: "MATCH",
    pattern,
    sourcePrefix: folder(source),
    with: kind,
    destinationPrefix: folder(destination),
    from,
  };
}

/** A rule that does not hold, and the names that it does not hold for. */
export interface Broken {
  readonly rule: ArtifactRule;
  readonly names: readonly string[];
}

/**
 * Applies `rules` to the materials or products of `link`. `links` has one link of each step, by the step's name.
 */
export function applyRules(
  rules: readonly ArtifactRule[],
  of: "materials" | "products",
  link: LinkFacts,
  links: ReadonlyMap<string, LinkFacts>,
): Broken | undefined {
  const queue = new Set(link[of].keys());
  for (const rule of rules) {
    if (rule.kind === "REQUIRE") {
      if (!queue.has(rule.pattern)) return { rule, names: [rule.pattern] };
      continue;
    }
    const taken = rule.kind === "MATCH" ? matched(rule, queue, link[of], links) : filtered(rule, queue, link);
    if (rule.kind === "DISALLOW" && taken.length > 0) return { rule, names: taken };
    for (const name of taken) queue.delete(name);
  }
  return undefined;
}

/** The names in the queue that a rule speaks of. */
function filtered(
  rule: Exclude<ArtifactRule, MatchRule>,
  queue: ReadonlySet<string>,
  { materials, products }: LinkFacts,
): readonly string[] {
  const isMatch = compileGlob(rule.pattern);
  return [...queue].filter((name) => {
    if (!isMatch(name)) return false;
    const [before, after] = [materials.get(name), products.get(name)];
    switch (rule.kind) {
      case "CREATE":
        return before === undefined && after !== undefined;
      case "DELETE":
        return before !== undefined && after === undefined;
      case "MODIFY":
        return before !== undefined && after !== undefined && !isSameDigest(before, after);
      default:
        return true;
    }
  });
}

/** Those that the other step has too, under the other prefix and with the same digests. */
function matched(
  rule: MatchRule,
  queue: ReadonlySet<string>,
  own: Artifacts,
  links: ReadonlyMap<string, LinkFacts>,
): readonly string[] {
  const { pattern, sourcePrefix, destinationPrefix, from } = rule;
  const others = links.get(from)?.[rule.with];
  const isMatch = compileGlob(pattern);
  return [...queue].filter((name) => {
    const path = name.slice(sourcePrefix.length);
    if (!name.startsWith(sourcePrefix) || !isMatch(path)) return false;
    const [mine, other] = [own.get(name), others?.get(destinationPrefix + path)];
    return mine !== undefined && other !== undefined && isSameDigest(mine, other);
  });
}
