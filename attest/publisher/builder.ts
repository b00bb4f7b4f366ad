/**
 * One way to a bundle for every kind of signer: sign the envelope, have it witnessed, and read the result with the
 * board's own parser before anybody publishes it.
 */
import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, type Signer, type Witness } from "@sigstore/sign";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { parseAnyBundle, STATEMENT_PAYLOAD_TYPE } from "../bundle.ts";
import { fault } from "./faults.ts";
import { type Services, signFault } from "./services.ts";

/** Called with how many of the signer and the witnesses have answered. */
export type Progress = (done: number, of: number) => void;

interface Hands {
  readonly signer: Signer;
  readonly witnesses: readonly Witness[];
}

interface Asked extends Services {
  readonly fulcioUrl?: string;
  readonly onProgress?: Progress;
}

/** The bundle's bytes (version 0.3). Throws a Fault ATTEST_SIGN_*, or that of a signer of ours. */
export async function bundleOf(statement: Uint8Array, { signer, witnesses }: Hands, asked: Asked): Promise<Uint8Array> {
  const steps = 1 + witnesses.length;
  let done = 0;
  const step = <T>(answer: T): T => {
    done += 1;
    asked.onProgress?.(done, steps);
    return answer;
  };
  const builder = new DSSEBundleBuilder({
    signer: { sign: async (data) => step(await signer.sign(data)) },
    witnesses: witnesses.map((one) => ({ testify: async (...about) => step(await one.testify(...about)) })),
  });
  asked.onProgress?.(0, steps);
  let bytes: Uint8Array;
  try {
    const bundle = await builder.create({ data: Buffer.from(statement), type: STATEMENT_PAYLOAD_TYPE });
    bytes = utf8(JSON.stringify(bundleToJSON(bundle)));
  } catch (error) {
    throw signFault(error, asked);
  }
  const read = parseAnyBundle(bytes);
  if (!read.ok) throw fault("ATTEST_SIGN_FAILED", { reason: reasonOf(read.error) }, read.error);
  return bytes;
}
