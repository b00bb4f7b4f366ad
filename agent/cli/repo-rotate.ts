/** `sallyport repo rotate`: changes who signs what. Boards follow from any earlier root; nothing is published unverified. */
import { basename } from "node:path";
import { teamName } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import {
  canSign,
  type Edit,
  keyName,
  type NamedKey,
  type Repositories,
  type Rotation,
  readPublicHalf,
} from "../../updater/repository/index.ts";
import { passphrase } from "./files.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { sayWeak, tellSettled } from "./repo-settled.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo rotate",
  summary:
    "Change who signs: WHAT is owners, online (the image's timestamp and snapshot), timestamp, snapshot, director, or team/NAME.",
  positionals: ["WHAT"],
  options: {
    dir: DIR_OPTION,
    add: { value: "NAME=FILE", many: true, help: "a key that comes: public, or private to sign with here from now on" },
    remove: { value: "NAME", many: true, help: "a key that goes, by name or the beginning of its id" },
    replace: { help: "all keys of before go" },
    threshold: { value: "N", help: "how many signatures are needed from now on (owners: for root)" },
    "targets-threshold": { value: "N", help: "owners only: how many for the owner's targets" },
    drop: { help: "team/NAME only: no longer delegate to it" },
    json: { help: "print what became of it as JSON" },
  },
  examples: [
    "sallyport repo rotate owners --add dora=dora.pem.pub --remove bob",
    "sallyport repo rotate online --replace --add online-2=online-2.pem",
    "sallyport repo rotate director --replace --add director-2=director-2.pem",
    "sallyport repo rotate team/acme --add ci-2=ci-2.pem --remove ci",
    "sallyport repo rotate owners --threshold 3 --targets-threshold 2",
  ],
  async run(args, io) {
    const repo = openRepo(args);
    const rotation = await rotationOf(args, repo);
    const settled = unwrap(await repo.rotate(rotation));
    if (args.flag("json")) io.out(JSON.stringify(settled));
    else tellSettled(settled, io);
    for (const { repository, role, threshold, keys } of unwrap(repo.status()).roles) {
      const isOwners = role === "root" || (role === "targets" && repository === "image");
      if (isOwners) for (const line of sayWeak(`${repository} ${role}`, threshold, keys.length)) io.err(line);
    }
    return 0;
  },
};

const ONLINE: Readonly<Record<string, Omit<Extract<Rotation, { what: "online" }>, "what" | "edit">>> = {
  online: { repository: "image", roles: ["timestamp", "snapshot"] },
  timestamp: { repository: "image", roles: ["timestamp"] },
  snapshot: { repository: "image", roles: ["snapshot"] },
  director: { repository: "director", roles: ["timestamp", "snapshot", "targets"] },
};

async function rotationOf(args: Args, repo: Repositories): Promise<Rotation> {
  const [what = ""] = args.positionals;
  const team = /^team\/(.+)$/.exec(what)?.[1];
  const name = team === undefined ? undefined : unwrap(parseShape(teamName, team, "the team"));
  if (args.flag("drop")) {
    if (name === undefined) throw usageFault("repo rotate: --drop is for team/NAME");
    return { what: "drop-team", team: name };
  }
  const online = Object.hasOwn(ONLINE, what) ? ONLINE[what] : undefined;
  if (name === undefined && online === undefined && what !== "owners") {
    throw usageFault(`repo rotate: WHAT is owners, ${Object.keys(ONLINE).join(", ")} or team/NAME, not "${what}"`);
  }
  const edit = await editOf(args, repo);
  if (name !== undefined) return { what: "team", team: name, edit };
  if (online !== undefined) return { what: "online", ...online, edit };
  if (args.maybe("targets-threshold") === undefined) return { what: "owners", edit };
  return { what: "owners", edit, targetsThreshold: args.integer("targets-threshold", { min: 1, max: 16 }) };
}

async function editOf(args: Args, repo: Repositories): Promise<Edit> {
  const add: NamedKey[] = [];
  for (const spec of args.list("add")) {
    const cut = spec.indexOf("=");
    const file = spec.slice(cut + 1).replace(/^exec:/, "");
    const name = unwrap(
      parseShape(keyName, cut < 1 ? basename(file).replace(/\..*$/, "") : spec.slice(0, cut), "a key's name"),
    );
    const { key } = unwrap(readPublicHalf(file, passphrase()));
    if (canSign(file)) unwrap(await repo.addKey(file));
    add.push({ name, key });
  }
  const remove = args.list("remove");
  const replace = args.flag("replace");
  const threshold =
    args.maybe("threshold") === undefined ? {} : { threshold: args.integer("threshold", { min: 0, max: 16 }) };
  if (
    add.length + remove.length === 0 &&
    !replace &&
    args.maybe("threshold") === undefined &&
    args.maybe("targets-threshold") === undefined
  ) {
    throw usageFault("repo rotate: say what changes: --add, --remove, --replace or --threshold");
  }
  return { add, remove, ...(replace ? ({ replace: true } as const) : {}), ...threshold };
}
