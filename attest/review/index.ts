/** What a person asks of a policy before signing it: is it sound, what does it say, what does a change change? */
export { error as findingError, type Finding } from "./finding.ts";
export { lintPolicy } from "./lint.ts";
export { findContradictions } from "./whole.ts";
