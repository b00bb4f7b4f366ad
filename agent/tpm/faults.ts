/** What can be wrong between the agent and its TPM. */
import { declareFaults, Fault } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("TPM", {
  TPM_TOOL: {
    kind: "environment",
    says: "{tool} did not do what was asked: {reason}",
    means:
      "The board's key or its attestation key is in a TPM, which the agent reaches through tpm2-tools. The tool is missing, failed, or gave something that does not hold.",
    todo: "Check that tpm2-tools is installed, that the agent's user may open the TPM, and that device.json names the right handles.",
  },
});

/** The chip or the way to it, not what was asked. */
export const isTpmTrouble = (error: unknown): boolean => error instanceof Fault && error.code === "TPM_TOOL";
