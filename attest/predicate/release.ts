/**
 * The requirement `release`: a registry vouches that these bytes are one package in one version
 * (in-toto/attestation, spec/predicates/release.md, v0.1 and v0.2). The package is bound to what the policy names and the
 * version to the manifest's, so that a genuine old release cannot be passed off as a new one.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  array,
  boolean,
  type Infer,
  type object,
  optional,
  parseShape,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { Examine } from "../candidate.ts";
import { passed, refused } from "../reasons.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";

export const RELEASE_TYPES: readonly string[] = [
  "https://in-toto.io/attestation/release/v0.1",
  "https://in-toto.io/attestation/release/v0.2",
];

export interface ReleaseFacts {
  /** As written, with its version. */
  readonly purl: string;
  /** v0.1 calls it `releaseId`. */
  readonly packageId?: string;
}

const text = string({ min: 1, max: 500 });
const predicateShape = tolerant({
  purl: text,
  packageId: optional(nullable(text)),
  releaseId: optional(nullable(text)),
});

/** Refuses with ATTEST_PREDICATE_INVALID. A purl must have a version. */
export function parseRelease(predicate: unknown, type: string): Result<ReleaseFacts, Fault> {
  const read = parseShape(predicateShape, predicate ?? {}, "the release attestation");
  if (!read.ok) return err(fault("ATTEST_PREDICATE_INVALID", { type, reason: reasonOf(read.error) }, read.error));
  const { purl, releaseId, packageId = releaseId } = read.value;
  if (splitPurl(purl)?.version === undefined) {
    return err(fault("ATTEST_PREDICATE_INVALID", { type, reason: `${purl} is no package URL with a version` }));
  }
  return ok({ purl, ...(packageId === undefined ? {} : { packageId }) });
}

interface Purl {
  /** Type, namespace and name, with qualifiers and subpath; without the version. */
  readonly name: string;
  /** Percent encoding taken off. */
  readonly version?: string;
}

/** package-url/purl-spec: the version follows the last `@` of the name; qualifiers and subpath begin at `?` and `#`. */
function splitPurl(purl: string): Purl | undefined {
  const [, path = "", tail = ""] = /^(pkg:[^?#]+)(.*)$/s.exec(purl) ?? [];
  if (!/^pkg:[a-z][a-z0-9.+-]*\/./.test(path)) return undefined;
  const at = path.indexOf("@", path.lastIndexOf("/") + 2);
  if (at < 0) return { name: path + tail };
  const version = decoded(path.slice(at + 1));
  return version === undefined || version === "" ? undefined : { name: path.slice(0, at) + tail, version };
}

function decoded(component: string): string | undefined {
  try {
    return decodeURIComponent(component);
  } catch {
    return undefined;
  }
}

export const releaseFields = {
  /**
   * Any of these packages, letter by letter and with qualifiers. With a version it must be that one; without, whatever
   * version the manifest has.
   */
  purls: array(
    refined(text, (purl) => splitPurl(purl) !== undefined, "a package URL as pkg:generic/team/name"),
    { min: 1, max: 32 },
  ),
  /** The registry's own stable name of the package, where a name may be given to somebody else. */
  packageIds: optional(array(text, { min: 1, max: 32 })),
  /** The package's version must be the module's. True unless given. */
  bindVersion: optional(boolean),
};
type Asked = Infer<ReturnType<typeof object<typeof releaseFields>>>;

/** One check, `resource`; refuses with ATTEST_RELEASE. */
export const examineRelease: Examine<Asked> = (asked, { statement }, { module }) => {
  const read = parseRelease(statement.predicate, statement.predicateType);
  if (!read.ok) return { reasons: [refused("resource", read.error)] };
  const { purl, packageId } = read.value;
  const found = splitPurl(purl);
  const refuse = (what: string, was: string, expected: string | readonly string[]) => ({
    reasons: [refused("resource", fault("ATTEST_RELEASE", { what, found: was, expected }))],
  });
  const isNamed = asked.purls.map(splitPurl).some((one) => {
    return one?.name === found?.name && (one?.version === undefined || one.version === found?.version);
  });
  if (!isNamed) return refuse("package", purl, asked.purls);
  if (asked.packageIds?.includes(packageId ?? "") === false) {
    return refuse("package id", packageId ?? "none", asked.packageIds);
  }
  if (asked.bindVersion !== false && found?.version !== module.version) {
    return refuse("version", found?.version ?? "none", module.version);
  }
  return { reasons: [passed("resource", "the registry vouches for this package and version", { found: purl })] };
};
