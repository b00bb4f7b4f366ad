/** `sallyport repo upload`: the public part to a web server or an S3 store, in the order that readers need. */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import {
  type CopyPlace,
  copyPublic,
  devicesIn,
  openPublic,
  type S3Account,
  uploadPlace,
} from "../../updater/repository/index.ts";
import { size } from "./bars.ts";
import { readFile, readText } from "./files.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION } from "./repo-open.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo upload",
  summary: "Upload the public part by HTTP PUT or to an S3 store; what is there already stays, timestamps go last.",
  positionals: ["URL"],
  options: {
    dir: DIR_OPTION,
    "header-file": { value: "FILE", help: "a header for each request, e.g. a line `authorization: Bearer …`" },
    endpoint: { value: "URL", help: "for s3://: a store other than Amazon's, addressed by path" },
    region: { value: "REGION", default: "us-east-1", help: "for s3://: the store's region" },
    "dry-run": { help: "ask the server what it has, say what would be uploaded, and upload nothing" },
    json: { help: "one JSON object" },
  },
  examples: [
    "sallyport repo upload https://updates.example.org/ --header-file token.txt",
    "sallyport repo upload s3://releases/fleet    (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set)",
    "sallyport repo upload s3://releases --endpoint https://minio.example.org:9000",
  ],
  async run(args, io) {
    const [to = ""] = args.positionals;
    const directory = resolve(args.text("dir"));
    const base = pathToFileURL(directory).href;
    const root = (below: string) => readFile(join(directory, below, "metadata", "1.root.json"));
    const of = (below: string) => ({ source: openPublic(base, below), root: root(below) });
    const place = uploadPlace({
      ...(to.startsWith("s3:") ? storeOf(to, args) : serverOf(to, args)),
      now: nodeClock.now,
    });
    const isDry = args.flag("dry-run");
    const target: CopyPlace = isDry ? { has: place.has, put: () => undefined } : place;
    const told = to.replace(/\/\/[^/]*@/, "//"); // It may hold a password.
    const progress = createProgress("uploading");
    try {
      const copied = await copyPublic(
        {
          image: of("image"),
          devices: devicesIn(join(directory, "director")),
          director: (device) => of(`director/${device}`),
          assignedOnly: false,
          now: nodeClock.now,
          onProgress: progress.update,
        },
        target,
      );
      progress.end();
      const kept = copied.kept === 0 ? "" : `, ${copied.kept} were there already`;
      io.out(
        args.flag("json")
          ? JSON.stringify({ to: told, ...(isDry ? { dryRun: true } : {}), ...copied })
          : `${isDry ? "would upload " : ""}${copied.files} files (${size(copied.bytes)}) to ${told}${kept}`,
      );
      return 0;
    } finally {
      progress.end();
      place.close();
    }
  },
};

function serverOf(base: string, args: Args) {
  const file = args.maybe("header-file");
  if (file === undefined) return { base };
  const [, name = "", value = ""] = /^([A-Za-z][A-Za-z0-9-]*):\s*(\S.*?)\s*$/.exec(readText(file)) ?? [];
  if (name === "") throw usageFault(`repo upload: ${file} is not one line \`name: value\``);
  return { base, headers: { [name.toLowerCase()]: value } };
}

function storeOf(to: string, args: Args) {
  const { hostname: bucket, pathname } = new URL(to);
  const prefix = pathname.replace(/^\/+/, "");
  const region = args.text("region");
  const endpoint = args.maybe("endpoint");
  const base =
    endpoint === undefined
      ? `https://${bucket}.s3.${region}.amazonaws.com/${prefix}`
      : `${endpoint.replace(/\/*$/, "")}/${bucket}/${prefix}`;
  return { base, s3: accountOf(region) };
}

function accountOf(region: string): S3Account {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (!accessKeyId || !secretAccessKey) {
    throw usageFault("repo upload: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be set for an S3 store");
  }
  return { region, accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
