/** One statement of each kind that a policy can ask for, and a requirement that it meets: where hostile predicates begin. */
import { moduleResource, vsaStatement } from "../../../attest/vsa.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { about } from "../../unit/attest/own-keys.ts";
import { CYCLONEDX, SPDX } from "../../unit/attest/predicate/sboms.ts";
import { ARTIFACTS, BUILDER, MODULE, SOURCE, statement } from "../../unit/attest/release.ts";

export interface Kind {
  readonly name: string;
  readonly payload: Uint8Array;
  /** Without its signers. */
  readonly requirement: { readonly type: string } & Readonly<Record<string, unknown>>;
}

const VERIFIER = "https://qa.example/verifier";
const SCANNER = "pkg:github/aquasecurity/trivy";
const FINISHED = "2026-11-20T10:00:00Z";
const PURL = `pkg:generic/${MODULE.team}/${MODULE.name}`;

/** `nowMs`: when they are judged. */
export function kinds(nowMs: number): readonly Kind[] {
  const verified = {
    artifacts: ARTIFACTS,
    verifier: { id: VERIFIER, version: { verifier: "2.1.0" } },
    verifiedMs: nowMs - 60_000,
    resourceUri: moduleResource(MODULE),
    policy: { uri: "https://qa.example/policy", sha256: sha256(new Uint8Array(1)) },
    inputs: [],
    result: "PASSED" as const,
    levels: ["SLSA_BUILD_LEVEL_3"],
  };
  const scan = {
    scanner: {
      uri: SCANNER,
      version: "0.58.1",
      db: { lastUpdate: FINISHED },
      result: [{ id: "CVE-2026-2", severity: [{ method: "nvd", score: "low" }] }],
    },
    metadata: { scanStartedOn: FINISHED, scanFinishedOn: FINISHED },
  };
  const run = { result: "PASSED", configuration: [{ name: "board.yml" }], passedTests: ["boots", "keeps time"] };
  const report = {
    attributes: [{ attribute: "REPRODUCIBLE", target: { name: "x" }, conditions: { level: 2 } }],
    producer: { uri: "file:///usr/bin/cc", name: "cc 14.2" },
  };
  const never = { name: "a-component-that-nobody-has", versions: [">=1"] };
  return [
    {
      name: "provenance",
      payload: statement(),
      requirement: { type: "provenance", builders: [BUILDER], sources: [SOURCE] },
    },
    {
      name: "a verification summary",
      payload: vsaStatement(verified),
      requirement: { type: "vsa", verifiers: [VERIFIER], levels: ["SLSA_BUILD_LEVEL_2"] },
    },
    {
      name: "a release",
      payload: about("https://in-toto.io/attestation/release/v0.2", { purl: `${PURL}@${MODULE.version}` }),
      requirement: { type: "release", purls: [PURL] },
    },
    {
      name: "SPDX",
      payload: about("https://spdx.dev/Document/v2.3", SPDX),
      requirement: { type: "sbom", forbid: [never] },
    },
    {
      name: "CycloneDX",
      payload: about("https://cyclonedx.org/bom/v1.6", CYCLONEDX),
      requirement: { type: "sbom", forbid: [never] },
    },
    {
      name: "a scan",
      payload: about("https://in-toto.io/attestation/vulns/v0.2", scan),
      requirement: { type: "vulns", maxSeverity: "low", scanners: [SCANNER] },
    },
    {
      name: "a test result",
      payload: about("https://in-toto.io/attestation/test-result/v0.1", run),
      requirement: { type: "test-result", tests: ["boots"], configurations: ["board.yml"] },
    },
    {
      name: "attributes",
      payload: about("https://in-toto.io/attestation/scai/v0.3", report),
      requirement: {
        type: "scai",
        attributes: [{ attribute: "REPRODUCIBLE", target: { name: "x" }, anyConditions: true }],
      },
    },
    {
      name: "a link",
      payload: about("https://in-toto.io/attestation/link/v0.3", { name: "build", command: ["make"], materials: [] }),
      requirement: { type: "layout", layout: "one step" },
    },
    {
      name: "fields",
      payload: about("https://review.example/v1", { approved: true, by: ["a", "b"], score: 9 }),
      requirement: {
        type: "predicate",
        predicateTypes: ["https://review.example/v1"],
        fields: [
          { at: "/predicate/approved", equals: true },
          { at: "/predicate/by", contains: "a" },
          { at: "/predicate/score", atLeast: 7 },
        ],
      },
    },
  ];
}
