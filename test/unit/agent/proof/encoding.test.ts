/** A proof has exactly one valid encoding: whatever is changed in its bytes is found before anything in it is believed. */
import { generateKeyPairSync, randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProof, PROOF_BYTES_MAX, PROOF_TYPE, sealProof, verifyProof } from "../../../../agent/proof/index.ts";
import { isLowest, lowered } from "../../../../agent/proof/one-signature.ts";
import { base64, fromBase64, fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../../../runtime/kernel/canonical.ts";
import { signEnvelope } from "../../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../../runtime/kernel/signer.ts";
import { openScene, type ProofScene, publicKeyOf } from "./scene.ts";

let scene: ProofScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const code = (bytes: Uint8Array) => {
  const opened = openProof(bytes);
  return opened.ok ? "opened" : opened.error.code;
};
const text = () => fromUtf8(scene.proof) ?? "";
const payloadText = () => fromUtf8(fromBase64(JSON.parse(text()).payload) ?? new Uint8Array()) ?? "";
/** A payload as it is, signed well by the device. */
const signedAs = async (payload: string, payloadType = PROOF_TYPE) => {
  const { signatures } = await signEnvelope(payloadType, utf8(payload), [scene.prover.signer]);
  return utf8(canonicalJson({ payloadType, payload: base64(utf8(payload)), signatures }));
};

describe("a proof's file", () => {
  it("is found altered wherever one bit of one byte is: ends and a sample here, each byte of one in the end-to-end test", () => {
    const { proof } = scene;
    const places = [
      ...Array.from({ length: 100 }, (_, at) => at),
      ...Array.from({ length: 500 }, (_, at) => proof.byteLength - 1 - at),
      ...Array.from({ length: 500 }, () => randomInt(proof.byteLength)),
    ];
    const missed = places.filter((at) => {
      const copy = proof.slice();
      copy[at] = (copy[at] ?? 0) ^ (1 << randomInt(8));
      return code(copy) === "opened";
    });
    expect(missed).toEqual([]);
  });

  it("is found altered in a sample of places of many proofs, with keys of both kinds", async () => {
    const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const pems = [p256.export({ type: "pkcs8", format: "pem" }).toString(), generateKeyPem()];
    for (const pem of [...pems, ...pems]) {
      const proof = await scene.admit({ prover: { signer: unwrap(parseSigner(pem)) } });
      const whole = proof.slice();
      const missed = Array.from({ length: 150 }, () => randomInt(proof.byteLength)).filter((at) => {
        whole[at] = (whole[at] ?? 0) + randomInt(1, 256);
        const { ok } = openProof(whole);
        whole[at] = proof[at] ?? 0;
        return ok;
      });
      expect(missed).toEqual([]);
      expect(openProof(whole).ok).toBe(true);
    }
  });

  it("is refused with a byte more or less at either end, and when it is empty", () => {
    const { proof } = scene;
    const whole = Buffer.from(proof);
    const others = [
      Buffer.concat([whole, Buffer.from("\n")]),
      Buffer.concat([Buffer.from(" "), whole]),
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), whole]),
      whole.subarray(1),
      whole.subarray(0, -1),
      Buffer.alloc(0),
    ];
    expect(others.map(code)).toEqual(others.map(() => "PROOF_NOT_CANONICAL"));
  });

  it("is refused when the same JSON is written in another way", () => {
    const { payload, payloadType, signatures } = JSON.parse(text());
    const [{ keyid, sig }] = signatures;
    const others = [
      JSON.stringify({ payloadType, payload, signatures }),
      JSON.stringify({ payload, payloadType, signatures: [{ sig, keyid }] }),
      JSON.stringify({ payload, payloadType, signatures: [{ sig }] }),
      JSON.stringify({ payload, payloadType, signatures: [...signatures, ...signatures] }),
      JSON.stringify({ payload, payloadType, signatures, more: 1 }),
      JSON.stringify({ payload, payloadType, signatures }, null, 1),
      text().replace("sallyport", "s\\u0061llyport"),
      text().replace('{"payload":"', '{"payload":"","payload":"'),
    ];
    expect(others.map((one) => code(utf8(one)))).toEqual(others.map(() => "PROOF_NOT_CANONICAL"));
  });

  it("is refused when its base64 is written in another way", () => {
    const { payload } = JSON.parse(text());
    const others = [
      text().replace(payload, payload.replace("=", "")),
      text().replace(payload, payload.replace("A", "A\\n")),
      text().replace(payload, payload.replaceAll("+", "-").replaceAll("/", "_").replace(/.$/, "-")),
      text().replace(payload, `${payload}====`),
    ].filter((one) => one !== text());
    expect(others.length).toBeGreaterThan(2);
    expect(others.map((one) => code(utf8(one)))).toEqual(others.map(() => "PROOF_NOT_CANONICAL"));
  });

  it("is refused when its signature's base64 is written in another way", () => {
    const { signatures } = JSON.parse(text());
    const { sig } = signatures[0];
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // 64 bytes leave four bits of the last digit without a meaning.
    const last = alphabet[alphabet.indexOf(sig.at(-3)) + 1];
    const other = `${sig.slice(0, -3)}${last}==`;
    expect(Buffer.from(other, "base64")).toEqual(Buffer.from(sig, "base64"));
    expect(code(utf8(text().replace(sig, other)))).toBe("PROOF_NOT_CANONICAL");
  });

  it("is refused above its bound before it is read", () => {
    expect(code(new Uint8Array(PROOF_BYTES_MAX + 1))).toBe("PROOF_TOO_LARGE");
  });

  it("with brackets without end is refused before a parser meets them", async () => {
    for (const hostile of ["[".repeat(2_000_000), `[${"[],".repeat(2_000_000)}[]]`]) {
      expect(code(await signedAs(hostile))).toBe("PROOF_NOT_CANONICAL");
    }
  });

  it("with names without end is refused before a parser makes an object of them", async () => {
    const names = Array.from({ length: 700_000 }, (_, index) => `"k${index.toString(36)}":1`);
    expect(code(await signedAs(`{${names.join(",")}}`))).toBe("PROOF_NOT_CANONICAL");
  });
});

