// Runs Biome's own binary for this machine. The wrapper package is not used: it names binaries for ten platforms, and one
// that a registry lacks makes `npm ci` refuse the whole lock file. Boards and CI are Linux on x64 or arm64.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const name = `@biomejs/cli-${process.platform}-${process.arch}`;
let binary;
try {
  binary = createRequire(import.meta.url).resolve(`${name}/biome`);
} catch {
  console.error(`lint: there is no ${name} among the dependencies; lint on Linux x64 or arm64.`);
  process.exit(1);
}
process.exit(spawnSync(binary, process.argv.slice(2), { stdio: "inherit" }).status ?? 1);
