/**
 * The command line of the conformance protocol (init, refresh, download) over the board's own refresh, trust and HTTP
 * code. Exit status 0 when all of it succeeded, else 1, with the fault's code as the first word on standard error.
 * Beyond the protocol: `--at TIME` (ISO 8601) in place of the system's clock, `--limit NAME=NUMBER` for any bound.
 */
import { parseArgs } from "node:util";
import { attempt, attemptSync, type Result } from "../../../runtime/kernel/result.ts";
import { defaultLimits, type FetchLimits } from "../../../updater/client/source.ts";
import { genericClient } from "./generic-client.ts";
import { initialize } from "./metadata-dir.ts";

const HELP = `Usage: client --metadata-dir DIR init TRUSTED_ROOT
       client --metadata-dir DIR --metadata-url URL refresh
       client --metadata-dir DIR --metadata-url URL --target-name PATH [--target-name PATH]...
              --target-dir DIR --target-base-url URL download

Options beyond the protocol: --at TIME, --limit NAME=NUMBER (a field of FetchLimits).`;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    "metadata-dir": { type: "string" },
    "metadata-url": { type: "string" },
    "target-name": { type: "string", multiple: true, default: [] },
    "target-dir": { type: "string" },
    "target-base-url": { type: "string" },
    at: { type: "string" },
    limit: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const [verb, root, ...rest] = positionals;
  const directory = values["metadata-dir"];
  const url = values["metadata-url"];
  if (values.help) return usage(0);
  if (directory === undefined || rest.length > 0) return usage(2);
  if (verb === "init") {
    return root === undefined ? usage(2) : report(attemptSync(() => initialize(directory, root)));
  }
  if (url === undefined || root !== undefined) return usage(2);
  const targetDir = values["target-dir"];
  const targetsUrl = values["target-base-url"];
  const isDownload = verb === "download";
  if (!isDownload && verb !== "refresh") return usage(2);
  if (isDownload && (targetDir === undefined || targetsUrl === undefined)) return usage(2);

  const client = genericClient({
    directory,
    metadataUrl: url,
    targetsUrl: targetsUrl ?? url,
    at: values.at === undefined ? Date.now() : Date.parse(values.at),
    limits: limits(),
  });
  try {
    const names = isDownload ? values["target-name"] : [];
    return report(await attempt(() => client.run(names, targetDir ?? "")));
  } finally {
    client.close();
  }
}

function limits(): FetchLimits {
  const changes = values.limit.map((one) => one.split("="));
  return { ...defaultLimits, ...Object.fromEntries(changes.map(([name, value]) => [name, Number(value)])) };
}

function report(result: Result<unknown>): number {
  if (result.ok) return 0;
  process.stderr.write(`${result.error.line()}\n`);
  return 1;
}

function usage(status: number): number {
  (status === 0 ? process.stdout : process.stderr).write(`${HELP}\n`);
  return status;
}
