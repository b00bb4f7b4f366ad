/**
 * Does the provenance say what the certificate says? Fulcio takes repository, commit, ref, workflow and run from the
 * identity provider's token, so a workflow that signs cannot choose them; the provenance it signs is free text. Compared
 * is what both say (sigstore/fulcio, docs/oid-info.md; slsa-verifier compares the same for builders that can be forged).
 */
import type { CertificateFacts } from "../certificate.ts";
import { matchesPattern } from "../pattern.ts";
import { commitOf, type ProvenanceFacts } from "../provenance.ts";
import { parseSource } from "./source.ts";

/** What both of them say and not alike, as `what: the certificate's, not the provenance's`; empty if they agree. */
export function differencesOf(certificate: CertificateFacts, facts: ProvenanceFacts): readonly string[] {
  const { sourceRepositoryUri, buildSignerUri } = certificate;
  const pairs: readonly (readonly [string, string | undefined, string | undefined, boolean])[] = [
    ["source", sourceRepositoryUri, facts.sourceUri, parseSource(facts.sourceUri).repository === sourceRepositoryUri],
    equal("ref", certificate.sourceRepositoryRef, facts.sourceRef),
    equal("commit", certificate.sourceRepositoryDigest, commitOf(facts.sourceDigest)),
    ["builder", buildSignerUri, facts.builderId, isBuilder(facts.builderId, buildSignerUri ?? "")],
    [
      "runner",
      certificate.runnerEnvironment,
      facts.builderId,
      isRunner(facts.builderId, certificate.runnerEnvironment),
    ],
    ["workflow", certificate.buildConfigUri, facts.workflowPath, isWorkflow(facts.workflowPath ?? "", certificate)],
    ["run", certificate.runInvocationUri, facts.invocationId, isRun(facts.invocationId ?? "", certificate)],
    equal("trigger", certificate.buildTrigger, facts.trigger),
  ];
  return pairs.flatMap(([what, certified, said, agrees]) =>
    certified === undefined || said === undefined || agrees ? [] : [`${what}: ${certified}, not ${said}`],
  );
}

function equal(what: string, certified: string | undefined, said: string | undefined) {
  return [what, certified, said, certified === said] as const;
}

const WORKFLOWS = "/.github/workflows/";
const GENERATOR = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows";
/** They sign for the reusable workflow that called them, and name that one as the builder. */
const DELEGATORS = ["delegator_generic_slsa3.yml", "delegator_lowperms-generic_slsa3.yml"].map(
  (one) => `${GENERATOR}/${one}@refs/tags/v*`,
);

/** A builder that is named as a workflow is the workflow that signed. Other names are the owner's and the builder's affair. */
function isBuilder(builderId: string, signer: string): boolean {
  if (!builderId.includes(WORKFLOWS) || builderId === signer) return true;
  return DELEGATORS.some((one) => matchesPattern(signer, one));
}

const RUNNER = "https://github.com/actions/runner";

/** npm's and GitHub's own builder is the runner; the name without a word after it is from when all of them were hosted. */
function isRunner(builderId: string, environment: string | undefined): boolean {
  if (builderId !== RUNNER && !builderId.startsWith(`${RUNNER}/`)) return true;
  return (builderId === RUNNER ? "github-hosted" : builderId.slice(RUNNER.length + 1)) === environment;
}

/** Only for GitHub's files: GitLab's runner writes a job's name in the same place. */
function isWorkflow(path: string, { sourceRepositoryUri, buildConfigUri }: CertificateFacts): boolean {
  if (!`/${path}`.startsWith(WORKFLOWS) || sourceRepositoryUri === undefined) return true;
  return buildConfigUri?.startsWith(`${sourceRepositoryUri}/${path}@`) === true;
}

/** Either the run's address, with or without the attempt, or `RUN-ATTEMPT` as npm and the generators wrote it for v0.2. */
function isRun(id: string, { runInvocationUri = "" }: CertificateFacts): boolean {
  if (id.startsWith("https://")) return runInvocationUri === id || runInvocationUri.startsWith(`${id}/attempts/`);
  const [, run, attempt] = /^(\d+)-(\d+)$/.exec(id) ?? [];
  return run === undefined || runInvocationUri.endsWith(`/actions/runs/${run}/attempts/${attempt}`);
}
