/** `sallyport challenge`: asks a board over MQTT to attest what it runs, with a fresh nonce, and appraises the answer. */
import { hex } from "../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { APPRAISAL_OPTIONS, appraiseAndTell, referenceOf } from "./appraisal.ts";
import { readSigner } from "./files.ts";
import { COMMAND_OPTIONS, carryOut, connect } from "./operator.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "challenge",
  summary: "Ask a board, by signed command with a fresh nonce, to attest what it runs, and appraise the answer.",
  options: { ...COMMAND_OPTIONS, ...APPRAISAL_OPTIONS },
  examples: [
    "sallyport challenge --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device porch-1 \\",
    "  --key op.pem --expect porch-1.reference.json --state porch-1.seen.json",
  ],
  async run(args, io) {
    // Before anything is sent: what is wrong with the files here is no matter of the board's.
    const reference = referenceOf("challenge", args);
    if (reference.device !== args.text("device") || reference.tenant !== args.text("tenant")) {
      throw usageFault("challenge: the reference values are of another board than the one that is asked");
    }
    const nonce = hex(nodeRandom.bytes(32));
    const signer = readSigner(args.text("key"));
    const connected = await connect(args);
    const { link, device } = connected;
    try {
      const timeoutMs = args.integer("timeout", { min: 1, max: 3600 }) * 1000;
      const answer = link.awaitAttestation(device, (bytes) => carries(bytes, nonce), timeoutMs);
      io.err(await carryOut(connected, args, { verb: "attest", args: { nonce } }, signer));
      return await appraiseAndTell("challenge", args, io, { envelope: await answer, nonce, nowMs: nodeClock.now() });
    } finally {
      await link.close();
    }
  },
};

/** Only a hint which of the messages is meant: the appraiser judges it afterwards. */
function carries(bytes: Uint8Array, nonce: string): boolean {
  try {
    const { payload } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof payload === "string" && Buffer.from(payload, "base64").toString("utf8").includes(nonce);
  } catch {
    return false;
  }
}
