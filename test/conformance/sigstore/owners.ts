/** Twenty owners and what each asks: the document, and by hand which of the real bundles satisfy it. */
import { createPublicKey, type KeyObject } from "node:crypto";
import type { Wish } from "../../../runtime/kernel/authority/capability.ts";
import { npmPublishKeys } from "./seed.ts";

export interface Owner {
  readonly name: string;
  readonly policy: object;
  /** Names of bundles; all others must be refused. */
  readonly accepts: readonly RegExp[];
  readonly nowMs?: number;
  readonly capabilities?: readonly Wish[];
}

const issuer = "https://token.actions.githubusercontent.com";
const GITHUB = "https://github.com";
const GENERATOR = `${GITHUB}/slsa-framework/slsa-github-generator/.github/workflows`;
const EXAMPLE = `git+${GITHUB}/slsa-framework/example-package`;
const TRW = `${GITHUB}/slsa-framework/example-trw/.github/workflows/builder_high-perms_slsa3.yml@refs/tags/v2.1.0`;
const CONTAINER = `${GENERATOR}/builder_container-based_slsa3.yml`;
const DELEGATOR = `${GENERATOR}/delegator_generic_slsa3.yml`;
const GENERIC = `${GENERATOR}/generator_generic_slsa3.yml`;
const GUNDAM = `${GITHUB}/ramonpetgrave64/gundam-visor`;
const GOGGLES = `${GITHUB}/trishankatdatadog/supreme-goggles`;
const NPM_BUILDER = "https://github.com/actions/runner";
const HOSTED = `${NPM_BUILDER}/github-hosted`;

const everywhere = { devices: { all: true }, modules: { team: "acme" } };
const rule = (one: object) => ({ ...everywhere, ...one });
const exactly = (subject: string, certificate?: object) => ({ issuer, subject, ...(certificate && { certificate }) });
const like = (subjectPattern: string, certificate?: object) => ({
  issuer,
  subjectPattern,
  ...(certificate && { certificate }),
});
const evidence = (...rules: readonly object[]) => ({ evidence: rules.map(rule) });

const byContainer = {
  identities: [exactly(`${CONTAINER}@refs/tags/v2.1.0`)],
  builders: [`${CONTAINER}@refs/tags/v2.1.0`],
  sources: [EXAMPLE],
};
const byNpmWorkflow = (repository: string, builder: string, workflow = "npm-publish.yml@refs/tags/v*") => ({
  identities: [like(`${repository}/.github/workflows/${workflow}`)],
  builders: [builder],
  sources: [`git+${repository}`],
});
const byGundam = byNpmWorkflow(GUNDAM, HOSTED);

const PUBLISH = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
const npmKeys = npmPublishKeys().map(({ key }) => pemOf(key));
const byRegistry = (keys: object, fields: readonly object[] = []) => ({
  type: "predicate",
  predicateTypes: [PUBLISH],
  ...keys,
  ...(fields.length === 0 ? {} : { fields }),
});

