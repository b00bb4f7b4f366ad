/** `sallyport device-ca issue`: a provisioned board gets a certificate for the key that it has. */
import { join } from "node:path";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { issueToDevice } from "../provision/certificate.ts";
import { type Provisioned, readBoard } from "../provision/device.ts";
import { readSigner, readText, writeFile } from "./files.ts";
import { type Args, DAY_MS, type OptionSpec, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "device-ca issue",
  summary: "Issue a certificate for a board's key, so that its proofs can be verified by the authority alone.",
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    "device-ca": { value: "FILE", required: true, help: "the authority's certificate" },
    "device-ca-key": { value: "FILE", required: true, help: "the authority's key" },
    "device-days": { value: "N", default: "7300", help: "for how long it is valid; never longer than the authority" },
  },
  examples: [
    "sallyport device-ca issue --dir /var/lib/sallyport --device-ca authority/device-ca.pem --device-ca-key authority/device-ca-key.pem",
  ],
  async run(args, io) {
    const board = unwrap(readBoard(args.text("dir")));
    io.out(await issueTo(board, args));
    return 0;
  },
};

/** The same options where a board is made. */
export const ISSUE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "device-ca": { value: "FILE", help: "certificate of a device authority: the board's key gets one of it" },
  "device-ca-key": { value: "FILE", help: "the authority's key" },
  "device-days": { value: "N", default: "7300", help: "for how long that certificate is valid" },
};

/** Writes `device-cert.pem`; an agent that runs reads it at its next start. The answer is for a person. */
export async function issueTo({ directory, config, key }: Provisioned, args: Args): Promise<string> {
  const path = args.text("device-ca");
  const authority = { path, pem: readText(path), key: readSigner(args.text("device-ca-key")) };
  const now = nodeClock.now();
  const days = args.integer("device-days", { min: 1, max: 36_500 });
  const { tenant, device } = config;
  const name = { tenant, device, publicPem: key.publicPem };
  const validity = { fromMs: now - ROOM_MS, untilMs: now + days * DAY_MS };
  const pem = unwrap(await issueToDevice(name, authority, validity, nodeRandom));
  const file = join(directory, "device-cert.pem");
  writeFile(file, utf8(pem));
  return `${file} names spiffe://${tenant}/device/${device}`;
}

/** A board without a clock of its own begins with the day of its program: certificates are good for such a day, too. */
export const ROOM_MS = 366 * DAY_MS;
