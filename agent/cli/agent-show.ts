/**
 * `sallyport agent show`: what a board is and which metadata it has in force, read from its directory beside a running
 * agent. What runs is told by `watch` and `grants`.
 */
import { join } from "node:path";
import { parseBoard } from "../../devices/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type KeptRole, readKept } from "../../updater/index.ts";
import { readBoard } from "../provision/device.ts";
import { columns } from "./bars.ts";
import { cleanLine } from "./terminal-text.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "agent show",
  summary: "Show who a board is and which metadata of both repositories it has in force, verified from its roots.",
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    metadata: { value: "REPOSITORY/ROLE", help: "print that file as it was signed, e.g. image/root" },
    json: { help: "one JSON object" },
  },
  examples: [
    "sallyport agent show --dir /var/lib/sallyport",
    "sallyport agent show --dir /var/lib/sallyport --metadata director/targets",
  ],
  async run(args, io) {
    const { config, key, imageRoot, directorRoot, board, stateDirectory } = unwrap(readBoard(args.text("dir")));
    const { tenant, device } = config;
    const roots = { image: imageRoot, director: directorRoot };
    const kept = unwrap(readKept({ directory: join(stateDirectory, "updater"), device, roots }));
    const roles = kept?.roles ?? [];
    const wanted = args.maybe("metadata");
    if (wanted !== undefined) {
      const found = roles.find((one) => nameOf(one) === wanted);
      if (found === undefined) {
        throw usageFault(`agent show: there is ${roles.map(nameOf).join(", ") || "no metadata yet"}, not ${wanted}`);
      }
      io.out(new TextDecoder().decode(found.bytes).trimEnd());
      return 0;
    }
    const { profile } = unwrap(parseBoard(board));
    const who = { tenant, device, class: config.class, region: config.region, profile, keyId: key.keyId };
    if (args.flag("json")) {
      const metadata = roles.map(({ repository, role, version, expires }) => ({ repository, role, version, expires }));
      io.out(JSON.stringify({ ...who, commit: kept?.commit ?? 0, metadata }));
      return 0;
    }
    for (const [name, value] of Object.entries(who)) io.out(`${name}: ${cleanLine(value)}`);
    if (kept === undefined) io.out("no metadata yet");
    else {
      io.out(`metadata: commit ${kept.commit}`);
      const now = nodeClock.now();
      const past = (expires: string) => (Date.parse(expires) <= now ? "PAST" : "");
      const rows = roles.map((one) => [nameOf(one), String(one.version), one.expires, past(one.expires)]);
      for (const line of columns(rows, ["left", "right", "left", "left"])) io.out(`  ${line}`);
    }
    return 0;
  },
};

function nameOf({ repository, role }: KeptRole): string {
  return `${repository}/${role}`;
}
