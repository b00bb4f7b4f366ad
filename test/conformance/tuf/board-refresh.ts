/** One refresh of a board's updater in a process of its own, for cases that kill it. Its options are JSON on the command line. */
import { readFileSync } from "node:fs";
import { deviceId } from "../../../runtime/kernel/brand.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { openUpdater } from "../../../updater/index.ts";

/** What the parent says; addresses as the updater takes them, roots as files. */
export interface BoardRun {
  readonly directory: string;
  readonly counterFile: string;
  readonly device: string;
  readonly at: number;
  readonly image: BoardAddress;
  readonly director: BoardAddress;
}
interface BoardAddress {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  readonly rootFile: string;
}

const run = JSON.parse(process.argv[2] ?? "{}") as BoardRun;
const address = ({ metadataUrl, targetsUrl, rootFile }: BoardAddress) => ({
  metadataUrl,
  targetsUrl,
  root: new Uint8Array(readFileSync(rootFile)),
});
const updater = openUpdater({
  directory: run.directory,
  counterFile: run.counterFile,
  image: address(run.image),
  director: address(run.director),
  device: unwrap(parseShape(deviceId, run.device, "the device")),
  hardware: { profile: "sim", abi: "core-v1" },
  now: () => run.at,
});
const result = await updater.refresh();
updater.close();
if (!result.ok) process.stderr.write(`${result.error.line()}\n`);
process.exitCode = result.ok ? 0 : 1;
