/** `sallyport provision`: makes a board: its key, the roots it will believe, what it has and where it connects. */
import { resolve } from "node:path";
import { parseBoard } from "../../devices/index.ts";
import { assert } from "../../runtime/kernel/assert.ts";
import { type DeviceId, deviceId, tenantId } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseJson } from "../../runtime/kernel/shape.ts";
import { provisionBoard } from "../provision/device.ts";
import { listenAddress } from "../provision/neighbours.ts";
import { transportShape } from "../provision/transport.ts";
import { ISSUE_OPTIONS, issueTo } from "./device-ca-issue.ts";
import { readFile, readText } from "./files.ts";
import { publicPemIn, TPM_OPTIONS, tpmOf } from "./provision-tpm.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "provision",
  summary: "Make a board: device key, pinned roots, board description, broker credentials.",
  options: {
    dir: { value: "DIR", required: true, help: "where the board's files go; nothing there is overwritten" },
    device: { value: "ID", required: true, help: "device id, [a-z0-9-]" },
    tenant: { value: "NAME", required: true, help: "tenant" },
    class: { value: "NAME", default: "default", help: "device class that policy rules match" },
    region: { value: "NAME", default: "default", help: "region that policy rules match" },
    "image-root": { value: "FILE", required: true, help: "root.json of the image repository, to be pinned" },
    "director-root": { value: "FILE", required: true, help: "root.json of the director repository, to be pinned" },
    "repo-url": { value: "URL", required: true, help: "base URL under which image/ and director/ are served" },
    mirror: { value: "URL", many: true, help: "another base URL with the same files, asked when the first fails" },
    neighbour: {
      value: "URL",
      many: true,
      help: "base URL of another board that serves its neighbours: asked first for modules, last for metadata",
    },
    "serve-neighbours": { value: "HOST:PORT", help: "serve other boards there as a cache of the image repository" },
    transport: { value: "FILE", help: "JSON: proxy, tls, bytesPerSMax, window; see docs/updater.md" },
    broker: { value: "URL", required: true, help: "mqtt:// or mqtts:// URL" },
    username: { value: "NAME", help: "broker user name (default: the device id)" },
    "password-file": { value: "FILE", required: true, help: "file with the broker password" },
    board: { value: "FILE", required: true, help: "board description (names of lines and sensors)" },
    "simulated-dir": { value: "DIR", help: "directory in which another process plays the simulated world" },
    "counter-file": {
      value: "FILE",
      help: "on another partition: counts commits, so that a restored backup is noticed",
    },
    ...ISSUE_OPTIONS,
    ...TPM_OPTIONS,
    poll: { value: "SECONDS", default: "300", help: "how often repositories are looked at without a hint" },
  },
  examples: [
    "sallyport provision --dir /var/lib/sallyport --device pi-7 --tenant home --image-root image.root.json \\",
    "  --director-root director.root.json --repo-url https://updates.example --broker mqtts://broker.example --password-file pw --board board.json",
  ],
  async run(args, io) {
    const board = readFile(args.text("board"));
    unwrap(parseBoard(board));
    const device = args.parsed("device", deviceId);
    const [first, ...mirrors] = [args.text("repo-url"), ...args.list("mirror")].map((base) =>
      addressesBelow(base, device),
    );
    assert(first !== undefined, "--repo-url is needed");
    const caches = args.list("neighbour").map((base) => ({ ...addressesBelow(base, device).image, cache: true }));
    const listen =
      args.maybe("serve-neighbours") === undefined ? undefined : args.parsed("serve-neighbours", listenAddress);
    const file = args.maybe("transport");
    const transport =
      file === undefined ? undefined : unwrap(parseJson(transportShape, readFile(file), file, TRANSPORT_BYTES_MAX));
    const simulated = args.maybe("simulated-dir");
    const counterFile = args.maybe("counter-file");
    if (args.maybe("device-ca") !== undefined) args.text("device-ca-key");
    const tpm = tpmOf(args);
    const publicKeyPem = tpm?.key === undefined ? undefined : await publicPemIn(tpm);
    const made = unwrap(
      provisionBoard(args.text("dir"), {
        config: {
          schema: "sallyport.device/1",
          tenant: args.parsed("tenant", tenantId),
          device,
          class: args.text("class"),
          region: args.text("region"),
          image: { ...first.image, mirrors: [...mirrors.map(({ image }) => image), ...caches] },
          director: { ...first.director, mirrors: mirrors.map(({ director }) => director) },
          ...(transport === undefined ? {} : { transport }),
          ...(listen === undefined ? {} : { neighbours: { listen } }),
          broker: {
            url: args.text("broker"),
            username: args.maybe("username") ?? device,
            password: readText(args.text("password-file")).trim(),
          },
          pollS: args.integer("poll", { min: 5, max: 604_800 }),
          ...(simulated === undefined ? {} : { simulatedDirectory: simulated }),
          ...(counterFile === undefined ? {} : { counterFile: resolve(counterFile) }),
          ...(tpm === undefined ? {} : { tpm }),
        },
        ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
        imageRoot: readFile(args.text("image-root")),
        directorRoot: readFile(args.text("director-root")),
        board,
      }),
    );
    if (args.maybe("device-ca") !== undefined) io.out(await issueTo(made, args));
    io.out(`${device} is provisioned in ${made.directory}; its key id is ${made.key.keyId}`);
    io.err(`next: sallyport agent run --dir ${made.directory}`);
    return 0;
  },
};

const TRANSPORT_BYTES_MAX = 65_536;

/** Where both repositories are under one base URL. */
function addressesBelow(text: string, device: DeviceId) {
  const base = text.replace(/\/$/, "");
  const below = (folder: string) => ({
    metadataUrl: `${base}/${folder}/metadata`,
    targetsUrl: `${base}/${folder}/targets`,
  });
  return { image: below("image"), director: below(`director/${device}`) };
}
