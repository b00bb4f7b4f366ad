/**
 * The owner's rules on single fields of a statement, for any kind of attestation: a JSON pointer and one comparison.
 * They see the statement as it is read here: `_type`, `predicateType`, of each subject name and digest, and the predicate
 * as it was signed. There are no regular expressions and no conversions; what cannot be compared does not hold, so that a
 * field of another form is refused by `excludes` as well.
 */
import {
  anything,
  array,
  boolean,
  type Infer,
  number,
  object,
  optional,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import { passed, type Reason, refused } from "../reasons.ts";
import type { Statement } from "../statement.ts";
import { fault } from "./faults.ts";
import { isPointer, valueAt } from "./pointer.ts";
import { clipped } from "./shown.ts";

type Scalar = string | number | boolean | null;

const TEXT_MAX = 1000;

const scalar = refined<unknown, Scalar>(
  anything,
  isShortScalar,
  `text of at most ${TEXT_MAX} characters, a finite number (a whole one below 2^53), true, false or null`,
);
const bound = number({ min: -Number.MAX_VALUE, max: Number.MAX_VALUE });

const COMPARISONS = ["equals", "oneOf", "atMost", "atLeast", "present", "contains", "excludes"] as const;

/** `at` and exactly one comparison; two on one field are two rules. */
export const fieldRuleShape = refined(
  object({
    /** E.g. `/predicate/scanner/version` or `/subject/0/name`. */
    at: refined(string({ max: TEXT_MAX }), isReadable, "a JSON pointer such as /predicate/result"),
    equals: optional(scalar),
    oneOf: optional(array(scalar, { min: 1, max: 64 })),
    /** The field must be a number. */
    atMost: optional(bound),
    atLeast: optional(bound),
    /** true: there and not null. false: not there at all; null is neither. */
    present: optional(boolean),
    /** An array of which one item is this, or this itself. */
    contains: optional(scalar),
    /** An array of text, numbers and the like without this, or another of these; it must be there. */
    excludes: optional(scalar),
  }),
  (one) => COMPARISONS.filter((name) => one[name] !== undefined).length === 1,
  `a rule with at and exactly one of ${COMPARISONS.join(", ")}`,
);
export type FieldRule = Infer<typeof fieldRuleShape>;

/** For a kind of attestation that is known by its type and the owner's rules on its fields alone. */
export const predicateFields = {
  /** `predicateType` must be one of these. */
  predicateTypes: array(string({ min: 1, max: 500 }), { min: 1, max: 16 }),
};

/** Check `fields`: all rules hold, or ATTEST_FIELD names the first that does not. */
export function examineFields(rules: readonly FieldRule[], statement: Statement): Reason {
  for (const rule of rules) {
    const found = valueAt(statement, rule.at);
    if (!holds(rule, found)) {
      return refused(
        "fields",
        fault("ATTEST_FIELD", { at: rule.at, expected: expectation(rule), found: shown(found) }),
      );
    }
  }
  return passed("fields", "the fields are as the policy asks", { rules: rules.map((one) => one.at) });
}

function holds(rule: FieldRule, found: unknown): boolean {
  const { equals, oneOf, atMost, atLeast, present, contains, excludes } = rule;
  if (present !== undefined) return present ? found !== undefined && found !== null : found === undefined;
  if (equals !== undefined) return found === equals;
  if (oneOf !== undefined) return oneOf.some((one) => one === found);
  if (atMost !== undefined) return isNumber(found) && found <= atMost;
  if (atLeast !== undefined) return isNumber(found) && found >= atLeast;
  const items: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (contains !== undefined) return items.includes(contains);
  return excludes !== undefined && items.every((one) => isScalar(one) && one !== excludes);
}

function expectation(rule: FieldRule): string {
  if (rule.present !== undefined) return rule.present ? "there" : "absent";
  const name = COMPARISONS.find((one) => rule[one] !== undefined);
  return name === undefined ? "" : `${WORDS[name]}${shown(rule[name])}`;
}

const WORDS: Readonly<Record<(typeof COMPARISONS)[number], string>> = {
  equals: "",
  oneOf: "one of ",
  atMost: "at most ",
  atLeast: "at least ",
  present: "",
  contains: "with ",
  excludes: "without ",
};

/** Short, whatever it is: it may be a predicate of a megabyte. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) {
    const items = value.slice(0, 5).map((one) => (Array.isArray(one) ? "an array" : shown(one)));
    return clipped(`[${items.join(", ")}${value.length > 5 ? ", …" : ""}]`);
  }
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(clipped(value)) : String(value);
}

/** JSON.parse reads 1e999 as infinite: no number that anybody meant. */
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "boolean" || isNumber(value);
}

/** Two whole numbers beyond 2^53 may be read as one. */
function isShortScalar(value: unknown): value is Scalar {
  if (typeof value === "number" && Number.isInteger(value)) return Number.isSafeInteger(value);
  return isScalar(value) && (typeof value !== "string" || value.length <= TEXT_MAX);
}

/** What a statement has besides is not read here, and a rule would find it absent whatever stands there. */
const READ = /^\/(?:_type|predicateType|predicate(?:\/.*)?|subject(?:\/\d+(?:\/(?:name|digest(?:\/.*)?))?)?)$/s;

function isReadable(text: string): boolean {
  return READ.test(text) && isPointer(text);
}
