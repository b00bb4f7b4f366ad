/**
 * A signer program for a key in an HSM or a token, by OpenSC's `pkcs11-tool`: P-256 (ECDSA) or RSA (PSS). The PIN comes
 * from the environment variable PKCS11_PIN and is never an argument.
 *
 *   node pkcs11.ts describe MODULE TOKEN ID > hsm.json   writes the signer's description, with the public key
 *   node pkcs11.ts sign MODULE TOKEN ID                  one request on standard input, one answer on standard output
 */
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How each scheme is asked for: what goes in, and the tool's arguments. */
const SCHEMES: Readonly<Record<string, { input(payload: Buffer): Buffer; readonly args: readonly string[] }>> = {
  // Tokens hash for themselves seldom enough that we do it: ECDSA over the digest is what all of them can.
  "ecdsa-sha2-nistp256": {
    input: (payload) => createHash("sha256").update(payload).digest(),
    args: ["--mechanism", "ECDSA", "--signature-format", "openssl"],
  },
  "rsassa-pss-sha256": {
    input: (payload) => payload,
    args: ["--mechanism", "SHA256-RSA-PKCS-PSS", "--mgf", "MGF1-SHA256", "--salt-len", "32"],
  },
};

const [verb = "", module = "", token = "", id = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "pkcs11-"));
try {
  if (verb === "describe") console.log(JSON.stringify(describe(), null, 2));
  else if (verb === "sign") console.log(JSON.stringify({ signature: sign(JSON.parse(readFileSync(0, "utf8"))) }));
  else throw new Error("usage: pkcs11.ts describe|sign MODULE TOKEN ID");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function describe() {
  const file = join(folder, "public");
  tool(["--read-object", "--type", "pubkey", "--output-file", file]);
  const key = createPublicKey({ key: readFileSync(file), format: "der", type: "spki" });
  return {
    schema: "sallyport.signer/1",
    program: process.execPath,
    args: [fileURLToPath(import.meta.url), "sign", module, token, id],
    protocol: "json",
    publicKey: key.export({ type: "spki", format: "pem" }),
    timeoutS: 60,
  };
}

function sign({ scheme, payload }: { readonly scheme: string; readonly payload: string }): string {
  const known = SCHEMES[scheme];
  if (known === undefined) throw new Error(`a ${scheme} key is none that this program signs with`);
  const [input, output] = [join(folder, "in"), join(folder, "out")];
  writeFileSync(input, known.input(Buffer.from(payload, "base64")));
  tool(["--sign", "--login", "--pin", "env:PKCS11_PIN", ...known.args, "--input-file", input, "--output-file", output]);
  return readFileSync(output).toString("base64");
}

function tool(args: readonly string[]): void {
  const all = ["--module", module, "--token-label", token, "--id", id, ...args];
  execFileSync("pkcs11-tool", all, { stdio: ["ignore", "ignore", "pipe"] });
}
