/** The process behind `client`: one command of sigstore-conformance's protocol; status 0 only when the bundle holds. */
import { runCommand } from "./command.ts";

const { status, says } = runCommand(process.argv.slice(2));
process.stderr.write(`${says}\n`);
process.exitCode = status;
