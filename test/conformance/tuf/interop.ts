/**
 * `npm run conformance -- tuf --interop`: the original tuf-conformance suite against the same client. It is Python and
 * never copied: SALLYPORT_TUF_CONFORMANCE names a checkout of it, SALLYPORT_TUF_PYTHONPATH what it imports (python-tuf,
 * securesystemslib). Where the first is not set, the run is skipped and says so.
 */
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export function interop(): number {
  const checkout = process.env["SALLYPORT_TUF_CONFORMANCE"];
  if (checkout === undefined || checkout === "") {
    console.log("Skipped: set SALLYPORT_TUF_CONFORMANCE to a checkout of theupdateframework/tuf-conformance.");
    return 0;
  }
  const client = join(dirname(fileURLToPath(import.meta.url)), "client");
  const paths = [resolve(checkout), process.env["SALLYPORT_TUF_PYTHONPATH"] ?? ""].filter((one) => one !== "");
  const run = spawnSync(
    "python3",
    ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tuf_conformance", "--entrypoint", client],
    {
      cwd: checkout,
      stdio: "inherit",
      env: { ...process.env, PYTHONPATH: paths.join(":") },
    },
  );
  if (run.error !== undefined) console.log(`python3 cannot be started: ${run.error.message}`);
  return run.status ?? 1;
}
