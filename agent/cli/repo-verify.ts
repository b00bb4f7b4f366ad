/** `sallyport repo verify`: the whole repository as its clients will see it, before they do. */
import { deviceId } from "../../runtime/kernel/brand.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { isArchiveName, verifyTree } from "../../updater/repository/index.ts";
import { size } from "./bars.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION } from "./repo-open.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo verify",
  summary: "Check every role, target, delta and assignment of a repository, a mirror or a stick, as boards will.",
  options: {
    dir: DIR_OPTION,
    device: { value: "ID", help: "this device only, besides the image repository" },
    json: { help: "one JSON object" },
  },
  examples: ["sallyport repo verify", "sallyport repo verify --dir /srv/mirror --device pi-7 --json"],
  async run(args, io) {
    const dir = args.text("dir");
    if (isArchiveName(dir)) {
      throw usageFault(`repo verify: an archive was verified when it was made; to look again: tar -xf ${dir} -C DIR`);
    }
    const progress = createProgress("verifying");
    const device = args.maybe("device") === undefined ? {} : { device: args.parsed("device", deviceId) };
    const found = await verifyTree(dir, { now: nodeClock.now, ...device, onProgress: progress.update });
    progress.end();
    const { findings, unnamed, ...count } = found;
    if (args.flag("json")) {
      const list = findings.map(({ where, fault }) => ({ where, code: fault.code, reason: fault.line() }));
      io.out(JSON.stringify({ ...count, unnamed, findings: list }));
    } else {
      const { roles, targets, deltas, devices, bytes } = count;
      io.out(`${roles} roles, ${targets} targets and ${deltas} deltas (${size(bytes)}), ${devices} devices`);
      if (unnamed.length > 0) io.out(`${unnamed.length} files that nothing names any more`);
      for (const { where, fault } of findings) io.out(`${where}: ${fault.line()}`);
      io.out(findings.length === 0 ? "everything is as it was signed" : `${findings.length} findings`);
    }
    return findings.length === 0 ? 0 : 1;
  },
};
