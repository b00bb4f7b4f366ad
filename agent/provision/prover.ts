/** Who proves: a provisioned board in the words of its proofs. */
import type { Prover } from "../proof/index.ts";
import type { Provisioned } from "./device.ts";

/** Without its certificates where they are of no use: proofs are still believed by those who pin the key. */
export function proverOf(board: Provisioned, agent: string): Prover {
  const { config, key: signer, certificates, imageRoot: image, directorRoot: director } = board;
  return {
    agent,
    tenant: config.tenant,
    device: { id: config.device, class: config.class, region: config.region },
    signer,
    certificates: certificates.ok ? certificates.value : [],
    roots: { image, director },
  };
}
