/**
 * SCAI attribute reports (in-toto/attestation, predicates/scai, v0.2 and v0.3): a producer asserts attributes such as
 * `REPRODUCIBLE`, of the subject or of a target. The owner names those that must be asserted. An attribute of a target
 * says nothing of the subject, and one that holds only under conditions does not answer for one without.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  anything,
  array,
  boolean,
  type Infer,
  object,
  optional,
  parseShape,
  record,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { Examine } from "../candidate.ts";
import { passed, refused } from "../reasons.ts";
import type { Statement } from "../statement.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";
import { some } from "./shown.ts";

export const SCAI_TYPES: readonly string[] = [
  "https://in-toto.io/attestation/scai/v0.3",
  "https://in-toto.io/attestation/scai/attribute-report/v0.2",
];

const text = string({ max: 2000 });
const note = optional(nullable(text));
const digest = record(string({ max: 64 }), string({ max: 256 }), { max: 32 });
const descriptor = optional(nullable(tolerant({ name: note, uri: note, digest: optional(nullable(digest)) })));
const assertion = tolerant({
  attribute: string({ min: 1, max: 1000 }),
  target: descriptor,
  conditions: optional(nullable(record(string({ max: 1000 }), anything, { max: 64 }))),
});
const predicateShape = tolerant({ attributes: array(assertion, { min: 1, max: 1000 }), producer: descriptor });
export type AttributeReport = Infer<typeof predicateShape>;
type Assertion = AttributeReport["attributes"][number];

/** What a resource descriptor must say; all that is given must be equal. */
const resource = refined(
  object({ name: optional(text), uri: optional(text), sha256: optional(string({ min: 64, max: 64 })) }),
  (one) => Object.keys(one).length > 0,
  "a resource with name, uri or sha256",
);
const plainValue = refined(
  anything,
  (one): one is string | number | boolean => ["string", "number", "boolean"].includes(typeof one),
  "text, a number, true or false",
);
const askedAttribute = refined(
  object({
    attribute: string({ min: 1, max: 1000 }),
    /** The assertion must be of this; without it, of the statement's subject. */
    target: optional(resource),
    /** Exactly the conditions under which it may hold; without them it must hold without any. */
    conditions: optional(record(string({ min: 1, max: 1000 }), plainValue, { max: 64 })),
    /** Whatever the conditions are. */
    anyConditions: optional(boolean),
  }),
  (one) => one.conditions === undefined || one.anyConditions === undefined,
  "an attribute with either conditions or anyConditions",
);
export const scaiFields = {
  /** Each must be asserted. */
  attributes: array(askedAttribute, { min: 1, max: 64 }),
  /** Who must be named as producer of the subject. */
  producer: optional(resource),
};
const fields = object(scaiFields);

/** Refuses with ATTEST_PREDICATE_INVALID. */
export function parseAttributeReport({ predicateType: type, predicate }: Statement): Result<AttributeReport, Fault> {
  const parsed = parseShape(object({ predicate: predicateShape }), { predicate }, "the attribute report");
  if (parsed.ok) return ok(parsed.value.predicate);
  return err(fault("ATTEST_PREDICATE_INVALID", { type, reason: reasonOf(parsed.error) }, parsed.error));
}

/** Check `attributes`. Refuses with ATTEST_SCAI. */
export const examineScai: Examine<Infer<typeof fields>> = (wanted, { statement }) => {
  const parsed = parseAttributeReport(statement);
  if (!parsed.ok) return { reasons: [refused("attributes", parsed.error)] };
  const { attributes, producer } = parsed.value;
  if (wanted.producer !== undefined && !isResource(wanted.producer, producer)) {
    const missing = `the producer ${JSON.stringify(wanted.producer)}`;
    return { reasons: [refused("attributes", fault("ATTEST_SCAI", { missing, asserted: names(attributes) }))] };
  }
  const missing = wanted.attributes.filter((one) => !attributes.some((said) => answers(one, said)));
  if (missing.length > 0) {
    const facts = { missing: missing.map((one) => JSON.stringify(one)), asserted: names(attributes) };
    return { reasons: [refused("attributes", fault("ATTEST_SCAI", facts))] };
  }
  return {
    reasons: [passed("attributes", "every attribute that is asked for is asserted", { asserted: names(attributes) })],
  };
};

function answers(wanted: Infer<typeof askedAttribute>, said: Assertion): boolean {
  if (said.attribute !== wanted.attribute) return false;
  if ((wanted.target === undefined) !== (said.target === undefined)) return false;
  if (wanted.target !== undefined && !isResource(wanted.target, said.target)) return false;
  const { conditions: allowed = {}, anyConditions } = wanted;
  if (anyConditions === true) return true;
  const found = Object.entries(said.conditions ?? {});
  return found.length === Object.keys(allowed).length && found.every(([name, value]) => allowed[name] === value);
}

function isResource(wanted: Infer<typeof resource>, said: Assertion["target"]): boolean {
  const { name, uri, sha256 } = wanted;
  if (name !== undefined && said?.name !== name) return false;
  if (uri !== undefined && said?.uri !== uri) return false;
  return sha256 === undefined || said?.digest?.["sha256"] === sha256;
}

const names = (all: readonly Assertion[]) => some(all.map((one) => one.attribute));
