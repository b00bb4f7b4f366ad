/** `sallyport verify-proof`: was this release rightly admitted? Asked of a file, offline, far from the board that made it. */
import { parsePolicy } from "../../attest/index.ts";
import { sha256Hex } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape, refined, string } from "../../runtime/kernel/shape.ts";
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import { type DeviceTrust, PROOF_BYTES_MAX, verifyProof } from "../proof/index.ts";
import { AGENT_VERSION } from "../version.ts";
import { readFile, readText } from "./files.ts";
import { proofJson, sayProof } from "./proof-text.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "verify-proof",
  summary:
    "Verify a board's proof of an admission offline: metadata from your roots, evidence by the policy, signature.",
  positionals: ["FILE"],
  options: {
    root: { value: "DIR", help: "where image.root.json and director.root.json are, as in a board's roots/" },
    "image-root": { value: "FILE", help: "root.json of the image repository that you trust" },
    "director-root": { value: "FILE", help: "root.json of the director repository that you trust" },
    "device-ca": { value: "FILE", help: "PEM certificates of the authorities that name devices" },
    "device-key": { value: "FILE|ID", help: "the device's public key, or its key id" },
    policy: { value: "FILE", help: "judge the same evidence by this policy, too" },
    at: { value: "TIME", help: "judge the evidence as of this time (RFC 3339, UTC), too" },
    module: { value: "FILE", help: "the module.wasm that you hold: is it this one?" },
    json: { help: "one JSON object" },
  },
  examples: [
    "sallyport verify-proof acme.thermostat.1.0.0.proof.json --root roots --device-ca devices.pem",
    "sallyport verify-proof p.json --image-root i.json --director-root d.json --device-key 5f0d… --policy stricter.json",
  ],
  async run(args, io) {
    const policy = args.maybe("policy");
    const module = args.maybe("module");
    const atMs = args.maybe("at") === undefined ? undefined : Date.parse(args.parsed("at", utcTime));
    const [file = ""] = args.positionals;
    // What is missing on the command line is told before anything that is wrong with a file.
    const [roots, device] = [rootsOf(args), deviceOf(args)];
    const result = verifyProof(readFile(file, PROOF_BYTES_MAX), {
      roots,
      device,
      agent: AGENT_VERSION,
      ...(policy === undefined ? {} : { policy: unwrap(parsePolicy(readFile(policy))) }),
      ...(module === undefined ? {} : { module: readFile(module) }),
      ...(atMs === undefined ? {} : { atMs }),
    });
    if (!args.flag("json")) sayProof(unwrap(result), io);
    else if (result.ok) io.out(JSON.stringify(proofJson(result.value)));
    else {
      const { code, message: reason, facts } = result.error;
      io.out(JSON.stringify({ accepted: false, code, reason, facts }));
    }
    return result.ok && result.value.again?.accepted !== false ? 0 : 1;
  },
};

const utcTime = refined(
  string({ max: 40 }),
  (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text) && Number.isFinite(Date.parse(text)),
  "a time as 2026-01-31T00:00:00Z",
);

function rootsOf(args: Args) {
  const folder = args.maybe("root");
  const path = (repository: "image" | "director") => {
    const given = args.maybe(`${repository}-root`);
    if (given !== undefined) return given;
    if (folder !== undefined) return `${folder}/${repository}.root.json`;
    throw usageFault("verify-proof: give --root DIR, or --image-root FILE and --director-root FILE");
  };
  return { image: readFile(path("image"), ROOT_BYTES_MAX), director: readFile(path("director"), ROOT_BYTES_MAX) };
}

const ROOT_BYTES_MAX = 512_000;

function deviceOf(args: Args): DeviceTrust {
  const authority = args.maybe("device-ca");
  const key = args.maybe("device-key");
  if (authority !== undefined && key !== undefined)
    throw usageFault("verify-proof: --device-ca or --device-key, not both");
  if (authority !== undefined) return { by: "authority", pem: readText(authority) };
  if (key === undefined) return { by: "nothing" };
  const keyId = parseShape(sha256Hex, key, "--device-key");
  return { by: "key", key: keyId.ok ? { keyId: keyId.value } : unwrap(parsePublicKey(readText(key), key)) };
}
