/** A policy's parts as English: who, what and under which conditions. */
import type { NamedIdentity } from "../identity.ts";
import { policyKey, quorumOf } from "../parties.ts";
import type { Policy } from "../policy.ts";
import type { Asked } from "./finding.ts";

/** What each kind of requirement asks for. */
const KINDS: Readonly<Record<string, string>> = {
  provenance: "SLSA provenance",
  vsa: "a verification summary (VSA)",
  sbom: "a bill of materials (SBOM)",
  vulns: "a vulnerability scan",
  "test-result": "a test result",
  release: "a release attestation",
  scai: "an attribute report (SCAI)",
  layout: "the steps of a layout",
  predicate: "an attestation",
};

export function sayKind(type: string): string {
  return KINDS[type] ?? `an attestation of kind ${type}`;
}

/** A party or somebody named in place, with the names that count as theirs. */
export interface Who {
  /** Empty for those named in place. */
  readonly party: string;
  readonly names: readonly string[];
}

export interface Need {
  readonly type: string;
  readonly what: string;
  /** So many of `who` must each have signed. */
  readonly threshold: number;
  readonly who: readonly Who[];
  /** Further conditions, each a clause as in `built from …`. */
  readonly conditions: readonly string[];
}

export function sayNeed(asked: Asked, policy: Policy): Need {
  const { parties = [] } = policy;
  const quorum = quorumOf(asked, parties);
  const places = asked.parties?.map((name) => parties.find((one) => one.name === name)) ?? [asked];
  return {
    type: asked.type,
    what: sayKind(asked.type),
    threshold: quorum.threshold,
    who:
      asked.type === "layout"
        ? []
        : places.flatMap((one, index) =>
            one === undefined
              ? []
              : [
                  {
                    party: quorum.parties[index]?.name ?? "",
                    names: [...(one.identities ?? []).map(sayIdentity), ...(one.keys ?? []).map(sayKey)],
                  },
                ],
          ),
    conditions: asked.layout === undefined ? conditionsOf(asked) : stepsOf(asked.layout, policy),
  };
}

function stepsOf(name: string, { layouts = [] }: Policy): readonly string[] {
  const layout = layouts.find((one) => one.name === name);
  return (layout?.steps ?? []).map(({ name: step, parties, threshold = 1, materials, products }) => {
    const by = parties.length === 1 ? parties.join("") : `${threshold} of ${parties.join(", ")}`;
    const rules = [sayRules("materials", materials), sayRules("products", products)];
    return [`${step}, carried out by ${by}`, ...rules.filter((one) => one !== "")].join("; ");
  });
}

function sayRules(of: string, rules: readonly (readonly string[])[] = []): string {
  return rules.length === 0 ? "" : `${of} ${rules.map((words) => words.join(" ")).join(", ")}`;
}

export function sayIdentity({ issuer, subject, subjectPattern, certificate = {} }: NamedIdentity): string {
  const facts = Object.entries(certificate).map(([name, value]) => `, ${name} ${value}`);
  return `${subject ?? `any of ${subjectPattern ?? ""}`} (by ${issuer}${facts.join("")})`;
}

export function sayKey(pem: string): string {
  return `key ${policyKey(pem).keyId.slice(0, 16)}…`;
}

const list = (value: unknown): string => (Array.isArray(value) ? value.map(plain).join(" or ") : plain(value));
const all = (value: unknown): string => (Array.isArray(value) ? value.map(plain).join(" and ") : plain(value));
const days = (value: unknown): string => (value === 1 ? "1 day" : `${plain(value)} days`);

/** How a field reads; one that is not here reads as its name and value. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  builders: (value) => `built by ${list(value)}`,
  sources: (value) => `built from ${list(value)}`,
  buildTypes: (value) => `built as ${list(value)}`,
  level: (value) => `the builder believed at SLSA Build level ${plain(value)} or above`,
  refs: (value) => `from ${list(value)}`,
  tagIsVersion: () => "the source's tag is the module's version",
  parameters: (value) => `with the parameters ${plain(value)}`,
  workflowInputs: (value) => `with the inputs ${plain(value)}`,
  about: (value) => (value === "module" ? "it may speak of the code alone" : "it must speak of code and manifest"),
  maxAgeDays: (value) => `signed within ${days(value)}`,
  verifiers: (value) => `verified by ${list(value)}`,
  levels: (value) => `with the levels ${all(value)}`,
  resource: (value) => `about the resource ${plain(value)}`,
  policyDigest: (value) => `by the policy with sha256 ${plain(value)}`,
  maxVerifiedAgeDays: (value) => `verified within ${days(value)}`,
  maxSeverity: (value) => (value === "none" ? "no vulnerability" : `no vulnerability worse than ${plain(value)}`),
  scanners: (value) => `scanned by ${list(value)}`,
  scannedWithinDays: (value) => `scanned within ${days(value)}`,
  purls: (value) => `as the package ${list(value)}`,
  packageIds: (value) => `with the package id ${list(value)}`,
  bindVersion: (value) => (value === false ? "of any version" : "of the module's version"),
  predicateTypes: (value) => `of the type ${list(value)}`,
  formats: (value) => `in the format ${list(value)}`,
  configurations: (value) => `in the configurations ${all(value)}`,
  tests: (value) => `with the tests ${all(value)} passed`,
  mayFail: (value) => `where ${all(value)} may fail`,
  warnings: (value) => (value === true ? "warnings are accepted" : "without warnings"),
};

/** What one item of a list says; every item is a condition of its own. */
const EACH: Readonly<Record<string, (item: unknown) => string>> = {
  forbid: (item) => `without the component ${plain(item)}`,
  components: (item) => `with the component ${plain(item)}`,
  attributes: (item) => `asserting ${plain(item)}`,
  except: (item) => `but for ${plain(item)}`,
  fields: (item) => `with ${plain(item)}`,
};

const COMMON: readonly string[] = ["steps", "type", "identities", "keys", "parties", "threshold"];

export function conditionsOf(asked: Asked): readonly string[] {
  return Object.entries(asked)
    .filter(([name]) => !COMMON.includes(name))
    .flatMap(([name, value]) => {
      const each = EACH[name];
      if (each !== undefined && Array.isArray(value)) return value.map(each);
      return [WORDS[name]?.(value) ?? `${name} ${plain(value)}`];
    });
}

/** Scalars as they are, objects as `name value, name value`. */
export function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${plain(one)}`)
    .join(", ");
}
