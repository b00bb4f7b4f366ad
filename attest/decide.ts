/**
 * From what a bundle proves to a decision: pure, total, and it looks at every check it can, so that a person sees all
 * that is wrong at once. At least one evidence rule of the policy must speak of this module on this device, and every
 * rule that does must be satisfied; so adding a rule can only narrow.
 */
import type { DeviceFacts } from "../runtime/kernel/authority/ceiling.ts";
import { matchesDevice, matchesModule } from "../runtime/kernel/authority/ceiling.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import { fault } from "./faults.ts";
import { type Identity, isNamed } from "./identity.ts";
import type { EvidenceRule, Policy } from "./policy.ts";
import { PROVENANCE_TYPE, type ProvenanceFacts, parseProvenance } from "./provenance.ts";
import { type Check, passed, type Reason, refused, unexamined } from "./reasons.ts";
import { type Artifact, checkStatementType, checkSubjects, parseStatement, type Statement } from "./statement.ts";
import { type Evidence, STAGES, type Verification } from "./verify.ts";

/** The release that asks to be admitted, and where. */
export interface Question {
  readonly artifacts: readonly Artifact[];
  readonly module: { readonly team: string; readonly name: string; readonly version: string };
  readonly device: DeviceFacts;
  readonly policy: Policy;
}

export interface Decision {
  /** Always the same checks in the same order. */
  readonly reasons: readonly Reason[];
  readonly provenance?: ProvenanceFacts;
}

interface MatchedRule extends EvidenceRule {
  /** Its place in the policy, for messages. */
  readonly index: number;
}

export function decide(verification: Verification, question: Question): Decision {
  const rules = matchingRules(question);
  const evidence = verification.ok ? verification.evidence : undefined;
  const statement = evidence && parseStatement(evidence.payload);
  const said = statement?.ok ? statement.value : undefined;
  const isProvenance = said?.predicateType === PROVENANCE_TYPE;
  const provenance = isProvenance ? parseProvenance(said.predicate) : undefined;
  const facts = provenance?.ok ? provenance.value : undefined;
  const reasons = [
    ...verified(verification),
    ruled(rules, question),
    identified(rules, evidence?.signer),
    statement?.ok === false ? refused("statement", statement.error) : stated(said),
    covered(said, question.artifacts),
    predicated(said),
    provenance?.ok === false ? refused("provenance", provenance.error) : proven(facts),
    among("builder", "ATTEST_BUILDER", rules, facts?.builderId, (rule) => rule.builders),
    among("source", "ATTEST_SOURCE", rules, facts?.sourceUri, (rule) => rule.sources),
    among("build-type", "ATTEST_BUILD_TYPE", rules, facts?.buildType, (rule) => rule.buildTypes),
  ];
  return { reasons, ...(facts === undefined ? {} : { provenance: facts }) };
}

function matchingRules({ policy, device, module }: Question): readonly MatchedRule[] {
  return policy.evidence
    .map((rule, index) => ({ ...rule, index }))
    .filter((rule) => matchesDevice(rule.devices, device) && matchesModule(rule.modules, module));
}

/** The stages of the verification: those before the one that failed have passed, those after were not reached. */
function verified(verification: Verification): readonly Reason[] {
  if (verification.ok) return STAGES.map((stage) => passed(stage, ...proved(stage, verification.evidence)));
  const failed = STAGES.indexOf(verification.stage);
  return STAGES.map((stage, index) => {
    if (index === failed) return refused(stage, verification.fault);
    return index < failed ? passed(stage, ...proved(stage)) : unexamined(stage);
  });
}

