/** `sallyport repo dump`: a metadata file as a person reads it. What it holds is others' text: it is made visible, not obeyed. */
import { join } from "node:path";
import { deviceId } from "../../runtime/kernel/brand.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import {
  cleanLine,
  currentFile,
  type Dumped,
  type DumpedDelegation,
  type DumpedKey,
  dumpFile,
  shortId,
} from "../../updater/repository/index.ts";
import { size } from "./bars.ts";
import { DIR_OPTION } from "./repo-open.ts";
import { leadOf } from "./repo-settled.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo dump",
  summary: "Show a metadata file: its end, its signatures, keys and thresholds, delegations, targets and their facts.",
  positionals: ["[FILE]"],
  options: {
    dir: DIR_OPTION,
    role: { value: "ROLE", help: "the current file of root, targets, snapshot, timestamp, a team or a bin" },
    device: { value: "ID", help: "with --role: of this device's directed metadata" },
    json: { help: "one JSON object" },
  },
  examples: [
    "sallyport repo dump --role acme",
    "sallyport repo dump --role timestamp --device pi-7",
    "sallyport repo dump .sallyport/repo/image/metadata/2.root.json --json",
  ],
  async run(args, io) {
    const path = fileOf(args);
    const dumped = unwrap(dumpFile(path, nodeClock.now()));
    if (args.flag("json")) io.out(JSON.stringify({ file: path, ...dumped }));
    else for (const line of page(path, dumped)) io.out(cleanLine(line));
    return 0;
  },
};

function fileOf(args: Args): string {
  const [file] = args.positionals;
  const role = args.maybe("role");
  if ((file === undefined) === (role === undefined)) throw usageFault("repo dump: either FILE or --role is needed");
  if (file !== undefined) return file;
  const device = args.maybe("device") === undefined ? undefined : args.parsed("device", deviceId);
  const folder = join(args.text("dir"), ...(device === undefined ? ["image"] : ["director", device]), "metadata");
  const named = role ?? "";
  const online = named === "snapshot" || named === "timestamp" || named.startsWith("bin_");
  return unwrap(currentFile(folder, online ? named : leadOf(named)));
}

function* page(path: string, one: Dumped): Generator<string> {
  const left = one.daysLeft < 0 ? "PAST" : `${one.daysLeft} days left`;
  yield `${path}: ${one.type}${one.role === one.type ? "" : ` of ${one.role}`}, version ${one.version}`;
  yield `  ends ${one.expires} (${left}); ${size(one.bytes)}, sha256 ${one.sha256}`;
  if (one.device !== undefined) yield `  for device ${one.device} alone`;
  yield* signatures(one);
  for (const role of one.roles ?? []) yield `  ${role.of}: ${role.threshold} of ${keys(role.keys)}`;
  if (one.consistentSnapshot === false) yield "  without consistent snapshots";
  for (const meta of one.meta ?? []) {
    const { length, hashes = {} } = meta;
    yield `  names ${meta.file} ${meta.version}${length === undefined ? "" : `, ${length} bytes`}${digests(hashes)}`;
  }
  for (const delegation of one.delegations ?? []) yield* delegated(delegation);
  for (const { path, length, hashes, custom } of one.targets ?? []) {
    yield `  ${path}: ${length} bytes${digests(hashes)}`;
    if (custom !== undefined) yield `    ${JSON.stringify(custom)}`;
  }
  for (const [field, value] of Object.entries(one.fields)) yield `  field ${field}: ${JSON.stringify(value)}`;
}

function* signatures({ signatures: all, needs, unjudged }: Dumped): Generator<string> {
  for (const { of, threshold, have, keys: named } of needs) {
    yield `  has ${have} of ${threshold} signatures that ${of} asks for, of ${keys(named)}`;
  }
  if (needs.length === 0) yield `  who may sign it is not known: ${unjudged ?? "nothing beside it says so"}`;
  for (const key of all) {
    const state = { true: "verifies", false: "DOES NOT VERIFY", undefined: "of a key that is not known" } as const;
    yield `  signature of ${told(key)}: ${state[`${key.verified}`]}`;
  }
}

function* delegated({ role, threshold, keys: named, paths, pathHashPrefixes, bins, terminating }: DumpedDelegation) {
  const what = bins === undefined ? `delegates to ${role}` : `delegates to ${bins} hash bins, ${role}`;
  yield `  ${what}: ${threshold} of ${keys(named)}`;
  if (paths !== undefined) yield `    paths ${paths.join(", ")}`;
  if (pathHashPrefixes !== undefined) yield `    hashes that begin with ${pathHashPrefixes.join(", ")}`;
  if (!terminating) yield "    the search goes on after it";
}

function keys(all: readonly DumpedKey[]): string {
  return `${all.length}: ${all.map(told).join(", ")}`;
}

function told({ id, name, scheme }: DumpedKey): string {
  const called = name === undefined ? shortId(id) : `${name} (${shortId(id)})`;
  return scheme === undefined ? called : `${called} ${scheme}`;
}

function digests(hashes: Readonly<Record<string, string>>): string {
  return Object.entries(hashes)
    .map(([name, digest]) => `, ${name} ${digest}`)
    .join("");
}
