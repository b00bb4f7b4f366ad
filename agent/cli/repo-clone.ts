/** `sallyport repo clone`: a verified copy of the public part, for a mirror or, as one archive, for boards without a network. */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { deviceId } from "../../runtime/kernel/brand.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import {
  archivePlace,
  type CopyPlace,
  copyPublic,
  devicesIn,
  directoryPlace,
  isArchiveName,
  openPublic,
} from "../../updater/repository/index.ts";
import { size } from "./bars.ts";
import { readFile } from "./files.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION } from "./repo-open.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo clone",
  summary: "Copy the public part of a repository, verified on the way, into a directory or one .tar archive.",
  positionals: ["DESTINATION"],
  options: {
    from: { ...DIR_OPTION, help: "the repository: a directory, an archive, or the address it is served at" },
    device: { value: "ID", many: true, help: "copy this device's directed metadata (default: all of a directory's)" },
    "assigned-only": { help: "only what those devices are assigned, and the owner's files" },
    "image-root": { value: "FILE", help: "a trusted root of the image repository (default: the directory's first)" },
    "director-root": { value: "FILE", help: "a trusted root of the director (default: the directory's first)" },
    json: { help: "one JSON object" },
  },
  examples: [
    "sallyport repo clone /srv/mirror",
    "sallyport repo clone stick.tar --device pi-7 --assigned-only",
    "sallyport repo clone /srv/mirror --from https://updates.example.org/ --image-root image.json",
  ],
  async run(args, io) {
    const [destination = ""] = args.positionals;
    const from = args.text("from");
    const base = URL.canParse(from) ? from : pathToFileURL(resolve(from)).href;
    const chosen = args.list("device").map((one) => unwrap(parseShape(deviceId, one, "repo clone --device")));
    const devices = chosen.length > 0 || URL.canParse(from) ? chosen : devicesIn(join(from, "director"));
    const root = (option: string, below: string) =>
      args.maybe(option) === undefined
        ? readFile(join(from, below, "metadata", "1.root.json"))
        : readFile(args.text(option));
    const publicOf = (below: string) => openPublic(base, below);

    const archive = isArchiveName(destination) ? archivePlace(destination) : undefined;
    const place: CopyPlace = archive ?? directoryPlace(destination);
    const progress = createProgress("copying");
    try {
      const copied = await copyPublic(
        {
          image: { source: publicOf("image"), root: root("image-root", "image") },
          devices,
          director: (device) => {
            const below = `director/${device}`;
            return { source: publicOf(below), root: root("director-root", below) };
          },
          assignedOnly: args.flag("assigned-only"),
          now: nodeClock.now,
          onProgress: progress.update,
        },
        place,
      );
      archive?.finish();
      progress.end();
      if (args.flag("json")) io.out(JSON.stringify({ destination, devices, ...copied }));
      else {
        const kept = copied.kept === 0 ? "" : `, ${copied.kept} were there already`;
        io.out(`${copied.files} files (${size(copied.bytes)}) of ${devices.length} devices to ${destination}${kept}`);
      }
      return 0;
    } finally {
      progress.end();
      archive?.abandon();
    }
  },
};
