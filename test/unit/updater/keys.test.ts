/** Key files, kinds of keys and signers that are programs: what signs, what is refused, what is never trusted. */

import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { newKeyFile, readKey, readPublicHalf } from "../../../updater/repository/index.ts";
import { codeOf, faultOf } from "./site.ts";

const PAYLOAD = utf8("what is signed");
const SECRET = "correct horse";

function desk(): string {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function put(text: string, name = "key.pem"): string {
  const file = join(desk(), name);
  writeFileSync(file, text);
  return file;
}

describe("a key file", () => {
  it.each(["ed25519", "p256", "rsa"] as const)("of kind %s signs what its public half verifies", async (kind) => {
    const file = put(newKeyFile({ kind, bits: 2048 }));
    const [key, half] = [unwrap(readKey(file, undefined)), unwrap(readPublicHalf(file, undefined))];
    const signature = await key.signer.sign(PAYLOAD);
    expect(half.verify(PAYLOAD, signature)).toBe(true);
    expect(half.verify(utf8("something else"), signature)).toBe(false);
    expect(half.key.keyID).toBe(key.key.keyID);
  });

  it("that is encrypted shows its public half to anybody and signs for the passphrase alone", async () => {
    const file = put(newKeyFile({ passphrase: SECRET, scryptLogN: 14 }));
    expect(readFileSync(file, "utf8")).not.toContain("PRIVATE");
    const half = unwrap(readPublicHalf(file, undefined));
    const signature = await unwrap(readKey(file, SECRET)).signer.sign(PAYLOAD);
    expect(half.verify(PAYLOAD, signature)).toBe(true);
    expect(faultOf(readKey(file, "wrong")).message).toContain("passphrase is wrong");
    expect(faultOf(readKey(file, undefined)).message).toContain("no passphrase was given");
  });

  it("whose public half was exchanged is not opened: the halves are sealed together", () => {
    const text = newKeyFile({ passphrase: SECRET, scryptLogN: 14 });
    const other = unwrap(readPublicHalf(put(newKeyFile()), undefined)).pem;
    const changed = altered(text, (envelope) => ({ ...envelope, publicKey: other }));
    expect(codeOf(readKey(put(changed), SECRET))).toBe("KEY_UNREADABLE");
  });

  it.each([
    ["more work than a reader does", (one: Envelope) => ({ ...one, scrypt: { ...one.scrypt, logN: 30 } })],
    ["almost no work", (one: Envelope) => ({ ...one, scrypt: { ...one.scrypt, logN: 1 } })],
    ["a field that nobody knows", (one: Envelope) => ({ ...one, more: true })],
  ])("that asks for %s is refused", (_, change) => {
    const text = altered(newKeyFile({ passphrase: SECRET, scryptLogN: 14 }), change);
    expect(codeOf(readKey(put(text), SECRET))).toBe("SHAPE_MISMATCH");
  });

  it("encrypted as PKCS #8 by earlier versions, or by others, is still read", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const protection = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: SECRET } as const;
    const file = put(privateKey.export(protection).toString());
    expect((await unwrap(readKey(file, SECRET)).signer.sign(PAYLOAD)).byteLength).toBe(64);
    expect(codeOf(readKey(file, "wrong"))).toBe("KEY_UNREADABLE");
  });

  it.each([
    ["RSA of 1024 bits", () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
    ["P-384", () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
    ["X25519", () => generateKeyPairSync("x25519").privateKey],
  ])("with %s is refused", (_, make) => {
    const file = put(make().export({ type: "pkcs8", format: "pem" }).toString());
    expect(codeOf(readKey(file, undefined))).toBe("REPO_KEY_KIND");
  });
});

describe("a signer program", () => {
  /** A program in the test's language, described for a key that it holds or does not. */
  function program(code: string, changes: object = {}, more: readonly string[] = []) {
    const directory = desk();
    const privateFile = join(directory, "private.pem");
    writeFileSync(privateFile, newKeyFile({ kind: "p256" }));
    const script = join(directory, "signer.mjs");
    writeFileSync(script, `#!${process.execPath}\n${PROLOGUE}\n${code}\n`);
    chmodSync(script, 0o755);
    const { pem: publicKey } = unwrap(readPublicHalf(privateFile, undefined));
    const description = {
      schema: "sallyport.signer/1",
      program: "./signer.mjs",
      args: [privateFile, ...more],
      protocol: "raw",
      publicKey,
      timeoutS: 20,
      ...changes,
    };
    const file = join(directory, "signer.json");
    writeFileSync(file, JSON.stringify(description));
    return unwrap(readKey(file, undefined));
  }
  const PROLOGUE = `import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
const input = readFileSync(0);
const signature = (bytes) => sign("sha256", bytes, createPrivateKey(readFileSync(process.argv[2])));`;
  const failing = async (code: string, changes: object = {}) => {
    const result = program(code, changes).signer.sign(PAYLOAD);
    return result.then(
      () => expect.fail("a refusal was expected"),
      (error: Error & { code: string }) => `${error.code}: ${error.message}`,
    );
  };

  it("signs over the raw protocol", async () => {
    const key = program("process.stdout.write(signature(input));");
    expect((await key.signer.sign(PAYLOAD)).byteLength).toBeGreaterThan(60);
  });

  it("is not given the passphrase of other keys, and all else that its environment says", async () => {
    vi.stubEnv("SALLYPORT_PASSPHRASE", SECRET);
    vi.stubEnv("TOKEN_PIN", "1234");
    onTestFinished(() => void vi.unstubAllEnvs());
    const told = "console.error([process.env.SALLYPORT_PASSPHRASE, process.env.TOKEN_PIN].join('|')); process.exit(1);";
    expect(await failing(told)).toMatch(/status 1: \|1234$/);
  });

  it("signs over the JSON protocol, told which key and scheme", async () => {
    const key = program(
      `const { schema, keyId, scheme, payload } = JSON.parse(input);
if (schema !== "sallyport.sign/1" || scheme !== "ecdsa-sha2-nistp256" || keyId.length !== 64) process.exit(3);
console.log(JSON.stringify({ signature: signature(Buffer.from(payload, "base64")).toString("base64") }));`,
      { protocol: "json" },
    );
    expect((await key.signer.sign(PAYLOAD)).byteLength).toBeGreaterThan(60);
  });

  it.each([
    ["another key's signature", "process.stdout.write(signature(Buffer.from('x')));", {}, "does not verify"],
    ["no end", "process.stdout.write(Buffer.alloc(20000));", {}, "more than 16384 bytes"],
    ["an exit in distress", "console.error('no token'); process.exit(7);", {}, "status 7: no token"],
    ["no answer", "setInterval(() => {}, 1000);", { timeoutS: 1 }, "no answer within 1 s"],
    ["words instead of JSON", "console.log('hello');", { protocol: "json" }, "not valid JSON"],
    ["a program that is not there", "", { program: "./nobody" }, "ENOENT"],
  ])("is refused with %s", async (_, code, changes, reason) => {
    const refusal = await failing(code, changes);
    expect(refusal).toMatch(/^REPO_SIGNER: /);
    expect(refusal).toContain(reason);
  });

  it("is run without a shell: what its arguments say is not carried out", async () => {
    const check = "if (process.argv[3] !== '$(id); *') process.exit(9);";
    const key = program(`${check}\nprocess.stdout.write(signature(input));`, {}, ["$(id); *"]);
    expect((await key.signer.sign(PAYLOAD)).byteLength).toBeGreaterThan(60);
  });
});

interface Envelope {
  publicKey: string;
  scrypt: { logN: number; salt: string };
}

function altered(text: string, change: (envelope: Envelope) => object): string {
  const [head = "", ...lines] = text.trim().split("\n");
  const tail = lines.pop() ?? "";
  const envelope = JSON.parse(Buffer.from(lines.join(""), "base64").toString("utf8"));
  return [head, Buffer.from(JSON.stringify(change(envelope))).toString("base64"), tail, ""].join("\n");
}
