/** Words in a policy that do not mean what they look like, and requirements that ask next to nothing. */
import { error, type Finding, type Placed, warning } from "./finding.ts";

/** Fields in which a star is a letter like any other. */
const LITERAL: readonly string[] = [
  "sources",
  "buildTypes",
  "verifiers",
  "purls",
  "packageIds",
  "scanners",
  "predicateTypes",
];

/** Kinds that say something only by these fields; each alone is enough. */
const SUBSTANCE: Readonly<Record<string, readonly string[]>> = {
  predicate: ["fields"],
  sbom: ["forbid", "components", "licences", "fields"],
};

export function lintContent({ asked, at }: Placed): readonly Finding[] {
  const fields = Object.entries(asked);
  const stars = fields.flatMap(([name, value]) =>
    LITERAL.includes(name) && Array.isArray(value)
      ? value.flatMap((one, index) => (String(one).includes("*") ? [literal(`${at}.${name}[${index}]`)] : []))
      : [],
  );
  const substance = SUBSTANCE[asked.type];
  const isEmpty = substance !== undefined && !fields.some(([name]) => substance.includes(name));
  const says = `whatever such an attestation says is accepted; ${substance?.join(", ")} would ask for something`;
  return [
    ...stars,
    ...(isEmpty ? [warning("asks-nothing", at, says)] : []),
    ...fields.flatMap(([name, value]) =>
      name === "bindVersion" && value === false
        ? [warning("any-version", `${at}.bindVersion`, "an attestation of one version is taken for every other")]
        : [],
    ),
  ];
}

export function literal(at: string): Finding {
  return error("literal-star", at, "here * is a letter like any other, which no such name has: this never matches");
}
