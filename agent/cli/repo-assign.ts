/** `sallyport repo assign`: the director's word for one device. Other modules of the device stay as they are. */
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { deviceId, moduleName, teamName, version } from "../../runtime/kernel/brand.ts";
import { err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { GRANT_HELP, parseGrant } from "./grant-spec.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo assign",
  summary: "Assign a release to a device with its grants, or take it away.",
  options: {
    dir: DIR_OPTION,
    device: { value: "ID", required: true, help: "the device" },
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
  ],
  async run(args, io) {
    const repo = openRepo(args);
    const device = args.parsed("device", deviceId);
    const current = repo.desired(device)?.modules ?? [];
    const removed = args.maybe("remove");
    const spec = args.maybe("module");
    if (spec === undefined && removed === undefined) throw usageFault("repo assign: --module or --remove is needed");
    const wanted = spec === undefined ? undefined : unwrap(parseModuleSpec(spec));
    const kept = current.filter((one) => one.name !== removed && one.name !== wanted?.name);
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
    const { rev } = unwrap(await repo.assign(device, [...kept, ...entry]));
    io.out(`${device}: desired state revision ${rev}`);
    return 0;
  },
};

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
