/**
 * An in-toto link (in-toto/attestation, predicates/link, v0.3): what one step of a supply chain took in and put out. The
 * products are the statement's subjects. Names tell artifacts apart here, so each must have one of its own, and a digest,
 * or else two artifacts of nothing would be equal.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { array, object, optional, parseShape, record, string } from "../../runtime/kernel/shape.ts";
import type { Candidate } from "../candidate.ts";
import { fault as evidenceFault } from "../faults.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";

export const LINK_TYPES: readonly string[] = ["https://in-toto.io/attestation/link/v0.3"];

export type Digests = Readonly<Record<string, string>>;
/** By name. */
export type Artifacts = ReadonlyMap<string, Digests>;

export interface LinkFacts {
  /** The name of the step. */
  readonly step: string;
  readonly materials: Artifacts;
  readonly products: Artifacts;
}

const MATERIALS_MAX = 4096;
const digest = record(string({ min: 1, max: 64 }), string({ min: 1, max: 256 }), { max: 32 });
const predicateShape = tolerant({
  name: string({ min: 1, max: 200 }),
  materials: optional(
    nullable(array(tolerant({ name: string({ min: 1, max: 1000 }), digest }), { max: MATERIALS_MAX })),
  ),
});

/** What the candidate says of which step. Refuses with ATTEST_PREDICATE_TYPE or ATTEST_PREDICATE_INVALID. */
export function layoutLinks({ statement }: Candidate): Result<LinkFacts, Fault> {
  const { predicateType: type, predicate, subject } = statement;
  if (!LINK_TYPES.includes(type)) {
    return err(evidenceFault("ATTEST_PREDICATE_TYPE", { found: type, expected: LINK_TYPES }));
  }
  const refuse = (reason: string, cause?: unknown) => err(fault("ATTEST_PREDICATE_INVALID", { type, reason }, cause));
  const parsed = parseShape(object({ predicate: predicateShape }), { predicate }, "the link");
  if (!parsed.ok) return refuse(reasonOf(parsed.error), parsed.error);
  const { name: step, materials: taken = [] } = parsed.value.predicate;
  const materials = byName(taken);
  if (typeof materials === "string") return refuse(`of its materials, ${materials}`);
  const products = byName(subject);
  if (typeof products === "string") return refuse(`of its products, ${products}`);
  return ok({ step, materials, products });
}

/** Are they the same by all that is said of both, as in-toto compares them? */
export function isSameDigest(one: Digests, other: Digests): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** The text says what is wrong. */
function byName(all: readonly { readonly name?: string; readonly digest: Digests }[]): Artifacts | string {
  const artifacts = new Map<string, Digests>();
  for (const { name = "", digest: digests } of all) {
    if (name === "") return "one has no name";
    if (artifacts.has(name)) return `${name} is there twice`;
    if (Object.keys(digests).length === 0) return `${name} has no digest`;
    artifacts.set(name, digests);
  }
  return artifacts;
}
