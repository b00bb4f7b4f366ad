/**
 * `npm run conformance -- sigstore --interop`: the original sigstore-conformance suite against `client`. It is Python and
 * never copied: SALLYPORT_SIGSTORE_CONFORMANCE names a checkout of it, SALLYPORT_SIGSTORE_PYTHONPATH what it imports and
 * the system lacks. Signing is left out: it needs an identity provider. Where the first is not set, the run is skipped
 * and says so.
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export function interop(): number {
  const checkout = process.env["SALLYPORT_SIGSTORE_CONFORMANCE"];
  if (checkout === undefined || checkout === "") {
    console.log("Skipped: set SALLYPORT_SIGSTORE_CONFORMANCE to a checkout of sigstore/sigstore-conformance.");
    return 0;
  }
  const client = fileURLToPath(new URL("client", import.meta.url));
  const paths = [resolve(checkout), process.env["SALLYPORT_SIGSTORE_PYTHONPATH"] ?? ""].filter((one) => one !== "");
  const run = spawnSync(
    "python3",
    ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test", "--skip-signing", "--entrypoint", client],
    {
      cwd: checkout,
      stdio: "inherit",
      env: { ...process.env, PYTHONPATH: paths.join(":"), GHA_SIGSTORE_CONFORMANCE_SKIP_CPYTHON_RELEASE_TESTS: "true" },
    },
  );
  if (run.error !== undefined) console.log(`python3 cannot be started: ${run.error.message}`);
  return run.status ?? 1;
}
