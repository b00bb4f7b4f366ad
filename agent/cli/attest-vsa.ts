/**
 * `sallyport attest vsa`: judges a release's evidence by a policy, as a device would, and signs a verification summary
 * (SLSA) that says so. What does not pass gets no summary, so nobody can sign one for evidence that was not looked at.
 */
import {
  judge,
  moduleResource,
  parsePolicy,
  parseTrustedRoot,
  type Verdict,
  verifiedLevels,
  vsaStatement,
} from "../../attest/index.ts";
import { parseManifest } from "../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { loadModule, moduleOf } from "../flow/admit.ts";
import { SIGNING_OPTIONS, SUBJECT_OPTIONS, signAndWrite, subjectsOf } from "./attest-signing.ts";
import { readFile } from "./files.ts";
import { paint } from "./paint.ts";
import { cleanLine } from "./terminal-text.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

const NAME = "attest vsa";

export const verb: Verb = {
  name: NAME,
  summary: "Judge a release's evidence by a policy, and sign a SLSA verification summary that it passed.",
  options: {
    manifest: { ...SUBJECT_OPTIONS.manifest, required: true },
    module: { ...SUBJECT_OPTIONS.module, required: true },
    bundle: { value: "FILE", required: true, help: "the evidence that is judged" },
    policy: { value: "FILE", required: true, help: "the policy by which it is judged" },
    "policy-uri": { value: "URI", help: "what the summary calls the policy (default sallyport:policy/VERSION)" },
    "trusted-root": { value: "FILE", required: true, help: "Sigstore trusted_root.json" },
    device: { value: "ID", default: "any", help: "device id the rules are matched with" },
    class: { value: "NAME", default: "any", help: "device class" },
    region: { value: "NAME", default: "any", help: "device region" },
    verifier: { value: "URI", required: true, help: "verifier.id: who judges; policies name it" },
    resource: { value: "URI", help: "resourceUri (default sallyport:modules/TEAM/NAME/VERSION)" },
    ...SIGNING_OPTIONS,
  },
  examples: [
    "sallyport attest vsa --manifest manifest.json --module module.wasm --bundle evidence.jsonl --policy strict.json \\",
    "  --trusted-root trusted_root.json --verifier https://verify.example --out vsa.json --key verifier.pem",
  ],
  async run(args, io) {
    const subjects = subjectsOf(args, NAME);
    const manifest = unwrap(parseManifest(readFile(args.text("manifest"))));
    unwrap(loadModule(readFile(args.text("module")), manifest));
    const policyBytes = readFile(args.text("policy"));
    const policy = unwrap(parsePolicy(policyBytes));
    const nowMs = nodeClock.now();
    const verdict = judge({
      bundle: readFile(args.text("bundle")),
      artifacts: subjects,
      module: moduleOf(manifest),
      nowMs,
      device: { id: args.text("device"), class: args.text("class"), region: args.text("region") },
      policy,
      trust: unwrap(parseTrustedRoot(readFile(args.text("trusted-root")))),
    });
    if (!verdict.accepted) return sayWhyNot(verdict, io);
    const statement = vsaStatement({
      artifacts: subjects,
      verifier: { id: uri(args, "verifier") },
      verifiedMs: nowMs,
      resourceUri: args.maybe("resource") === undefined ? moduleResource(manifest) : uri(args, "resource"),
      policy: {
        uri: args.maybe("policy-uri") === undefined ? `sallyport:policy/${policy.version}` : uri(args, "policy-uri"),
        sha256: sha256(policyBytes),
      },
      inputs: verdict.evidence.filter((one) => one.holds).map(({ digest }) => ({ sha256: digest })),
      result: "PASSED",
      // What the policy believes of the builders; nobody can claim more on the command line.
      levels: verifiedLevels(verdict, policy),
    });
    return signAndWrite(statement, NAME, args, io);
  },
};

function sayWhyNot({ reasons }: Verdict, io: Io): number {
  const { red } = paint(io.colour);
  for (const { code, text } of reasons) {
    if (code !== undefined) io.err(`${red("FAIL")}  ${cleanLine(text)} (${code})`);
  }
  io.err("no summary is signed for what does not pass; `sallyport verify` shows every check");
  return 1;
}

function uri(args: Args, option: string): string {
  const text = args.text(option);
  if (/^[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,490}$/i.test(text)) return text;
  throw usageFault(`${NAME}: --${option} is a URI`);
}
