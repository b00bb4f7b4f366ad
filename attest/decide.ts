/**
 * From what the evidence file proves to a decision: pure, total, and it looks at every check it can, so that a person
 * sees all that is wrong at once. At least one evidence rule of the policy must speak of this module on this device, and
 * every rule that does must be satisfied; so adding a rule can only narrow. Adding evidence can only help, but for layouts:
 * a link of a party that a step names speaks against it when it differs.
 */
import type { Wish } from "../runtime/kernel/authority/capability.ts";
import type { DeviceFacts } from "../runtime/kernel/authority/ceiling.ts";
import { matchesDevice, matchesModule } from "../runtime/kernel/authority/ceiling.ts";
import type { Candidate, Circumstances } from "./candidate.ts";
import type { Item } from "./evidence.ts";
import { fault } from "./faults.ts";
import type { Identity } from "./identity.ts";
import type { Asked, EvidenceRule, Policy } from "./policy.ts";
import { isBuilder } from "./predicate/provenance.ts";
import { PROVENANCE_TYPES, type ProvenanceFacts, parseProvenance } from "./provenance.ts";
import { passed, placed, type Reason, refused } from "./reasons.ts";
import { type Met, meetRequirement } from "./requirement.ts";
import { believed, revokedFile } from "./revocation.ts";
import { shortForm } from "./short-form.ts";
import type { Artifact } from "./statement.ts";

/** The release that asks to be admitted, where, and when. */
export interface Question {
  /** Code and manifest, the code first. */
  readonly artifacts: readonly Artifact[];
  readonly module: {
    readonly team: string;
    readonly name: string;
    readonly version: string;
    /** Of the manifest; unless they are given, a rule that asks for capabilities is taken to match. */
    readonly capabilities?: readonly Wish[];
    /** Regions in which its data may be; anywhere unless given. */
    readonly regions?: readonly string[];
  };
  readonly device: DeviceFacts;
  readonly policy: Policy;
  /** The time that the board believes in, ms. */
  readonly nowMs: number;
  /**
   * It was admitted and runs: what has only become too old since, or is revoked with `running: "flag"`, is reported and
   * does not stop it.
   */
  readonly running?: boolean;
}

export interface Decision {
  readonly accepted: boolean;
  /** Always the same checks in the same order for the same evidence and policy. */
  readonly reasons: readonly Reason[];
  /** Of the accepted provenance; of a release that is refused, of the first there is. */
  readonly provenance?: ProvenanceFacts;
  /** The first that a certificate names, of the same. */
  readonly signer?: Identity;
  /** Until when it is accepted, ms, if age counts. */
  readonly untilMs?: number;
}

export function decide(items: readonly Item[], question: Question): Decision {
  const { policy, running = false } = question;
  const doubted: Reason[] = [];
  const candidates: Candidate[] = [];
  for (const { index, candidate } of items) {
    if (candidate === undefined) continue;
    const { candidate: left, revocations } = believed(candidate, policy, running);
    if (left !== undefined) candidates.push(left);
    for (const { fault: why, running: then } of revocations) {
      doubted.push(placed(refused("revocation", why, running && then === "flag"), { evidence: index }));
    }
  }
  const rules = matchingRules(question);
  const circumstances: Circumstances = {
    nowMs: question.nowMs,
    module: question.module,
    artifacts: question.artifacts,
    levelOf: (builder) =>
      Math.max(0, ...(policy.builders ?? []).map(({ id, level }) => (isBuilder(builder, id) ? level : 0))),
  };
  const met = rules.flatMap(({ index, ...rule }) =>
    [...shortForm(rule), ...(rule.require ?? [])].map((one, at) => {
      const result = meetRequirement(one, candidates, { policy, circumstances, running });
      return { ...result, reasons: result.reasons.map((reason) => placed(reason, { rule: index, requirement: at })) };
    }),
  );
  const decisive = [
    ruled(rules, question),
    unrevoked(question),
    ...located(rules, question),
    ...met.flatMap((one) => one.reasons),
    covered(met, question.artifacts),
  ];
  const untils = met.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  const accepted = decisive.every((one) => one.passed);
  const used = met.flatMap((one) => one.used);
  // Of a release that is accepted nothing is told that only a stranger in the file claims.
  const telling = accepted ? used : [...used, ...candidates];
  const provenance = provenanceOf(telling);
  const signer = telling.flatMap((one) => one.signers).find((one) => "identity" in one);
  return {
    accepted,
    reasons: [...items.flatMap((one) => one.reasons), ...doubted, ...decisive],
    ...(provenance === undefined ? {} : { provenance }),
    ...(signer === undefined ? {} : { signer: signer.identity }),
    ...(untils.length === 0 ? {} : { untilMs: Math.min(...untils) }),
  };
}

