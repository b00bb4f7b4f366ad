/**
 * in-toto layouts (specification 1.0, section 4.3), as part of the owner's policy: which steps lead to the release, who
 * carries each out and how many of them must agree, and how artifacts may pass from step to step. The policy is signed
 * already, so a layout has no keys and no expiry of its own; there are no inspections, as a board runs no commands, and no
 * sublayouts. The release's files must be products of the last step; an earlier step counts for this release only as far as
 * MATCH rules tie later steps to its products, for its link alone could be of another release.
 */
import { assert } from "../../runtime/kernel/assert.ts";
import { array, type Infer, integer, object, optional, refined, string } from "../../runtime/kernel/shape.ts";
import { partyName } from "../named.ts";
import { passed, type Reason, refused } from "../reasons.ts";
import { type Artifact, checkSubjects } from "../statement.ts";
import { type ArtifactRule, applyRules, artifactRuleShape, parseRule } from "./artifact-rules.ts";
import { fault } from "./faults.ts";
import { type Artifacts, isSameDigest, type LinkFacts } from "./link.ts";
import { listed } from "./shown.ts";

const rules = optional(array(artifactRuleShape, { max: 64 }));
const stepShape = refined(
  object({
    /** As links call it. */
    name: string({ min: 1, max: 200 }),
    /** Names of parties of the policy that may carry it out. */
    parties: array(partyName, { min: 1, max: 16 }),
    /** How many of them must have done so, with the same materials and products; 1 unless given. */
    threshold: optional(integer({ min: 1, max: 16 })),
    materials: rules,
    products: rules,
  }),
  (step) => (step.threshold ?? 1) <= new Set(step.parties).size,
  "a step with no threshold above the number of its parties",
);
type Step = Infer<typeof stepShape>;

export const layoutShape = refined(
  object({
    name: string({ min: 1, max: 100 }),
    /** In their order; the last makes the release. */
    steps: array(stepShape, { min: 1, max: 32 }),
  }),
  ({ steps }) => {
    const names = new Set(steps.map((one) => one.name));
    const isKnown = (words: readonly string[]) => {
      const rule = parseRule(words);
      return rule?.kind !== "MATCH" || names.has(rule.from);
    };
    return (
      names.size === steps.length &&
      steps.every((one) => [...(one.materials ?? []), ...(one.products ?? [])].every(isKnown))
    );
  },
  "a layout in which each step has a name of its own, and MATCH rules name steps of it",
);
export type Layout = Infer<typeof layoutShape>;

/** A link, and the party of the policy that signed it. */
export interface LayoutLink extends LinkFacts {
  readonly party: string;
}

/** A step that its parties agree on. */
interface Done {
  readonly step: Step;
  readonly link: LinkFacts;
  readonly parties: readonly string[];
}

/**
 * Check `steps`: enough parties agree on each step, every artifact rule holds, and the last step made these bytes. Links
 * of other steps, and of parties that a step does not name, are not looked at; of those it names, all must agree.
 * Refuses with ATTEST_LAYOUT, which names the first step and rule that does not hold.
 */
export function examineLayout(layout: Layout, links: readonly LayoutLink[], artifacts: readonly Artifact[]): Reason {
  const done: Done[] = [];
  for (const step of layout.steps) {
    const own = links.filter((one) => one.step === step.name && step.parties.includes(one.party));
    const parties = [...new Set(own.map((one) => one.party))];
    const [link] = own;
    const threshold = step.threshold ?? 1;
    if (link === undefined || parties.length < threshold) {
      const reason = `${parties.length} of ${threshold} parties have carried it out (${step.parties.join(", ")} may)`;
      return broken(layout, step, "threshold", reason);
    }
    const dissenter = own.find((one) => !isSameLink(one, link));
    if (dissenter !== undefined) {
      return broken(layout, step, "threshold", `links of ${link.party} and ${dissenter.party} differ`);
    }
    done.push({ step, link, parties });
  }
  const facts = { layout: layout.name, steps: done.map((one) => `${one.step.name} by ${one.parties.join(", ")}`) };
  return (
    ruleBroken(layout, done) ??
    unmade(layout, done, artifacts) ??
    passed("steps", "the release was made as the layout says", facts)
  );
}

function ruleBroken(layout: Layout, done: readonly Done[]): Reason | undefined {
  const links = new Map(done.map((one) => [one.step.name, one.link]));
  for (const { step, link } of done) {
    for (const side of ["materials", "products"] as const) {
      const wrong = applyRules(
        (step[side] ?? []).flatMap((words) => parseRule(words) ?? []),
        side,
        link,
        links,
      );
      if (wrong === undefined) continue;
      const names = listed(wrong.names);
      const reason =
        wrong.rule.kind === "REQUIRE" ? `${names} is not there, or was taken before` : `not allowed: ${names}`;
      return broken(layout, step, `${side}: ${written(wrong.rule)}`, reason);
    }
  }
  return undefined;
}

/** By digest, whatever the last step calls them. */
function unmade(layout: Layout, done: readonly Done[], artifacts: readonly Artifact[]): Reason | undefined {
  const last = done.at(-1);
  assert(last !== undefined, "a layout has steps");
  const subjects = [...last.link.products].map(([name, digest]) => ({ name, digest }));
  const checked = checkSubjects(subjects, artifacts);
  if (checked.ok) return undefined;
  return broken(layout, last.step, "release", "its products are other files than the release's", checked.error);
}

function broken(layout: Layout, step: Step, rule: string, reason: string, cause?: unknown): Reason {
  return refused("steps", fault("ATTEST_LAYOUT", { layout: layout.name, step: step.name, rule, reason }, cause));
}

function written(rule: ArtifactRule): string {
  if (rule.kind !== "MATCH") return `${rule.kind} ${rule.pattern}`;
  const inside = (prefix: string) => (prefix === "" ? "" : ` IN ${prefix}`);
  const { pattern, sourcePrefix, destinationPrefix, from } = rule;
  return `MATCH ${pattern}${inside(sourcePrefix)} WITH ${rule.with.toUpperCase()}${inside(destinationPrefix)} FROM ${from}`;
}

function isSameLink(one: LinkFacts, other: LinkFacts): boolean {
  return isSame(one.materials, other.materials) && isSame(one.products, other.products);
}

function isSame(one: Artifacts, other: Artifacts): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, digest]) => {
    const same = other.get(name);
    return same !== undefined && isSameDigest(digest, same);
  });
}
