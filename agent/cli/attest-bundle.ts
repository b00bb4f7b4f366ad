/** `sallyport attest bundle`: attestations from any files as the one evidence file of a release. */
import { mergeEvidence } from "../../attest/publisher/index.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile, writeFile } from "./files.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "attest bundle",
  summary: "Put attestations into one evidence file, one a line, in the order given. At most 16 and 1 MiB, none twice.",
  positionals: ["FILE..."],
  options: {
    out: { value: "FILE", required: true, help: "the evidence file, for repo publish --bundle" },
    json: { help: "print what was written as JSON" },
  },
  examples: [
    "sallyport attest bundle provenance.json sbom.json tests.dsse.json --out evidence.jsonl",
    "sallyport attest bundle evidence.jsonl vsa.json --out evidence.jsonl",
  ],
  async run(args, io) {
    const file = unwrap(mergeEvidence(args.positionals.map((name) => ({ name, bytes: readFile(name) }))));
    const out = args.text("out");
    writeFile(out, file);
    const [attestations, digest] = [file.filter((byte) => byte === 0x0a).length, sha256(file)];
    if (args.flag("json")) io.out(JSON.stringify({ out, attestations, bytes: file.byteLength, digest }));
    else io.out(`${attestations} attestation${attestations === 1 ? "" : "s"} in ${out} (sha256:${digest})`);
    return 0;
  },
};
