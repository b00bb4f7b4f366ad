#!/usr/bin/env node
// The `sallyport` command. It may be started by any Node from 20 on: it makes sure that the dependencies are there and
// hands over to the pinned Node, which runs agent/main.ts. Nothing else happens here.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
await import(new URL("../setup.mjs", import.meta.url).href);

const child = spawn(
  join(root, "node_modules", "node", "bin", "node"),
  [join(root, "agent", "main.ts"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`sallyport: cannot start the pinned Node: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 15);
});
