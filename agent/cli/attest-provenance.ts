/** `sallyport attest provenance`: SLSA provenance v1 for a release: who built it, how, from what. */
import { provenanceStatement } from "../../attest/publisher/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { SIGNING_OPTIONS, SUBJECT_OPTIONS, signAndWrite, subjectsOf } from "./attest-signing.ts";
import { type BuildFacts, buildFacts } from "./ci-environment.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

const NAME = "attest provenance";

export const verb: Verb = {
  name: NAME,
  summary: "Make an in-toto Statement with SLSA provenance v1 over manifest and module, and sign it.",
  options: {
    manifest: { ...SUBJECT_OPTIONS.manifest, required: true },
    module: { ...SUBJECT_OPTIONS.module, required: true },
    "build-type": { value: "URI", required: true, help: "buildDefinition.buildType: how it is built" },
    builder: { value: "URI", help: "runDetails.builder.id: who built it" },
    source: { value: "URI", help: "externalParameters.source.uri: from what" },
    commit: { value: "HEX", help: "commit of the source (gitCommit)" },
    invocation: { value: "URI", help: "runDetails.metadata.invocationId: which run of the builder" },
    "from-env": {
      help: "take what is not given from GitHub's or GitLab's variables: builder, source, commit, run",
    },
    started: { value: "TIME", help: "when the build began, RFC 3339 (default now)" },
    ...SIGNING_OPTIONS,
  },
  examples: [
    "sallyport attest provenance --manifest manifest.json --module module.wasm --out bundle.json --token-file token \\",
    "  --builder https://ci.example/runner --build-type https://ci.example/wasm@v1 --source git+https://git.example/acme/app",
    "sallyport attest provenance --manifest manifest.json --module module.wasm --out bundle.json --token-env SIGSTORE_ID_TOKEN \\",
    "  --from-env --build-type https://ci.example/wasm@v1 --tsa https://timestamp.example/api/v1/timestamp",
    "sallyport attest provenance --manifest manifest.json --module module.wasm --out bundle.json --key ci.pem \\",
    "  --builder https://ci.example/runner --build-type https://ci.example/wasm@v1 --source git+https://git.example/acme/app",
  ],
  async run(args, io) {
    const facts = args.flag("from-env") ? buildFacts(process.env) : undefined;
    const now = new Date(nodeClock.now()).toISOString();
    const commit = args.maybe("commit") ?? facts?.commit;
    const invocationId = args.maybe("invocation") ?? facts?.invocationId;
    const statement = provenanceStatement({
      artifacts: subjectsOf(args, NAME),
      buildType: args.text("build-type"),
      builderId: given(args, "builder", facts?.builderId),
      sourceUri: given(args, "source", facts?.sourceUri),
      ...(commit === undefined ? {} : { sourceDigest: { gitCommit: commitOf(commit) } }),
      ...(invocationId === undefined ? {} : { invocationId }),
      startedOn: started(args.maybe("started")) ?? now,
      finishedOn: now,
    });
    if (facts !== undefined) io.err(described(facts));
    return signAndWrite(statement, NAME, args, io);
  },
};

function given(args: Args, option: string, found: string | undefined): string {
  const value = args.maybe(option) ?? found;
  if (value !== undefined) return value;
  throw usageFault(`${NAME}: --${option} URI is needed, or --from-env in a build of GitHub Actions or GitLab CI`);
}

function commitOf(text: string): string {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text;
  throw usageFault(`${NAME}: --commit is 40 or 64 lower-case hex digits`);
}

function started(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw usageFault(`${NAME}: --started is a time like 2026-11-20T10:00:00Z`);
}

function described({ service, sourceUri, commit }: BuildFacts): string {
  return `from ${service}: ${sourceUri} at ${commit}`;
}
