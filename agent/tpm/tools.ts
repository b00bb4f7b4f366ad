/**
 * The board's TPM 2.0 through tpm2-tools, run as programs without a shell: sign with a key that never leaves the chip,
 * quote measurements, read a public key. One tool at a time; files go through a directory of their own that is removed
 * afterwards. What a tool answers counts only when it verifies.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseAttestationKey, type Quoter, quoteClaim } from "../../attest/index.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { hex } from "../../runtime/kernel/bytes.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { array, type Infer, integer, object, optional, refined, string } from "../../runtime/kernel/shape.ts";
import { parsePublicKey, type Signer } from "../../runtime/kernel/signer.ts";
import { createSerial } from "../serial.ts";
import { fault } from "./faults.ts";

const handle = refined(
  string({ max: 10 }),
  (text) => /^0x81[0-9a-f]{6}$/.test(text),
  "the handle of a persistent object, 0x81000000 to 0x81ffffff",
);

export const tpmShape = object({
  /** How to reach it, as TPM2TOOLS_TCTI says it; unless given, the tools' own default (the kernel's /dev/tpmrm0). */
  tcti: optional(string({ min: 1, max: 300 })),
  /** Where the tools are; unless given, where PATH says. */
  toolsDirectory: optional(string({ min: 1, max: 1_000 })),
  /** The device key, ECDSA P-256: then device-key.pem holds its public half. */
  key: optional(handle),
  /** The attestation key, restricted, and which registers of the SHA-256 bank it quotes. */
  quote: optional(object({ key: handle, registers: array(integer({ min: 0, max: 23 }), { min: 1, max: 24 }) })),
});
export type TpmConfig = Infer<typeof tpmShape>;

const TIMEOUT_MS = 20_000;
const ANSWER_BYTES_MAX = 8_192;
const REGISTER_BYTES = 32;

export interface Tpm {
  /** SubjectPublicKeyInfo, PEM. Throws TPM_TOOL. */
  publicPem(key: string): Promise<string>;
  /** A signer whose key is at this handle; KEY_* for a public half that is not usable. */
  signer(key: string, publicPem: string): Result<Signer>;
  quoter(quote: NonNullable<TpmConfig["quote"]>): Quoter;
}

/** `scratch`: a directory of the agent's own; what an earlier process left there is removed. */
export function openTpm(config: Pick<TpmConfig, "tcti" | "toolsDirectory">, scratch: string): Tpm {
  const serial = createSerial();
  // The passphrase there is of other keys.
  const { SALLYPORT_PASSPHRASE: _, ...env } = process.env;
  if (config.tcti !== undefined) env["TPM2TOOLS_TCTI"] = config.tcti;
  if (config.toolsDirectory !== undefined) env["PATH"] = [config.toolsDirectory, env["PATH"]].join(delimiter);
  let isSwept = false;

  /** Runs a tool in an empty directory of its own, and reads what it wrote there. */
  function use<T>(
    input: Uint8Array | undefined,
    tool: string,
    args: readonly string[],
    take: (file: (name: string) => Uint8Array) => T,
  ): Promise<T> {
    return serial.run(async () => {
      if (!isSwept) rmSync(scratch, { recursive: true, force: true });
      isSwept = true;
      ensureDirectory(scratch, 0o700);
      const directory = mkdtempSync(join(scratch, "use-"));
      try {
        if (input !== undefined) writeDurable(join(directory, "input"), input, 0o600);
        await run(tool, args, directory, env);
        return take((name) => unwrap(readBounded(join(directory, name), ANSWER_BYTES_MAX)));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }

  const publicPem = (key: string) => {
    const args = ["-Q", "-c", key, "-f", "pem", "-o", "public.pem"];
    return use(undefined, "tpm2_readpublic", args, (file) => new TextDecoder().decode(file("public.pem")));
  };

  return {
    publicPem,
    signer(key, pem) {
      const half = parsePublicKey(pem, "the public half of the TPM's device key");
      if (!half.ok) return half;
      const args = ["-Q", "-c", key, "-g", "sha256", "-s", "ecdsa", "-f", "plain", "-o", "signature", "input"];
      const sign = async (bytes: Uint8Array) => {
        const signature = await use(bytes, "tpm2_sign", args, (file) => file("signature"));
        if (half.value.verify(bytes, signature)) return signature;
        throw fault("TPM_TOOL", { tool: "tpm2_sign", reason: "its signature is not by the board's key" });
      };
      return ok({ keyId: half.value.keyId, publicPem: half.value.pem, sign });
    },
    quoter({ key, registers }) {
      const wanted = [...new Set(registers)].sort((a, b) => a - b);
      let keyId: Promise<Sha256> | undefined;
      return {
        async quote(qualifying) {
          keyId ??= publicPem(key).then((pem) => unwrap(parseAttestationKey(pem)).keyId);
          const id = await keyId.catch((error: unknown) => {
            keyId = undefined;
            throw error;
          });
          const what = ["-Q", "-c", key, "-l", `sha256:${wanted.join(",")}`, "-q", qualifying, "-g", "sha256"];
          const where = ["-m", "attested", "-s", "signature", "-f", "plain", "-o", "values", "-F", "values"];
          return await use(undefined, "tpm2_quote", [...what, ...where], (file) => {
            const pcrs = registersIn(file("values"), wanted);
            return quoteClaim(id, pcrs, file("attested"), file("signature"));
          });
        },
      };
    },
  };
}

/** The values one after the other, in the order of the registers. */
function registersIn(values: Uint8Array, registers: readonly number[]): Readonly<Record<string, Sha256>> {
  if (values.byteLength !== registers.length * REGISTER_BYTES) {
    throw fault("TPM_TOOL", { tool: "tpm2_quote", reason: `${values.byteLength} bytes of measurements` });
  }
  const value = (index: number) => hex(values.subarray(index * REGISTER_BYTES, (index + 1) * REGISTER_BYTES)) as Sha256;
  return Object.fromEntries(registers.map((register, index) => [String(register), value(index)]));
}

function run(tool: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: 65_536 } as const;
    const options = { cwd, env: { ...env, TSS2_LOG: "all+NONE" }, ...limits };
    execFile(tool, [...args], options, (error, _out, complaint) => {
      if (error === null) return resolve();
      const said = complaint.trim().split("\n")[0] ?? "";
      const reason = error.killed === true ? `no answer within ${TIMEOUT_MS / 1000} s` : said || reasonOf(error);
      reject(fault("TPM_TOOL", { tool, reason }, error));
    });
  });
}
