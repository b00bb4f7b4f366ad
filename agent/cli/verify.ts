/** `sallyport verify`: the second door on a desk. Judges a release's evidence offline, by the same code as a device. */
import { judge, parsePolicy, parseTrustedRoot, type Reason } from "../../attest/index.ts";
import { parseManifest } from "../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { loadModule, moduleOf } from "../flow/admit.ts";
import { readFile } from "./files.ts";
import { paint } from "./paint.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "verify",
  summary: "Judge a release's evidence offline against a policy, and its code by the Loader and the Validator.",
  options: {
    manifest: { value: "FILE", required: true, help: "manifest.json" },
    module: { value: "FILE", required: true, help: "module.wasm" },
    bundle: { value: "FILE", required: true, help: "its evidence: a Sigstore bundle, a DSSE envelope, or JSON Lines" },
    policy: { value: "FILE", required: true, help: "the owner's policy.json" },
    "trusted-root": { value: "FILE", required: true, help: "Sigstore trusted_root.json" },
    device: { value: "ID", default: "any", help: "device id the rules are matched with" },
    class: { value: "NAME", default: "any", help: "device class" },
    region: { value: "NAME", default: "any", help: "device region" },
    json: { help: "print the verdict as JSON" },
  },
  examples: [
    "sallyport verify --manifest manifest.json --module module.wasm --bundle b.json --policy policy.json --trusted-root root.json",
  ],
  async run(args, io) {
    const manifestBytes = readFile(args.text("manifest"));
    const moduleBytes = readFile(args.text("module"));
    const manifest = unwrap(parseManifest(manifestBytes));
    unwrap(loadModule(moduleBytes, manifest));
    const verdict = judge({
      bundle: readFile(args.text("bundle")),
      artifacts: [
        { name: "module.wasm", sha256: sha256(moduleBytes) },
        { name: "manifest.json", sha256: sha256(manifestBytes) },
      ],
      module: moduleOf(manifest),
      nowMs: nodeClock.now(),
      device: { id: args.text("device"), class: args.text("class"), region: args.text("region") },
      policy: unwrap(parsePolicy(readFile(args.text("policy")))),
      trust: unwrap(parseTrustedRoot(readFile(args.text("trusted-root")))),
    });
    if (args.flag("json")) io.out(JSON.stringify(verdict));
    else {
      const { red, green } = paint(io.colour);
      for (const one of verdict.reasons) {
        const mark = one.passed ? green("pass") : red("FAIL");
        const code = one.code === undefined ? "" : ` (${one.code})`;
        io.out(`${mark}  ${placeOf(one).padEnd(14)} ${one.check.padEnd(18)} ${cleanLine(one.text)}${code}`);
      }
      io.out(verdict.accepted ? green("accepted") : red("refused"));
    }
    return verdict.accepted ? 0 : 1;
  },
};

/** Which requirement of which rule a check belongs to, or which attestation; all counted from 1. */
function placeOf({ evidence, rule, requirement }: Reason): string {
  if (rule !== undefined) return `rule ${rule + 1}${requirement === undefined ? "" : `.${requirement + 1}`}`;
  return evidence === undefined ? "policy" : `attestation ${evidence + 1}`;
}