interface MatchedRule extends EvidenceRule {
  /** Its place in the policy. */
  readonly index: number;
}

function matchingRules({ policy, device, module }: Question): readonly MatchedRule[] {
  return policy.evidence
    .map((rule, index) => ({ ...rule, index }))
    .filter((rule) => matchesDevice(rule.devices, device) && matchesModule(rule.modules, module))
    .filter(({ asks }) => asks === undefined || (module.capabilities?.some((one) => isAsked(one, asks)) ?? true));
}

function isAsked(wish: Wish, asks: readonly Asked[]): boolean {
  return asks.some(({ cap, dir, mode }) => {
    if (cap !== wish.cap) return false;
    if (dir !== undefined && !(wish.cap === "gpio" && wish.dir === dir)) return false;
    // Who may write in a directory may read it as well.
    return mode === undefined || (wish.cap === "dir" && (wish.mode === mode || mode === "ro"));
  });
}

function ruled(rules: readonly MatchedRule[], { device, module }: Question): Reason {
  const { team, name, version } = module;
  const facts = { team, name, version, device: device.id, class: device.class, region: device.region };
  if (rules.length === 0) return refused("rule", fault("ATTEST_NO_RULE", facts));
  const indices = rules.map((rule) => String(rule.index));
  const text = "the policy says which evidence this module needs on this device";
  return passed("rule", text, { ...facts, rules: indices });
}

function unrevoked({ artifacts, policy, running = false }: Question): Reason {
  const entry = revokedFile(artifacts, policy);
  if (entry === undefined) return passed("revocation", "no file of the release is revoked");
  return refused("revocation", entry.fault, running && entry.running === "flag");
}

/** The regions of the manifest and of every matching rule must hold the device's. */
function located(rules: readonly MatchedRule[], { module, device }: Question): readonly Reason[] {
  const named = [module.regions, ...rules.map((rule) => rule.regions)].flatMap((one) =>
    one === undefined ? [] : [one],
  );
  if (named.length === 0) return [];
  const excluding = named.find((one) => !one.includes(device.region));
  const facts = { region: device.region };
  if (excluding === undefined) return [passed("region", "the module may be where the device is", facts)];
  return [refused("region", fault("ATTEST_REGION", { ...facts, device: device.id, expected: excluding }))];
}

/** The manifest says what the code may touch: an attestation of the code alone is not enough. */
function covered(met: readonly Met[], artifacts: readonly Artifact[]): Reason {
  if (met.some((one) => one.coversAll)) return passed("manifest", "an accepted statement speaks of all files");
  if (met.length === 0 || met.some((one) => one.reasons.some((reason) => !reason.passed))) {
    return { check: "manifest", passed: false, text: "not examined, because a check before it failed", facts: {} };
  }
  const missing = artifacts.slice(1).map((one) => `${one.name} (sha256 ${one.sha256})`);
  return refused("manifest", fault("ATTEST_SUBJECT_MISMATCH", { missing, subjects: 0 }));
}

function provenanceOf(telling: readonly Candidate[]): ProvenanceFacts | undefined {
  const said = telling.find((one) => PROVENANCE_TYPES.includes(one.statement.predicateType));
  const parsed =
    said === undefined ? undefined : parseProvenance(said.statement.predicate, said.statement.predicateType);
  return parsed?.ok ? parsed.value : undefined;
}
