/** DSSE and keys: whose signature counts, and for what. */
import { ECDH, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { base64, utf8 } from "../../../runtime/kernel/bytes.ts";
import { preAuthEncoding, signEnvelope, verifyEnvelope } from "../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parsePublicKey, parseSigner } from "../../../runtime/kernel/signer.ts";

const signer = () => unwrap(parseSigner(generateKeyPem()));
const [alice, bob, mallory] = [signer(), signer(), signer()];
const keys = [alice, bob].map((one) => unwrap(parsePublicKey(one.publicPem)));
const type = "application/vnd.test+json";
const payload = utf8('{"hello":"world"}');
const options = { what: "the test", payloadType: type, keys, threshold: 1 };
const codeOf = (result: ReturnType<typeof verifyEnvelope>) => (result.ok ? "accepted" : result.error.code);

describe("an envelope", () => {
  it("encodes as the DSSE specification's example does", () => {
    const encoded = new TextDecoder().decode(preAuthEncoding("http://example.com/HelloWorld", utf8("hello world")));
    expect(encoded).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  it("is accepted from a named key and gives the payload back", async () => {
    const verified = verifyEnvelope(await signEnvelope(type, payload, [alice]), options);
    expect(verified).toEqual({ ok: true, value: { payload, keyIds: [alice.keyId] } });
  });

  it("is refused from a key that is not named", async () => {
    expect(codeOf(verifyEnvelope(await signEnvelope(type, payload, [mallory]), options))).toBe("DSSE_UNSIGNED");
  });

  it("is refused when one key signs twice to reach a threshold of two", async () => {
    const twice = await signEnvelope(type, payload, [alice, alice]);
    expect(codeOf(verifyEnvelope(twice, { ...options, threshold: 2 }))).toBe("DSSE_UNSIGNED");
    const both = await signEnvelope(type, payload, [alice, bob]);
    expect(codeOf(verifyEnvelope(both, { ...options, threshold: 2 }))).toBe("accepted");
  });

  it("is refused under another payload type, so that one kind of document never counts for another", async () => {
    const other = await signEnvelope("application/other", payload, [alice]);
    expect(codeOf(verifyEnvelope(other, options))).toBe("DSSE_TYPE");
    expect(codeOf(verifyEnvelope({ ...other, payloadType: type }, options))).toBe("DSSE_UNSIGNED");
  });

  it("is refused with a changed payload, a false key id or base64 that has two spellings", async () => {
    const envelope = await signEnvelope(type, payload, [alice]);
    expect(codeOf(verifyEnvelope({ ...envelope, payload: base64(utf8("{}")) }, options))).toBe("DSSE_UNSIGNED");
    const relabelled = { ...envelope, signatures: envelope.signatures.map((one) => ({ ...one, keyid: bob.keyId })) };
    expect(verifyEnvelope(relabelled, options)).toEqual({ ok: true, value: { payload, keyIds: [alice.keyId] } });
    expect(codeOf(verifyEnvelope({ ...envelope, payload: `${envelope.payload}\n` }, options))).toBe("DSSE_BASE64");
  });

  it("is never accepted with a threshold of zero", async () => {
    expect(codeOf(verifyEnvelope(await signEnvelope(type, payload, [mallory]), { ...options, threshold: 0 }))).toBe(
      "DSSE_UNSIGNED",
    );
  });
});

describe("a key", () => {
  it("has one spelling, so that it has one id: a P-256 point in another form is refused", () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const der = publicKey.export({ type: "spki", format: "der" });
    const [head, point] = [der.subarray(0, -65), der.subarray(-65)];
    const pem = (bytes: Uint8Array) => `-----BEGIN PUBLIC KEY-----\n${base64(bytes)}\n-----END PUBLIC KEY-----\n`;
    const inForm = (form: "compressed" | "hybrid") =>
      new Uint8Array(ECDH.convertKey(point, "prime256v1", undefined, undefined, form) as Buffer);
    const compressed = Buffer.concat([head, inForm("compressed")]);
    compressed[1] = 0x39;
    compressed[head.length - 2] = 0x22;
    expect(parsePublicKey(pem(der)).ok).toBe(true);
    for (const other of [compressed, Buffer.concat([head, inForm("hybrid")])]) {
      const parsed = parsePublicKey(pem(other));
      expect(parsed.ok ? "accepted" : parsed.error.line()).toMatch(/^KEY_UNSUPPORTED: .*not in uncompressed form/);
    }
  });

  it("opens with its passphrase only", () => {
    const pem = generateKeyPem("correct horse");
    expect(parseSigner(pem, "correct horse").ok).toBe(true);
    const wrong = parseSigner(pem, "wrong");
    expect(!wrong.ok && wrong.error.code).toBe("KEY_UNREADABLE");
  });
});
