/** `sallyport provision --tpm-…`: which keys of the board's TPM are the device's, and reading the public half. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../../runtime/kernel/assert.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import { openTpm, type TpmConfig, tpmShape } from "../tpm/tools.ts";
import type { Args, OptionSpec } from "./verb.ts";

export const TPM_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "tpm-key": { value: "HANDLE", help: "a P-256 key in this board's TPM is the device key; nothing is written of it" },
  "tpm-quote": { value: "HANDLE", help: "a restricted key in this board's TPM vouches for attestations" },
  "tpm-registers": { value: "LIST", default: "0,1,2,3,4,5,6,7", help: "which registers of the SHA-256 bank it quotes" },
  "tpm-tcti": { value: "TCTI", help: "how tpm2-tools reach the TPM (default: theirs)" },
};

/** Undefined where no key is named. */
export function tpmOf(args: Args): TpmConfig | undefined {
  const [key, quoteKey, tcti] = [args.maybe("tpm-key"), args.maybe("tpm-quote"), args.maybe("tpm-tcti")];
  if (key === undefined && quoteKey === undefined) return undefined;
  const registers = args.text("tpm-registers").split(",").map(Number);
  return unwrap(
    parseShape(
      tpmShape,
      {
        ...(tcti === undefined ? {} : { tcti }),
        ...(key === undefined ? {} : { key }),
        ...(quoteKey === undefined ? {} : { quote: { key: quoteKey, registers } }),
      },
      "provision: the TPM",
    ),
  );
}

/** Read from the chip, once, when the board is made. */
export async function publicPemIn(tpm: TpmConfig): Promise<string> {
  assert(tpm.key !== undefined, "there is a key to read");
  const scratch = mkdtempSync(join(tmpdir(), "sallyport-tpm-"));
  try {
    const pem = await openTpm(tpm, join(scratch, "tpm")).publicPem(tpm.key);
    unwrap(parsePublicKey(pem, `the TPM's key ${tpm.key}`));
    return pem;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
