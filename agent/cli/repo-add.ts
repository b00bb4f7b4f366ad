/** `sallyport repo add`: a target of the owner's own role: the policy, the trusted root. Checked before it is signed. */
import { POLICY_PATH, parsePolicy, parseTrustedRoot, TRUSTED_ROOT_PATH } from "../../attest/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { usageFault, type Verb } from "./verb.ts";

const CHECKS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  [POLICY_PATH]: (bytes) => unwrap(parsePolicy(bytes)),
  [TRUSTED_ROOT_PATH]: (bytes) => unwrap(parseTrustedRoot(bytes)),
};

export const verb: Verb = {
  name: "repo add",
  summary: "Sign a document with the owner's keys and publish it. Only these documents are the owner's to sign.",
  positionals: ["TARGET", "FILE"],
  options: { dir: DIR_OPTION },
  examples: [
    `sallyport repo add ${POLICY_PATH} policy.json`,
    `sallyport repo add ${TRUSTED_ROOT_PATH} trusted_root.json`,
  ],
  async run(args, io) {
    const [target = "", file = ""] = args.positionals;
    const check = CHECKS[target];
    if (check === undefined) throw usageFault(`repo add: TARGET is one of ${Object.keys(CHECKS).join(", ")}`);
    const bytes = readFile(file);
    check(bytes);
    unwrap(await openRepo(args).putOwnerTargets(new Map([[target, bytes]])));
    io.out(`${target} signed and published`);
    return 0;
  },
};
