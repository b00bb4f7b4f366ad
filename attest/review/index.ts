/** What a person asks of a policy before signing it: is it sound, what does it say, what does a change change? */
export type { Change, Effect } from "./change.ts";
export { diffPolicies } from "./diff.ts";
export { type Answer, explainFor, explainRest, explainRule, type RuleText } from "./explain.ts";
export type { Finding } from "./finding.ts";
export { lintPolicy } from "./lint.ts";
export { findContradictions } from "./whole.ts";
export type { Need, Who } from "./words.ts";
