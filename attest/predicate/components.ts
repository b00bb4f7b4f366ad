/**
 * What is inside, by a software bill of materials: SPDX 2.2 and 2.3, and CycloneDX 1.4 to 1.6, both as JSON, as one list
 * of components. Whatever the document describes besides (files, relationships, services) is not read. Nested components
 * of CycloneDX are walked with a list of their own, not by recursion.
 */
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { anything, array, object, optional, parseShape, type Shape, string } from "../../runtime/kernel/shape.ts";
import type { Statement } from "../statement.ts";
import { nullable, tolerant } from "../tolerant.ts";
import { fault } from "./faults.ts";
import { once } from "./once.ts";
import { parsePurl } from "./purl.ts";

export const SBOM_TYPES: readonly string[] = [
  "https://spdx.dev/Document",
  "https://spdx.dev/Document/v2.2",
  "https://spdx.dev/Document/v2.3",
  "https://cyclonedx.org/bom",
  "https://cyclonedx.org/bom/v1.4",
  "https://cyclonedx.org/bom/v1.5",
  "https://cyclonedx.org/bom/v1.6",
];
export const COMPONENTS_MAX = 20_000;
/** Each is compared with every version that an owner forbids of it. */
export const NAMESAKES_MAX = 500;

/** A licence as an SPDX expression, or by a name of its own. */
export type Licence = { readonly expression: string } | { readonly name: string };

export interface Component {
  /** For people: name and version as written. */
  readonly label: string;
  /** In lower case; with a group or scope also `group/name`. */
  readonly names: readonly string[];
  /** `type/namespace/name` in lower case. */
  readonly packageKey?: string;
  /** As written beside the name and in the package URL: none, one, or two that differ. */
  readonly versions: readonly string[];
  /** All of them apply. Empty where nothing is said. */
  readonly licences: readonly Licence[];
}

export interface Materials {
  readonly format: "spdx" | "cyclonedx";
  /** Of the format: `2.3`, `1.5`. */
  readonly version: string;
  readonly components: readonly Component[];
}

const text = optional(nullable(string({ max: 2000 })));
const list = <T>(item: Shape<T>, max = COMPONENTS_MAX) => optional(nullable(array(item, { max })));

const spdxShape = tolerant({
  spdxVersion: string({ max: 20 }),
  packages: list(
    tolerant({
      name: string({ min: 1, max: 2000 }),
      versionInfo: text,
      licenseConcluded: text,
      licenseDeclared: text,
      externalRefs: list(
        tolerant({ referenceType: string({ max: 200 }), referenceLocator: string({ max: 4000 }) }),
        1000,
      ),
    }),
  ),
});

const cycloneComponent = tolerant({
  name: string({ min: 1, max: 2000 }),
  group: text,
  version: text,
  purl: text,
  licenses: list(tolerant({ expression: text, license: optional(nullable(tolerant({ id: text, name: text }))) }), 100),
  components: list(anything),
});
const cycloneShape = tolerant({
  bomFormat: string({ max: 20 }),
  specVersion: string({ max: 20 }),
  metadata: optional(nullable(tolerant({ component: optional(nullable(anything)) }))),
  components: list(anything),
});

/** Refuses with ATTEST_PREDICATE_INVALID: of another format or version, malformed, too large, or without a component. */
export const parseMaterials: (statement: Statement) => Result<Materials, Fault> = once(readMaterials);

function readMaterials({ predicateType: type, predicate }: Statement): Result<Materials, Fault> {
  const refuse = (reason: string, cause?: unknown) => err(fault("ATTEST_PREDICATE_INVALID", { type, reason }, cause));
  const parsed = type.startsWith("https://spdx.dev/") ? readSpdx(predicate) : readCyclone(predicate);
  if (!parsed.ok) return refuse(reasonOf(parsed.error), parsed.error);
  if (typeof parsed.value === "string") return refuse(parsed.value);
  const { components } = parsed.value;
  // Whoever looked has found at least the thing itself.
  if (components.length === 0) return refuse("it lists no component");
  const crowded = crowdedName(components);
  return crowded === undefined ? ok(parsed.value) : refuse(`it has more than ${NAMESAKES_MAX} components ${crowded}`);
}

function crowdedName(components: readonly Component[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { names, packageKey } of components) {
    for (const name of packageKey === undefined ? names : [...names, `pkg:${packageKey}`]) {
      const count = (counts.get(name) ?? 0) + 1;
      if (count > NAMESAKES_MAX) return name;
      counts.set(name, count);
    }
  }
  return undefined;
}

