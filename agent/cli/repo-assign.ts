/**
 * `sallyport repo assign`: the director's word for one device, or the same word for many. Other modules of a device stay
 * as they are.
 */
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { type DeviceId, deviceId, moduleName, teamName, version } from "../../runtime/kernel/brand.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import type { Choose } from "../../updater/repository/index.ts";
import { readFile } from "./files.ts";
import { GRANT_HELP, parseGrant } from "./grant-spec.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { usageFault, type Verb } from "./verb.ts";

/** A million ids. */
const LIST_BYTES_MAX = 64_000_000;

export const verb: Verb = {
  name: "repo assign",
  summary: "Assign a release to a device with its grants, or take it away.",
  options: {
    dir: DIR_OPTION,
    device: { value: "ID", help: "the device" },
    devices: { value: "FILE", help: "in place of --device: many, one id on each line" },
    module: { value: "TEAM/NAME@VERSION", help: "the release to run" },
    grant: { value: "SPEC", many: true, help: GRANT_HELP },
    probation: { value: "SECONDS", default: "30", help: "how long a new release is watched before it is committed" },
    lease: { value: "SECONDS", help: "without fresh metadata for so long the grants end" },
    lift: { value: "ID", many: true, help: "a revocation (its command id) to lift" },
    remove: { value: "NAME", help: "stop a module and forget its state" },
  },
  examples: [
    "sallyport repo assign --device pi-7 --module acme/room-climate@1.0.0 --grant sensor:room-temp --grant gpio:fan:out",
    "sallyport repo assign --device pi-7 --remove room-climate",
    "sallyport repo assign --devices porch.txt --module acme/room-climate@1.1.0 --grant sensor:room-temp",
  ],
  async run(args, io) {
    const repo = openRepo(args);
    const list = args.maybe("devices");
    if ((list === undefined) === (args.maybe("device") === undefined)) {
      throw usageFault("repo assign: --device or --devices is needed, one of them");
    }
    const removed = args.maybe("remove");
    const spec = args.maybe("module");
    if (spec === undefined && removed === undefined) throw usageFault("repo assign: --module or --remove is needed");
    const wanted = spec === undefined ? undefined : unwrap(parseModuleSpec(spec));
    const lease =
      args.maybe("lease") === undefined ? {} : { leaseS: args.integer("lease", { min: 1, max: 31_536_000 }) };
    const entry: DesiredModule[] =
      wanted === undefined
        ? []
        : [
            {
              ...wanted,
              grants: args.list("grant").map(parseGrant),
              lifts: [...args.list("lift")],
              probationS: args.integer("probation", { min: 0, max: 86_400 }),
              ...lease,
            },
          ];
    const changed: Choose = (now) => [
      ...(now?.modules ?? []).filter((one) => one.name !== removed && one.name !== wanted?.name),
      ...entry,
    ];
    if (list === undefined) {
      const device = args.parsed("device", deviceId);
      const { rev } = unwrap(await repo.assign(device, changed(repo.desired(device))));
      io.out(`${device}: desired state revision ${rev}`);
      return 0;
    }
    const devices = unwrap(parseDevices(readFile(list, LIST_BYTES_MAX), list));
    const progress = createProgress("devices");
    const result = await repo.assignAll(devices, changed, progress.update);
    progress.end();
    const count = unwrap(result).changed;
    io.out(`${count} devices have a new desired state, ${devices.length - count} had it already`);
    return 0;
  },
};

/** Ids one on each line; empty lines and those that begin with `#` are left out, and what comes twice counts once. */
export function parseDevices(bytes: Uint8Array, file: string): Result<readonly DeviceId[]> {
  const text = fromUtf8(bytes);
  if (text === undefined) return err(usageFault(`${file} is not UTF-8 text`));
  const devices = new Set<DeviceId>();
  for (const [at, line] of text.split("\n").entries()) {
    const id = line.trim();
    if (id === "" || id.startsWith("#")) continue;
    const parsed = parseShape(deviceId, id, `line ${at + 1} of ${file}`);
    if (!parsed.ok) return parsed;
    devices.add(parsed.value);
  }
  return devices.size === 0 ? err(usageFault(`${file} names no device`)) : ok([...devices]);
}

export function parseModuleSpec(spec: string): Result<Pick<DesiredModule, "team" | "name" | "version">> {
  const [, team, name, release] = /^([^/@]+)\/([^/@]+)@([^/@]+)$/.exec(spec) ?? [];
  const parts = [
    parseShape(teamName, team, "the team"),
    parseShape(moduleName, name, "the module"),
    parseShape(version, release, "the version"),
  ] as const;
  const [one, two, three] = parts;
  if (!one.ok || !two.ok || !three.ok) return err(usageFault(`"${spec}" is not TEAM/NAME@VERSION`));
  return ok({ team: one.value, name: two.value, version: three.value });
}
