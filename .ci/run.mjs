// The table of suites. A suite fails when its command fails or when it takes more than one and a half times its budget;
// a suite that cannot run says why, and in CI that is a failure too. Later suites add rows; the sum stays under 1 500 s.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** name, command, budget in seconds */
const npm = (script, ...args) => ["npm", "run", "--silent", script, "--", ...args];
const SUITES = [
  ["packages", ["node", ".ci/packages.mjs"], 160],
  ["lint", npm("check"), 20],
  ["test", ["npm", "test", "--silent"], 290],
  ["demo", npm("demo"), 30],
  ["mosquitto", ["node", ".ci/mosquitto.mjs"], 30],
  ["e2e", npm("test:e2e", "--kills", "8"), 30],
  ["mutate", npm("mutate", "--part", "1/3"), 95],
  ["attacks", npm("attacks"), 75],
  ["sim-updater", npm("sim", "updater", "--runs", "200", "--json"), 30],
  ["tuf", npm("conformance", "tuf", "--json"), 80],
  ["sigstore", npm("conformance", "sigstore", "--set", "all", "--json"), 15],
  ["wasm", npm("conformance", "wasm", "--tier", "interpreter", "--json"), 10],
  ["wasm-blocks", npm("conformance", "wasm", "--tier", "interpreter-blocks", "--json"), 10],
  ["wasm-metered", npm("conformance", "wasm", "--tier", "metered-reentry", "--json"), 10],
  ["wasm-one-result", npm("conformance", "wasm", "--tier", "metered-deterministic", "--json"), 10],
  ["wasm-v8", npm("conformance", "wasm", "--tier", "v8", "--json"), 10],
  ["wasi", npm("conformance", "wasi", "--tier", "metered", "--json"), 25],
  ["wasi-interpreter", npm("conformance", "wasi", "--tier", "interpreter", "--json"), 25],
  ["race", npm("race", "--seconds", "15", "--json"), 20],
  ["text", npm("conformance", "text"), 12],
  ["tpm", npm("test:tpm"), 15],
  ["fuzz-loader", npm("fuzz", "loader", "--seconds", "20", "--json"), 30],
  ["fuzz-tiers", npm("fuzz", "tiers", "--seconds", "20", "--json"), 30],
  ["fuzz-attest", npm("fuzz", "attest", "--seconds", "20", "--json"), 30],
  ["snapshots", npm("snapshots", "--points", "10", "--steps", "300", "--json"), 25],
  ["bench", npm("bench", "agent", "--short"), 15],
  ["bench-engine", npm("bench", "engine", "--short"), 130],
  ["bench-loader", npm("bench", "loader", "--short"), 20],
  ["bench-start", npm("bench", "start", "--short"), 75],
  ["bench-stop", npm("bench", "interrupt", "--short"), 40],
  ["bench-attest", npm("bench", "attest", "--short"), 20],
  ["bench-updater", npm("bench", "updater", "--short"), 75],
];

const only = process.argv.slice(2);
let passed = 0;
let failed = 0;
const rows = [];
for (const [name, command, budget] of SUITES) {
  if (only.length > 0 && !only.includes(name)) {
    console.log(`--- ${name}: skipped (not among the suites named on the command line)`);
    continue;
  }
  console.log(`--- ${name}: ${command.join(" ")} (budget ${budget} s)`);
  const start = performance.now();
  const code = await run(command, budget * 1.5 * 1000);
  const seconds = (performance.now() - start) / 1000;
  const verdict =
    code === 0 ? "passed" : code === "late" ? `FAILED: more than ${budget * 1.5} s` : `FAILED: exit status ${code}`;
  if (code === 0) passed += 1;
  else failed += 1;
  rows.push(`${name.padEnd(17)} ${seconds.toFixed(1).padStart(7)} s of ${String(budget).padStart(4)} s  ${verdict}`);
}
console.log(`\n${rows.join("\n")}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function run([file, ...args], limitMs) {
  const path = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
  const child = spawn(file, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: path },
    detached: true,
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It ended by itself in this very moment.
      }
      resolve("late");
    }, limitMs);
    child.on("error", () => resolve("not found"));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal);
    });
  });
}
