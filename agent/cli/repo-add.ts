/** `sallyport repo add`: targets of the owner's own role: the policy, the trusted root. Checked before they are signed. */
import { POLICY_PATH, parsePolicy, parseTrustedRoot, TRUSTED_ROOT_PATH } from "../../attest/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { checkPolicy, sayFinding } from "./policy-file.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { published } from "./repo-settled.ts";
import { usageFault, type Verb } from "./verb.ts";

const CHECKS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  [POLICY_PATH]: (bytes) => unwrap(parsePolicy(bytes)),
  [TRUSTED_ROOT_PATH]: (bytes) => unwrap(parseTrustedRoot(bytes)),
};

export const verb: Verb = {
  name: "repo add",
  summary: "Sign documents with the owner's keys and publish them as one change. Only these are the owner's to sign.",
  positionals: ["TARGET", "FILE", "[TARGET FILE...]"],
  options: { dir: DIR_OPTION },
  examples: [
    `sallyport repo add ${POLICY_PATH} policy.json`,
    `sallyport repo add ${POLICY_PATH} policy.json ${TRUSTED_ROOT_PATH} trusted_root.json`,
  ],
  async run(args, io) {
    const files = new Map<string, Uint8Array>();
    for (let index = 0; index < args.positionals.length; index += 2) {
      const [target = "", file] = args.positionals.slice(index, index + 2);
      const check = Object.hasOwn(CHECKS, target) ? CHECKS[target] : undefined;
      if (check === undefined) throw usageFault(`repo add: TARGET is one of ${Object.keys(CHECKS).join(", ")}`);
      if (file === undefined) throw usageFault(`repo add: the FILE of ${target} is missing`);
      if (files.has(target)) throw usageFault(`repo add: ${target} is given twice`);
      const bytes = readFile(file);
      check(bytes);
      if (target === POLICY_PATH) for (const line of remarksOn(bytes, file)) io.err(line);
      files.set(target, bytes);
    }
    const progress = createProgress("writing");
    const added = await openRepo(args).putOwnerTargets(files, progress.update);
    progress.end();
    published(added, "targets", io);
    for (const target of files.keys()) io.out(`${target} signed and published`);
    return 0;
  },
};

/** What `policy check` would say. A policy that boards take is the owner's to sign, whatever it says. */
function remarksOn(bytes: Uint8Array, file: string): readonly string[] {
  return checkPolicy(bytes, nodeClock.now()).findings.map((one) => sayFinding(one, file));
}
