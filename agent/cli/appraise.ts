/** `sallyport appraise`: judges a board's runtime attestation offline, against reference values and what was seen before. */
import { appraise, RUNTIME_BYTES_MAX, referenceLike, runtimeNonce } from "../../attest/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { agentDigest } from "../provision/own-files.ts";
import { APPRAISAL_OPTIONS, type Asked, appraiseAndTell, referenceOf } from "./appraisal.ts";
import { readFile } from "./files.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "appraise",
  summary: "Judge a board's runtime attestation: verified, stale, mismatch or unattested, with every reason.",
  positionals: ["[FILE]"],
  options: {
    ...APPRAISAL_OPTIONS,
    tenant: { value: "NAME", help: "with --device-key: the board's tenant" },
    device: { value: "ID", help: "with --device-key: the board" },
    nonce: { value: "HEX", help: "the nonce that the board was asked with" },
    "print-expect": {
      help: "print reference values that this statement satisfies, to be read before they are believed",
    },
    "agent-digest-of": {
      value: "DIR",
      help: "print the digest of the agent in a checkout or release, and nothing else",
    },
  },
  examples: [
    "sallyport appraise att.json --expect porch-1.reference.json --state porch-1.seen.json",
    "mosquitto_sub -t sp/1/home/porch-1/up/att -C 1 … | sallyport appraise - --device-dir /var/lib/sallyport",
    "sallyport appraise --agent-digest-of .",
  ],
  async run(args, io) {
    const directory = args.maybe("agent-digest-of");
    const [file] = args.positionals;
    if (directory !== undefined) {
      if (file !== undefined) throw usageFault("appraise: --agent-digest-of takes no FILE");
      io.out(unwrap(await agentDigest(directory)));
      return 0;
    }
    if (file === undefined) throw usageFault("appraise: FILE is missing; - reads standard input");
    if (args.flag("print-expect") && args.flag("json")) throw usageFault("appraise: --print-expect is JSON already");
    if (args.flag("print-expect") && args.maybe("state") !== undefined) {
      throw usageFault("appraise: --print-expect appraises nothing that --state could remember");
    }
    const envelope = file === "-" ? await readInput() : readFile(file, RUNTIME_BYTES_MAX);
    const asked = { envelope, nonce: nonceOf(args), nowMs: nodeClock.now() };
    return args.flag("print-expect") ? printExpected(args, io, asked) : appraiseAndTell("appraise", args, io, asked);
  },
};

function nonceOf(args: Args): string | undefined {
  return args.maybe("nonce") === undefined ? undefined : args.parsed("nonce", runtimeNonce);
}

/** Exit status and complaints are those of the appraisal; what is printed has its keys from there, too. */
function printExpected(args: Args, io: Io, asked: Asked): number {
  const reference = referenceOf("appraise", args);
  const { status, statement, reasons } = appraise({ ...asked, reference, before: undefined });
  const refusal = reasons.find(({ outcome }) => outcome === "refused");
  if (refusal !== undefined) io.err(`${status}: ${refusal.text} (${refusal.code})`);
  if (statement === undefined) return 1;
  io.out(JSON.stringify(referenceLike(reference, statement), null, 2));
  return status === "verified" ? 0 : 1;
}

/** What is longer than any honest attestation is cut one byte above the bound, and refused for its length. */
async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > RUNTIME_BYTES_MAX) break;
  }
  return new Uint8Array(Buffer.concat(chunks)).subarray(0, RUNTIME_BYTES_MAX + 1);
}
