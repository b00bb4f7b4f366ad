/** `npm run conformance -- SUITE …`: external suites, read from a path and never copied. */
import { sigstore } from "./sigstore/main.ts";
import { text } from "./text/main.ts";
import { tuf } from "./tuf/main.ts";
import { wasi } from "./wasi/main.ts";
import { wasm } from "./wasm/main.ts";

const HELP = `Usage: npm run conformance -- wasm [--tier interpreter|v8] [--only malformed|invalid] [--file NAME]... [--json] [-v] [--dump DIR]
       npm run conformance -- text
       npm run conformance -- wasi [--tier v8|interpreter] [--file NAME]... [--json] [-v]
       npm run conformance -- tuf [--file PART-OF-A-NAME]... [--interop] [--json] [-v]
       npm run conformance -- sigstore [--set cases|slsa|all] [--write] [--interop] [--json] [-v]

wasm runs the WebAssembly specification's test suite; text prints its modules and assembles them again; wasi
runs the preview 1 programs of the WASI test suite; tuf runs our own cases of the update client, in simulated
repositories, beside the stock library (with --interop: the original tuf-conformance suite at the path
SALLYPORT_TUF_CONFORMANCE); sigstore verifies the bundles of sigstore-conformance and real ones of npm and GitHub and
compares each verdict with a committed table, which --write writes anew (with --interop: the original suite at the
path SALLYPORT_SIGSTORE_CONFORMANCE). Set SALLYPORT_SUITES to the folder that holds wasm-spec/, wasi/, sigstore/ and
slsa/ (default: ../shared/data beside this repository).

Examples:
  npm run conformance -- wasm --tier interpreter
  npm run conformance -- wasm --file i64.wast --file gc/array.wast -v
  npm run conformance -- wasm --only malformed --json
  npm run conformance -- text
  npm run conformance -- wasi --tier interpreter --json
  npm run conformance -- tuf --file rollback -v
  npm run conformance -- sigstore --set slsa -v`;

const [suite, ...args] = process.argv.slice(2);
if (suite === "wasm") process.exitCode = await wasm(args);
else if (suite === "wasi") process.exitCode = await wasi(args);
else if (suite === "tuf") process.exitCode = await tuf(args);
else if (suite === "sigstore") process.exitCode = sigstore(args);
else if (suite === "text") process.exitCode = await text();
else {
  console.log(HELP);
  process.exitCode = suite === undefined || suite === "--help" || suite === "-h" ? 0 : 2;
}
