// Generated documents must be what the code generates now.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const node = "node_modules/node/bin/node";
const generated = execFileSync(node, ["agent/main.ts", "explain", "--markdown"], { encoding: "utf8" });
if (generated !== readFileSync("docs/errors.md", "utf8")) {
  console.error("docs/errors.md is not what the catalogues say: run `npm run errors` and commit it.");
  process.exit(1);
}
console.log("docs/errors.md is up to date");