export const OWNERS: readonly Owner[] = [
  { name: "01 nobody is named", policy: evidence(), accepts: [] },
  {
    name: "02 one builder's release, exactly",
    policy: evidence(byContainer),
    accepts: [/^gha_container-based\//],
  },
  {
    name: "03 any tagged release of the builder",
    policy: evidence({
      ...byContainer,
      identities: [like(`${CONTAINER}@refs/tags/v*`)],
      builders: [`${CONTAINER}@refs/tags/v*`],
    }),
    accepts: [/^gha_container-based\//],
  },
  {
    name: "04 a signer that is only the beginning of the true one",
    policy: evidence({ ...byContainer, identities: [exactly(`${CONTAINER}@refs/tags/v2.1`)] }),
    accepts: [],
  },
  {
    name: "05 the delegator, and the builder that it speaks for",
    policy: evidence({ identities: [exactly(`${DELEGATOR}@refs/tags/v2.1.0`)], builders: [TRW], sources: [EXAMPLE] }),
    accepts: [/^gha_delegator\//],
  },
  {
    name: "06 the delegator taken for the builder",
    policy: evidence({
      identities: [exactly(`${DELEGATOR}@refs/tags/v2.1.0`)],
      builders: [`${DELEGATOR}@refs/tags/v2.1.0`],
      sources: [EXAMPLE],
    }),
    accepts: [],
  },
  {
    name: "07 any of three builders",
    policy: evidence({
      identities: [CONTAINER, DELEGATOR, GENERIC].map((one) => like(`${one}@refs/tags/v*`)),
      builders: [`${CONTAINER}@refs/tags/v*`, `${GENERIC}@refs/tags/v*`, TRW],
      sources: [EXAMPLE],
    }),
    accepts: [/^gha_container-based\//, /^gha_delegator\//, /^gha_generic\//],
  },
  {
    name: "08 a fork of the source",
    policy: evidence({ ...byContainer, sources: [`git+${GITHUB}/slsa-framework/example-package-fork`] }),
    accepts: [],
  },
  {
    name: "09 one tag of the source",
    policy: evidence({ ...byContainer, sources: [`${EXAMPLE}@refs/tags/v14.2`] }),
    accepts: [/^gha_container-based\/.*-v14\.2\./],
  },
  {
    name: "10 level 3, of a builder believed up to level 3",
    policy: {
      builders: [{ id: `${CONTAINER}@refs/tags/v2.1.0`, level: 3 }],
      ...evidence({ require: [{ type: "provenance", level: 3, ...byContainer }] }),
    },
    accepts: [/^gha_container-based\//],
  },
  {
    name: "11 level 3, of a builder believed up to level 2",
    policy: {
      builders: [{ id: `${CONTAINER}@refs/tags/v2.1.0`, level: 2 }],
      ...evidence({ require: [{ type: "provenance", level: 3, ...byContainer }] }),
    },
    accepts: [],
  },
  {
    name: "12 npm's own workflow, provenance v1",
    policy: evidence(byGundam),
    accepts: [/^npm\/gha\/gundam-visor-cli-v1-tag(?:-invalidsigpub)?\.tgz\.json#(?:provenance|both)$/],
  },
  {
    name: "13 npm's own workflow, provenance v0.2",
    policy: evidence(byNpmWorkflow(GOGGLES, NPM_BUILDER)),
    accepts: [/^npm\/gha\/supreme-googles-cli-v02-tag(?:-invalidsigpub)?\.tgz\.json#(?:provenance|both)$/],
  },
  {
    name: "14 built by the workflow and published by the registry",
    policy: evidence({ ...byGundam, require: [byRegistry({ keys: npmKeys })] }),
    accepts: [/^npm\/gha\/gundam-visor-cli-v1-tag\.tgz\.json#both$/],
  },
  {
    name: "15 two of two parties on anything the registry says",
    policy: {
      parties: [
        { name: "registry", keys: npmKeys },
        { name: "workflow", identities: byGundam.identities },
      ],
      ...evidence({ require: [byRegistry({ parties: ["registry", "workflow"], threshold: 2 })] }),
    },
    accepts: [],
  },
  {
    name: "16 the registry alone, for one name and version",
    policy: evidence({
      require: [
        byRegistry({ keys: npmKeys }, [
          { at: "/predicate/name", equals: "@laurentsimon/provenance-npm-test" },
          { at: "/predicate/version", oneOf: ["1.0.3", "1.0.5"] },
        ]),
      ],
    }),
    accepts: [/^npm\/gha\/provenance-npm-test-(?:cli-v02-prega|ossf)(?:-invalidsigprov)?\.tgz\.json#(?:publish|both)$/],
  },
  {
    name: "17 no older than ninety days, today",
    policy: evidence({ require: [{ type: "provenance", maxAgeDays: 90, ...byContainer }] }),
    accepts: [],
  },
  {
    name: "18 no older than ninety days, in May 2025",
    policy: evidence({ require: [{ type: "provenance", maxAgeDays: 90, ...byContainer }] }),
    accepts: [/^gha_container-based\//],
    nowMs: Date.parse("2025-05-01T00:00:00Z"),
  },
  {
    name: "19 started by a push, on a hosted runner of this owner",
    policy: evidence({
      ...byContainer,
      identities: [
        exactly(`${CONTAINER}@refs/tags/v2.1.0`, {
          buildTrigger: "push",
          runnerEnvironment: "github-hosted",
          sourceRepositoryOwnerUri: `${GITHUB}/slsa-framework`,
        }),
      ],
    }),
    accepts: [/^gha_container-based\/.*-push-/],
  },
  {
    name: "20 the signer is revoked, except what it signed in its first hour",
    policy: {
      revoked: [
        {
          identity: exactly(`${CONTAINER}@refs/tags/v2.1.0`),
          reason: "runner taken over",
          running: "stop",
          sinceMs: Date.parse("2025-02-25T21:30:00Z"),
        },
      ],
      ...evidence(byContainer),
    },
    accepts: [/^gha_container-based\/.*-push-/],
  },
  {
    name: "21 the builder is revoked",
    policy: {
      revoked: [{ builder: `${CONTAINER}@refs/tags/v2.1.0`, reason: "recalled", running: "flag" }],
      ...evidence(byContainer),
    },
    accepts: [],
  },
  {
    name: "22 outputs need a second party, and this module has none",
    policy: evidence(byContainer, { asks: [{ cap: "gpio", dir: "out" }], require: [byRegistry({ keys: npmKeys })] }),
    accepts: [/^gha_container-based\//],
    capabilities: [],
  },
  {
    name: "23 only in another region",
    policy: evidence({ ...byContainer, regions: ["us", "ca"] }),
    accepts: [],
  },
  {
    name: "24 a verdict of somebody else instead of provenance",
    policy: evidence({
      require: [
        {
          type: "vsa",
          identities: byContainer.identities,
          verifiers: ["https://slsa.example"],
          levels: ["SLSA_BUILD_LEVEL_3"],
        },
      ],
    }),
    accepts: [],
  },
];

function pemOf(key: KeyObject): string {
  return createPublicKey({ key: key.export({ type: "spki", format: "der" }), format: "der", type: "spki" })
    .export({ type: "spki", format: "pem" })
    .toString();
}
