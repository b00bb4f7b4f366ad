/**
 * A bill of materials as a predicate: which of the two formats a document is, and under which predicate type readers
 * look for it (in-toto attestation framework, spec/predicates/spdx.md and cyclonedx.md). The document itself goes in
 * as it is.
 */
import { SBOM_TYPES } from "../predicate/components.ts";
import { fault } from "./faults.ts";
import { inTotoStatement, parsePredicate, type Subject } from "./statement.ts";

/** The statement's bytes, and what it carries, e.g. `SPDX-2.3`. Throws a Fault ATTEST_SIGN_INPUT. */
export function sbomStatement(
  sbom: Uint8Array,
  subjects: readonly Subject[],
): { readonly statement: Uint8Array; readonly format: string } {
  const predicate = parsePredicate(sbom, "the SBOM");
  const { format, predicateType } = formatOf(predicate);
  return { format, statement: inTotoStatement({ subjects, predicateType, predicate }) };
}

function formatOf(document: unknown): { readonly format: string; readonly predicateType: string } {
  if (typeof document === "object" && document !== null) {
    const { spdxVersion, bomFormat, specVersion } = document as Readonly<Record<string, unknown>>;
    const [, spdx] = /^SPDX-(2\.\d{1,2})$/.exec(String(spdxVersion)) ?? [];
    const spdxType = `https://spdx.dev/Document/v${spdx}`;
    if (SBOM_TYPES.includes(spdxType)) return { format: `SPDX-${spdx}`, predicateType: spdxType };
    const [cyclone] = /^1\.\d{1,2}$/.exec(String(specVersion)) ?? [];
    if (bomFormat === "CycloneDX" && cyclone !== undefined) {
      return { format: `CycloneDX ${cyclone}`, predicateType: "https://cyclonedx.org/bom" };
    }
  }
  const reason = "the SBOM is neither SPDX 2.2 or 2.3 (spdxVersion) nor CycloneDX 1 (bomFormat, specVersion) as JSON";
  throw fault("ATTEST_SIGN_INPUT", { reason });
}
