/** `sallyport attest`: SLSA provenance for a release, signed keyless through Fulcio, Rekor and a timestamp authority. */
import { provenanceStatement, signKeyless } from "../../attest/publisher/index.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../../runtime/kernel/digest.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { readFile, writeFile } from "./files.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "attest",
  summary: "Make an in-toto Statement with SLSA provenance v1 over manifest and module, and sign it keyless.",
  options: {
    manifest: { value: "FILE", required: true, help: "manifest.json" },
    module: { value: "FILE", required: true, help: "module.wasm" },
    out: { value: "FILE", required: true, help: "where the Sigstore bundle is written" },
    builder: { value: "URI", required: true, help: "runDetails.builder.id: who built it" },
    "build-type": { value: "URI", required: true, help: "buildDefinition.buildType: how" },
    source: { value: "URI", required: true, help: "externalParameters.source.uri: from what" },
    "token-file": { value: "FILE", required: true, help: "OIDC identity token of the signer" },
    fulcio: { value: "URL", default: "https://fulcio.sigstore.dev", help: "certificate authority" },
    rekor: { value: "URL", default: "https://rekor.sigstore.dev", help: "transparency log" },
    tsa: { value: "URL", help: "RFC 3161 timestamp authority" },
  },
  examples: [
    "sallyport attest --manifest manifest.json --module module.wasm --out bundle.sigstore.json \\",
    "  --builder https://ci.example/runner --build-type https://ci.example/wasm@v1 --source git+https://git.example/acme/app --token-file token",
  ],
  async run(args, io) {
    const token = fromUtf8(readFile(args.text("token-file"), 65_536))?.trim();
    if (token === undefined || token === "") throw usageFault("attest: --token-file holds no token");
    const now = new Date(nodeClock.now()).toISOString();
    const statement = provenanceStatement({
      artifacts: [
        artifact("module.wasm", readFile(args.text("module"))),
        artifact("manifest.json", readFile(args.text("manifest"))),
      ],
      builderId: args.text("builder"),
      buildType: args.text("build-type"),
      sourceUri: args.text("source"),
      startedOn: now,
      finishedOn: now,
    });
    const tsaUrl = args.maybe("tsa");
    const service = { identityToken: token, fulcioUrl: args.text("fulcio"), rekorUrl: args.text("rekor") };
    const bundle = await signKeyless(statement, { ...service, ...(tsaUrl === undefined ? {} : { tsaUrl }) });
    writeFile(args.text("out"), bundle);
    io.out(`signed; bundle in ${args.text("out")} (sha256:${sha256(bundle)})`);
    return 0;
  },
};

function artifact(name: string, bytes: Uint8Array) {
  return { name, sha256: sha256(bytes), sha512: sha512(bytes) };
}
