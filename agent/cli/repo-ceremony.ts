/** `sallyport repo ceremony`: begins a tenant's trust with owners who keep their keys on machines of their own. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type CeremonyInput, holdCeremony, parseCeremony } from "../../updater/repository/index.ts";
import { type Asker, terminalAsker } from "./ask.ts";
import { passphrase, readFile } from "./files.ts";
import { DIR_OPTION } from "./repo-open.ts";
import { sayWeak, tellSettled } from "./repo-settled.ts";
import { askCeremony } from "./repo-wizard.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo ceremony",
  summary:
    "Create both repositories with the owners' own keys: asked step by step at a terminal, or planned in a file.",
  options: {
    dir: DIR_OPTION,
    plan: { value: "FILE", help: "the plan (sallyport.ceremony/1); key files in it are relative to it" },
    "show-plan": { help: "print the plan that the answers give and do nothing" },
    json: { help: "print the transcript" },
  },
  examples: ["sallyport repo ceremony", "sallyport repo ceremony --plan ceremony.json --dir /srv/repo"],
  run: (args, io) => hold(args, io, terminalAsker()),
};

/** The verb with the person at hand, if there is one. */
export async function hold(args: Args, io: Io, asker: Asker | undefined): Promise<number> {
  const dir = args.text("dir");
  const file = args.maybe("plan");
  if (file === undefined && asker === undefined) throw usageFault("repo ceremony: nobody to ask; give --plan FILE");
  const input = file === undefined ? await answers(asker, io) : unwrap(parseCeremony(readFile(file, 1_000_000)));
  if (args.flag("show-plan")) {
    io.out(JSON.stringify(input, null, 2));
    return 0;
  }
  for (const role of ["root", "targets"] as const) {
    for (const line of sayWeak(role, input.thresholds[role], input.owners.length)) io.err(line);
  }
  const from = file === undefined ? "." : dirname(file);
  if (file === undefined && asker !== undefined) {
    io.err(JSON.stringify(input, null, 2));
    if ((await asker.line(`hold this ceremony in ${dir}? (yes/no) `)) !== "yes") {
      io.err("nothing was written");
      return 1;
    }
  }
  const secret = passphrase();
  const options = { now: nodeClock.now, from, ...(secret === undefined ? {} : { passphrase: secret }) };
  const { settled, transcript } = unwrap(await holdCeremony(dir, input, options));
  if (args.flag("json")) io.out(transcript.trimEnd());
  else {
    tellSettled(settled, io);
    io.out(`transcript: ${dir}/transcript.json`);
  }
  if (secret === undefined && existsSync(`${dir}/keys`)) {
    io.err("keys that were made here are not encrypted: set SALLYPORT_PASSPHRASE where more than online keys are made");
  }
  return 0;
}

async function answers(asker: Asker | undefined, io: Io): Promise<CeremonyInput> {
  if (asker === undefined) throw usageFault("repo ceremony: nobody to ask");
  return askCeremony(asker, io.err);
}
