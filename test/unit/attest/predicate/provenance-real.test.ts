/**
 * The provenance in slsa-verifier's real bundles (SALLYPORT_SUITES, default ../shared/data beside the repository), each
 * against the certificate that really signed it: what is read, and that no fact of either can be exchanged.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../../../attest/candidate.ts";
import type { CertificateFacts } from "../../../../attest/certificate.ts";
import { parseTrustedRoot, verifyBundle } from "../../../../attest/index.ts";
import { examineProvenance, provenanceFields } from "../../../../attest/predicate/provenance.ts";
import { PROVENANCE_TYPES, parseProvenance } from "../../../../attest/provenance.ts";
import { parseStatement } from "../../../../attest/statement.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { publicGoodRoot } from "../../../conformance/sigstore/seed.ts";
import { asked, circumstances, refusals } from "./statements.ts";

const { SALLYPORT_SUITES = "../shared/data" } = process.env;
const SLSA = join(resolve(import.meta.dirname, "../../../..", SALLYPORT_SUITES), "slsa");
const missing = !existsSync(SLSA);
const said = missing ? ` (SKIPPED: ${SLSA} is not there)` : "";

interface Real extends Candidate {
  readonly file: string;
  readonly certificate: CertificateFacts;
}

/** Bundles of provenance whose signature holds; npm's files hold a list of bundles. */
function readAll(): readonly Real[] {
  const trust = unwrap(parseTrustedRoot(publicGoodRoot()));
  const files = readdirSync(SLSA, { recursive: true, encoding: "utf8" }).sort();
  return files
    .filter((file) => /\.(?:slsa|json|jsonl)$/.test(file) && !file.includes("invalidsig"))
    .flatMap((file) => {
      const json = JSON.parse(readFileSync(join(SLSA, file), "utf8"));
      const bundles: unknown[] = json.attestations?.map((one: { bundle: unknown }) => one.bundle) ?? [json];
      return bundles.flatMap((bundle) => {
        const verified = verifyBundle(Buffer.from(JSON.stringify(bundle)), trust);
        if (!verified.ok) return [];
        const { signer: identity, certificate, payload, signedTimesMs } = verified.evidence;
        const statement = unwrap(parseStatement(payload));
        if (!PROVENANCE_TYPES.includes(statement.predicateType)) return [];
        return [{ file, index: 0, statement, signers: [{ identity, certificate }], signedTimesMs, certificate }];
      });
    });
}

const real = missing ? [] : readAll();
const short = (uri: string) => uri.replace("https://github.com/", "").replace("/.github/workflows/", " ");

describe(`the provenance of real builders${said}`, () => {
  it.skipIf(missing)("is read: builder, source, ref and trigger of each", () => {
    const read = real.map(({ statement }) => {
      const facts = unwrap(parseProvenance(statement.predicate, statement.predicateType));
      return [facts.builderId, facts.sourceUri, facts.sourceRef, facts.trigger]
        .map((one) => short(one ?? "-"))
        .join(" ");
    });
    const tagged = (builder: string) => [
      `${builder}@refs/tags/v2.1.0 git+slsa-framework/example-package refs/heads/main workflow_dispatch`,
      ...["v13.0.30", "v14", "v14.2"].map(
        (tag) => `${builder}@refs/tags/v2.1.0 git+slsa-framework/example-package refs/tags/${tag} push`,
      ),
    ];
    expect([...new Set(read)].sort()).toEqual([
      "actions/runner git+laurentsimon/provenance-npm-test refs/heads/main workflow_dispatch",
      "actions/runner git+trishankatdatadog/supreme-goggles refs/tags/v1.0.5 release",
      "actions/runner/github-hosted ramonpetgrave64/gundam-visor refs/tags/v1.0.1 release",
      "actions/runner/github-hosted sigstore/sigstore-js refs/heads/main push",
      ...tagged("slsa-framework/example-trw builder_high-perms_slsa3.yml"),
      ...tagged("slsa-framework/slsa-github-generator builder_container-based_slsa3.yml"),
      "slsa-framework/slsa-github-generator builder_nodejs_slsa3.yml@refs/tags/v1.6.0 git+laurentsimon/provenance-npm-test refs/heads/main workflow_dispatch",
      "slsa-framework/slsa-github-generator generator_generic_slsa3.yml@refs/tags/v2.1.0 git+slsa-framework/example-package refs/tags/v14.2 push",
    ]);
  });

  it.skipIf(missing)("agrees with its certificate, and would not with another", () => {
    expect(real.length).toBeGreaterThanOrEqual(14);
    for (const one of real) {
      const facts = unwrap(parseProvenance(one.statement.predicate, one.statement.predicateType));
      const want = asked(provenanceFields, { builders: [facts.builderId], sources: [facts.sourceUri] });
      const examine = (changes: CertificateFacts) => {
        const signers = one.signers.map((signer) => ({ ...signer, certificate: { ...one.certificate, ...changes } }));
        return refusals(examineProvenance(want, { ...one, signers }, circumstances()));
      };
      expect(examine({}), one.file).toEqual([]);
      for (const fact of ["sourceRepositoryUri", "sourceRepositoryRef", "sourceRepositoryDigest"] as const) {
        const refused = ["certificate-source: ATTEST_CERTIFICATE_DIFFERS"];
        expect(examine({ [fact]: `${one.certificate[fact]}x` }), `${one.file} ${fact}`).toEqual(refused);
      }
      expect(examine({ runInvocationUri: "https://github.com/a/b/actions/runs/1/attempts/1" })).toHaveLength(1);
    }
  });

  it.skipIf(missing)("gives the inputs of a workflow that was started by hand", () => {
    const envelope = JSON.parse(readFileSync(join(SLSA, "workflow-inputs.intoto.jsonl"), "utf8"));
    const statement = unwrap(parseStatement(Buffer.from(envelope.payload, "base64")));
    const { builderId, sourceUri } = unwrap(parseProvenance(statement.predicate, statement.predicateType));
    const examine = (workflowInputs: object) => {
      const want = asked(provenanceFields, { builders: [builderId], sources: [sourceUri], workflowInputs });
      return refusals(
        examineProvenance(want, { index: 0, statement, signers: [], signedTimesMs: [] }, circumstances()),
      );
    };
    expect(examine({ some_bool: "true", some_integer: "123" })).toEqual([]);
    expect(examine({ some_integer: "124" })).toEqual(["parameters: ATTEST_PARAMETERS"]);
    expect(examine({ some_string: "" })).toEqual(["parameters: ATTEST_PARAMETERS"]);
  });
});
