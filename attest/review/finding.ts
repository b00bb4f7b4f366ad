/** A finding of the policy's review, and the requirements of a policy with the places where they stand. */
import type { NamedSigners } from "../parties.ts";
import type { EvidenceRule } from "../policy.ts";
import { shortForm } from "../short-form.ts";

export interface Finding {
  readonly severity: "error" | "warning";
  /** A short name of the rule that found it. */
  readonly rule: string;
  /** Where: a path as in `evidence[0].builders[1]`. */
  readonly at: string;
  /** One sentence. */
  readonly says: string;
}

export const error = (rule: string, at: string, says: string): Finding => ({ severity: "error", rule, at, says });
export const warning = (rule: string, at: string, says: string): Finding => ({ severity: "warning", rule, at, says });

/**
 * A requirement of any kind as far as all kinds are alike; fields that a kind has for itself are read by their names.
 */
export interface Asked extends NamedSigners {
  readonly type: string;
  readonly parties?: readonly string[];
  readonly threshold?: number;
  readonly about?: "release" | "module";
  readonly maxAgeDays?: number;
  readonly builders?: readonly string[];
  readonly level?: number;
  /** Of a layout: its name. */
  readonly layout?: string;
}

/** A requirement with its place in the document; the short form stands at its rule. */
export interface Placed {
  readonly asked: Asked;
  readonly at: string;
}

export function requirementsOf(rule: EvidenceRule, index: number): readonly Placed[] {
  const at = `evidence[${index}]`;
  const long = (rule.require ?? []).map((asked: Asked, place) => ({ asked, at: `${at}.require[${place}]` }));
  return [...shortForm(rule).map((asked) => ({ asked, at })), ...long];
}