/** The text says what is wrong. */
type Read = Result<Materials | string, Fault>;

function readSpdx(predicate: unknown): Read {
  const parsed = parseShape(object({ predicate: spdxShape }), { predicate }, "the SPDX document");
  if (!parsed.ok) return parsed;
  const { spdxVersion, packages = [] } = parsed.value.predicate;
  const version = /^SPDX-(2\.[23])$/.exec(spdxVersion)?.[1];
  if (version === undefined) return ok(`it is ${spdxVersion}, not SPDX-2.2 or SPDX-2.3`);
  const components: Component[] = [];
  for (const { name, versionInfo, licenseConcluded, licenseDeclared, externalRefs = [] } of packages) {
    const purls = externalRefs.filter((one) => one.referenceType === "purl").map((one) => one.referenceLocator);
    const licences = [licenseConcluded, licenseDeclared].flatMap((one) => (isSaid(one) ? [{ expression: one }] : []));
    // Several package URLs are several names of it: one entry for each.
    for (const purl of purls.length === 0 ? [undefined] : purls) {
      const component = componentOf({ name, version: versionInfo, purl, licences });
      if (component === undefined) return ok(`the package URL ${purl} cannot be read`);
      if (components.push(component) > COMPONENTS_MAX) return ok(`it has more than ${COMPONENTS_MAX} components`);
    }
  }
  return ok({ format: "spdx", version, components });
}

function readCyclone(predicate: unknown): Read {
  const parsed = parseShape(object({ predicate: cycloneShape }), { predicate }, "the CycloneDX document");
  if (!parsed.ok) return parsed;
  const { bomFormat, specVersion, metadata, components: top = [] } = parsed.value.predicate;
  if (bomFormat !== "CycloneDX") return ok(`its bomFormat is ${bomFormat}, not CycloneDX`);
  if (!/^1\.[456]$/.test(specVersion)) return ok(`it is CycloneDX ${specVersion}, not 1.4, 1.5 or 1.6`);
  const itself = metadata?.component;
  const waiting: unknown[] = itself === undefined ? [...top] : [itself, ...top];
  const components: Component[] = [];
  for (let next = 0; next < waiting.length; next += 1) {
    if (waiting.length > COMPONENTS_MAX) return ok(`it has more than ${COMPONENTS_MAX} components`);
    const one = parseShape(object({ component: cycloneComponent }), { component: waiting[next] }, "the document");
    if (!one.ok) return one;
    const { name, group, version, purl, licenses = [], components: inner = [] } = one.value.component;
    const licences = licenses.flatMap(licenceOf);
    const component = componentOf({ name, group, version, purl, licences });
    if (component === undefined) return ok(`the package URL ${purl} cannot be read`);
    components.push(component);
    for (const each of inner) waiting.push(each);
  }
  return ok({ format: "cyclonedx", version: specVersion, components });
}

type CycloneLicence = {
  readonly expression?: string;
  readonly license?: { readonly id?: string; readonly name?: string };
};

/** An entry that says nothing stands for a licence of which nothing is known. */
function licenceOf({ expression, license }: CycloneLicence): readonly Licence[] {
  const { id, name } = license ?? {};
  const said = [expression, id].filter((one) => one !== undefined).map((one) => ({ expression: one }));
  if (name !== undefined) return [...said, { name }];
  return said.length === 0 ? [{ name: "" }] : said;
}

interface Written {
  readonly name: string;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly purl?: string | undefined;
  readonly licences: readonly Licence[];
}

/** Undefined when it has a package URL that cannot be read: it could be any package. */
function componentOf({ name, group = "", version = "", purl = "", licences }: Written): Component | undefined {
  const parsed = purl === "" ? undefined : parsePurl(purl);
  if (purl !== "" && parsed === undefined) return undefined;
  const names = [name, ...(group === "" ? [] : [`${group}/${name}`])].map((one) => one.toLowerCase());
  const versions = [...new Set([version, parsed?.version ?? ""])].filter((one) => one !== "");
  const label = version === "" ? name : `${name} ${version}`;
  return { label, names, versions, licences, ...(parsed === undefined ? {} : { packageKey: parsed.key }) };
}

/** SPDX writes NOASSERTION where nobody looked. NONE says that there is no licence, and is kept. */
function isSaid(licence: string | undefined): licence is string {
  return licence !== undefined && licence !== "" && licence !== "NOASSERTION";
}