function proved(stage: (typeof STAGES)[number], evidence?: Evidence): [string, Reason["facts"]?] {
  switch (stage) {
    case "bundle":
      return ["a Sigstore bundle around an in-toto statement"];
    case "timestamps": {
      const times = evidence?.signedTimesMs.map((ms) => new Date(ms).toISOString());
      return ["the time of signing is vouched for", times === undefined ? {} : { times }];
    }
    case "certificate":
      return ["the certificate is of a trusted authority, logged, and was valid at that time"];
    case "log":
      return ["a trusted log holds this envelope", evidence === undefined ? {} : { entries: evidence.logEntries }];
    case "signature":
      return ["the signature over the statement holds"];
    case "signer":
      return ["the certificate names one issuer and one subject", { ...evidence?.signer }];
  }
}

function ruled(rules: readonly MatchedRule[], { device, module }: Question): Reason {
  const { team, name, version } = module;
  const facts = { team, name, version, device: device.id, class: device.class, region: device.region };
  if (rules.length === 0) return refused("rule", fault("ATTEST_NO_RULE", facts));
  const indices = rules.map((rule) => String(rule.index));
  return passed("rule", "the policy says which evidence this module needs on this device", {
    ...facts,
    rules: indices,
  });
}

function identified(rules: readonly MatchedRule[], signer: Identity | undefined): Reason {
  if (signer === undefined) return unexamined("identity");
  return each("identity", rules, "the signer is named by every matching rule", { ...signer }, (rule) => {
    if (isNamed(signer, rule.identities)) return undefined;
    const expected = rule.identities.map((one) => `${one.subject ?? one.subjectPattern} (issuer ${one.issuer})`);
    return fault("ATTEST_IDENTITY_MISMATCH", { ...signer, rule: rule.index, expected });
  });
}

function stated(said: Statement | undefined): Reason {
  if (said === undefined) return unexamined("statement");
  const checked = checkStatementType(said);
  if (!checked.ok) return refused("statement", checked.error);
  return passed("statement", "the payload is an in-toto statement", { type: said._type });
}

function covered(said: Statement | undefined, artifacts: readonly Artifact[]): Reason {
  if (said === undefined) return unexamined("subjects");
  const checked = checkSubjects(said.subject, artifacts);
  if (!checked.ok) return refused("subjects", checked.error);
  const names = artifacts.map((one) => `${one.name} (sha256 ${one.sha256})`);
  return passed("subjects", "the statement speaks of exactly these bytes", { artifacts: names });
}

function predicated(said: Statement | undefined): Reason {
  if (said === undefined) return unexamined("predicate");
  const found = said.predicateType;
  if (found === PROVENANCE_TYPE) return passed("predicate", "the statement carries provenance", { type: found });
  return refused("predicate", fault("ATTEST_PREDICATE_TYPE", { found, expected: PROVENANCE_TYPE }));
}

function proven(facts: ProvenanceFacts | undefined): Reason {
  if (facts === undefined) return unexamined("provenance");
  const { builderId, sourceUri, buildType } = facts;
  return passed("provenance", "the provenance says who built what", { builderId, sourceUri, buildType });
}

/** Is `found`, letter by letter, in the list of every matching rule that has one? */
function among(
  check: Check,
  code: "ATTEST_BUILDER" | "ATTEST_SOURCE" | "ATTEST_BUILD_TYPE",
  rules: readonly MatchedRule[],
  found: string | undefined,
  listOf: (rule: MatchedRule) => readonly string[] | undefined,
): Reason {
  if (found === undefined) return unexamined(check);
  return each(check, rules, `the ${check} is named by every rule that asks`, { found }, (rule) => {
    const expected = listOf(rule);
    if (expected === undefined || expected.includes(found)) return undefined;
    return fault(code, { found, rule: rule.index, expected });
  });
}

/** Every matching rule must agree; none at all proves nothing. */
function each(
  check: Check,
  rules: readonly MatchedRule[],
  text: string,
  facts: Reason["facts"],
  refuse: (rule: MatchedRule) => Fault | undefined,
): Reason {
  if (rules.length === 0) return unexamined(check);
  const refusal = rules.map(refuse).find((one) => one !== undefined);
  return refusal === undefined ? passed(check, text, facts) : refused(check, refusal);
}
