/** `sallyport attest sbom`: an SPDX or CycloneDX document as a signed statement about a release. */
import { sbomStatement } from "../../attest/publisher/index.ts";
import { SIGNING_OPTIONS, SUBJECT_OPTIONS, signAndWrite, subjectsOf } from "./attest-signing.ts";
import { readFile } from "./files.ts";
import type { Verb } from "./verb.ts";

const NAME = "attest sbom";

export const verb: Verb = {
  name: NAME,
  summary: "Put a bill of materials (SPDX 2 or CycloneDX 1, JSON) into an in-toto Statement, and sign it.",
  options: {
    sbom: { value: "FILE", required: true, help: "the document; which of the two it is, is read from it" },
    ...SUBJECT_OPTIONS,
    ...SIGNING_OPTIONS,
  },
  examples: [
    "sallyport attest sbom --sbom sbom.spdx.json --manifest manifest.json --module module.wasm --out sbom.bundle.json --token-file token",
    "sallyport attest sbom --sbom bom.json --module module.wasm --out sbom.dsse.json --key scanner.pem --dsse",
  ],
  async run(args, io) {
    const { statement, format } = sbomStatement(readFile(args.text("sbom")), subjectsOf(args, NAME));
    if (!args.flag("json")) io.err(`${args.text("sbom")}: ${format}`);
    return signAndWrite(statement, NAME, args, io);
  },
};
