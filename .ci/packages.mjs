// Debian packages that the tests use where they are: the compiler that made the bench programs (they must be, byte for
// byte, what it gives), a terminal, a token for keys; and the assembler of WebAssembly text. Installs what is missing where it may; in CI nothing that could run is skipped.
import { spawnSync } from "node:child_process";

const PACKAGES = [
  "clang-14",
  "lld-14",
  "wasi-libc",
  "libclang-rt-14-dev-wasm32",
  "bsdutils",
  "softhsm2",
  "opensc",
  "swtpm",
  "tpm2-tools",
];

const run = (file, ...args) =>
  spawnSync(file, args, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
    .status === 0;
const missing = PACKAGES.filter(
  (name) =>
    !spawnSync("dpkg-query", ["-W", "-f", "$" + "{Status}", name], { encoding: "utf8" }).stdout.includes(
      "ok installed",
    ),
);
const install = () => run("apt-get", "install", "-y", "--no-install-recommends", ...missing);
if (missing.length === 0) console.log("all there");
else if (install() || (run("apt-get", "update") && install())) console.log(`installed ${missing.join(", ")}`);
else {
  console.error(`missing and not installed: ${missing.join(", ")}; install these Debian packages, or run as root.`);
  process.exitCode = 1;
}

// The text assembler, before suites with small budgets need it.
const { loadAssembler } = await import("../tools/wat/index.ts");
await loadAssembler();
console.log("the text assembler is there");
