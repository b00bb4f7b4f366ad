/** `npm run conformance -- SUITE …`: external suites, read from a path and never copied. */
import { wasm } from "./wasm/main.ts";

const HELP = `Usage: npm run conformance -- wasm [--tier interpreter|v8] [--only malformed|invalid] [--file NAME]... [--json] [-v] [--dump DIR]

Runs the WebAssembly specification's test suite. Set SALLYPORT_SUITES to the folder that holds wasm-spec/
(default: ../shared/data beside this repository).

Examples:
  npm run conformance -- wasm --tier interpreter
  npm run conformance -- wasm --file i64.wast --file gc/array.wast -v
  npm run conformance -- wasm --only malformed --json`;

const [suite, ...args] = process.argv.slice(2);
if (suite === "wasm") process.exitCode = await wasm(args);
else {
  console.log(HELP);
  process.exitCode = suite === undefined || suite === "--help" || suite === "-h" ? 0 : 2;
}
