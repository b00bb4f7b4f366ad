/** `sallyport device-ca init`: an authority that says which key is which device's. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { refined, string } from "../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner } from "../../runtime/kernel/signer.ts";
import { makeAuthority } from "../provision/certificate.ts";
import { ROOM_MS } from "./device-ca-issue.ts";
import { passphrase, writeFile } from "./files.ts";
import { DAY_MS, usageFault, type Verb } from "./verb.ts";

const name = refined(string({ min: 1, max: 64 }), /^[\x20-\x7e]+$/, "a name in printable ASCII");

export const verb: Verb = {
  name: "device-ca init",
  summary: "Make a device authority: a key, and a certificate that readers of proofs are given.",
  options: {
    out: { value: "DIR", required: true, help: "where device-ca.pem and device-ca-key.pem go; not overwritten" },
    name: { value: "NAME", required: true, help: "what the authority is called" },
    days: { value: "N", default: "7300", help: "for how long it is valid" },
  },
  examples: ["SALLYPORT_PASSPHRASE=… sallyport device-ca init --out authority --name 'acme devices'"],
  async run(args, io) {
    const files = { cert: join(args.text("out"), "device-ca.pem"), key: join(args.text("out"), "device-ca-key.pem") };
    const there = [files.key, files.cert].find((one) => existsSync(one));
    if (there !== undefined) throw usageFault(`device-ca init: ${there} is there already`);
    const pem = generateKeyPem(passphrase());
    const key = unwrap(parseSigner(pem, passphrase(), files.key));
    const now = nodeClock.now();
    const untilMs = now + args.integer("days", { min: 1, max: 36_500 }) * DAY_MS;
    const cert = await makeAuthority(args.parsed("name", name), key, { fromMs: now - ROOM_MS, untilMs }, nodeRandom);
    writeFile(files.key, utf8(pem), 0o600);
    writeFile(files.cert, utf8(cert));
    io.out(`${files.cert} is for readers of proofs; ${files.key} stays with you`);
    if (passphrase() === undefined) io.err("the key is not encrypted: SALLYPORT_PASSPHRASE was not set");
    return 0;
  },
};