describe("a payload that the device did sign", () => {
  it("is refused when it is not canonical JSON", async () => {
    const plain = payloadText();
    const parsed = JSON.parse(plain);
    const others = [
      JSON.stringify(parsed, null, 1),
      JSON.stringify(Object.fromEntries(Object.entries(parsed).reverse())),
      plain.replace('"agent"', '"ag\\u0065nt"'),
      plain.replace('"running":false', '"running":true,"running":false'),
      plain.replace(/"judgedMs":(\d+)/, '"judgedMs":$1.0'),
    ];
    expect(others.filter((one) => one === plain)).toEqual([]);
    for (const one of others) expect(code(await signedAs(one))).toBe("PROOF_NOT_CANONICAL");
    expect(code(await signedAs(plain))).toBe("opened");
  });

  it("is refused when it has a field more, a field less or one of another type", async () => {
    const parsed = JSON.parse(payloadText());
    const { tenant: _, ...less } = parsed;
    for (const one of [
      { ...parsed, more: 1 },
      less,
      { ...parsed, running: 1 },
      { ...parsed, schema: "sallyport.proof/2" },
    ]) {
      expect(code(await signedAs(canonicalJson(one)))).toBe("PROOF_INVALID");
    }
  });

  it("is refused when base64 inside it is not canonical", async () => {
    const parsed = JSON.parse(payloadText());
    const policy = `${parsed.documents.policy.replace(/=+$/, "")}==========`;
    const other = { ...parsed, documents: { ...parsed.documents, policy } };
    expect(code(await signedAs(canonicalJson(other)))).toBe("PROOF_INVALID");
  });

  it("is refused when the key inside is not in canonical DER", async () => {
    const parsed = JSON.parse(payloadText());
    const spki = fromBase64(parsed.device.publicKey) ?? new Uint8Array();
    const longer = base64(Uint8Array.from([...spki, 0]));
    const other = { ...parsed, device: { ...parsed.device, publicKey: longer } };
    expect(code(await signedAs(canonicalJson(other)))).toBe("PROOF_SIGNATURE");
    const none = { ...parsed, device: { ...parsed.device, publicKey: base64(utf8("no key")) } };
    expect(code(await signedAs(canonicalJson(none)))).toBe("PROOF_SIGNATURE");
  });

  it("is refused under another payload type", async () => {
    expect(code(await signedAs(payloadText(), "application/json"))).toBe("PROOF_NOT_CANONICAL");
  });
});

describe("a signature", () => {
  /** The order of Ed25519's group (RFC 8032 section 5.1). */
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;

  it("of Ed25519 has no second form: S + L is refused", () => {
    const { signatures } = JSON.parse(text());
    const bytes = fromBase64(signatures[0].sig) ?? new Uint8Array();
    const littleEndian = [...bytes.subarray(32)].reverse();
    const s = BigInt(`0x${Buffer.from(littleEndian).toString("hex")}`) + L;
    const second = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
    const other = base64(Buffer.concat([bytes.subarray(0, 32), second]));
    expect(code(utf8(text().replace(signatures[0].sig, other)))).toBe("PROOF_SIGNATURE");
  });

  it("of P-256 counts in one of its two forms", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const signer = unwrap(parseSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString()));
    for (let round = 0; round < 8; round += 1) {
      const proof = await scene.admit({ prover: { signer } });
      const demand = { ...scene.demand, device: { by: "key", key: publicKeyOf(signer) } } as const;
      expect(verifyProof(proof, demand).ok).toBe(true);
      const { signatures } = JSON.parse(fromUtf8(proof) ?? "");
      const bytes = fromBase64(signatures[0].sig) ?? new Uint8Array();
      const other = otherForm(bytes);
      expect(isLowest(bytes)).toBe(true);
      expect(isLowest(other)).toBe(false);
      expect(base64(lowered(other))).toBe(signatures[0].sig);
      const swapped = (fromUtf8(proof) ?? "").replace(signatures[0].sig, base64(other));
      expect(code(utf8(swapped))).toBe("PROOF_SIGNATURE");
    }
  });

  it("by another key over the same payload is refused", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const signer = unwrap(parseSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString()));
    const { proof } = unwrap(openProof(scene.proof));
    expect(code(unwrap(await sealProof(proof, signer)))).toBe("PROOF_SIGNATURE");
  });
});

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** (r, n − s), by the simplest means there is. */
function otherForm(der: Uint8Array): Uint8Array {
  const rLength = der[3] ?? 0;
  const r = der.subarray(2, 4 + rLength);
  const s = BigInt(`0x${Buffer.from(der.subarray(6 + rLength)).toString("hex")}`);
  const digits = (ORDER - s).toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  const padded = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Uint8Array.from([0x30, r.length + 2 + padded.length, ...r, 0x02, padded.length, ...padded]);
}
