/**
 * `npm run test:tpm`: the agent with a TPM in software. It needs programs that are no packages of ours; without them it
 * says which are missing and what was not tried, and fails: what did not run did not pass.
 */
import { spawnSync } from "node:child_process";
import { ROOT } from "../tree.ts";
import { missingPrograms } from "./swtpm.ts";

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(
    `skipped: a device key in a TPM, quotes in attestations, a board provisioned with both.
why: ${missing.join(", ")} not found; install the Debian packages swtpm and tpm2-tools.
`,
  );
  process.exitCode = 1;
} else {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "tpm", ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}
