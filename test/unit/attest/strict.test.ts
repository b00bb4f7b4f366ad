/** A bundle has one spelling: what nobody signed in it cannot be changed without the door noticing. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ASN1Obj } from "@sigstore/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrustedRoot, type TrustedRoot, verifyArtifact, verifyBundle } from "../../../attest/index.ts";
import { parseStrictJson } from "../../../attest/strict-json.ts";
import { unsignedInEntry } from "../../../attest/strict-log.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { anything } from "../../../runtime/kernel/shape.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { altered, type Json, signed } from "./release.ts";

let sigstore: FakeSigstore;
let trust: TrustedRoot;
let v1: Uint8Array;
let v2: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  trust = unwrap(parseTrustedRoot(sigstore.trustedRoot));
  [v1, v2] = await Promise.all([signed(sigstore, { rekorVersion: 1 }), signed(sigstore, { rekorVersion: 2 })]);
});
afterAll(() => sigstore.close());

function codeOf(bundle: Uint8Array): string {
  const verified = verifyBundle(bundle, trust);
  return verified.ok ? "accepted" : verified.fault.code;
}
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const entryOf = (json: Json): Json => json.verificationMaterial.tlogEntries[0];
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

type Change = (json: Json) => void;

describe("the text of a bundle", () => {
  it("may have its names in any order and white space between them", () => {
    const json: Json = JSON.parse(textOf(v1));
    const reversed = Object.fromEntries(Object.entries(json).reverse());
    expect(codeOf(utf8(JSON.stringify(reversed, undefined, "\t")))).toBe("accepted");
  });

  it.each([
    ["a name that stands twice", (text: string) => text.replace("{", '{"mediaType":"x",')],
    ["a name that stands twice, once escaped", (text: string) => text.replace("{", '{"medi\\u0061Type":"x",')],
    ["a byte order mark", (text: string) => `\ufeff${text}`],
    ["something after its end", (text: string) => `${text} {}`],
  ])("may not have %s", (_, change) => {
    expect(codeOf(utf8(change(textOf(v1))))).toBe("ATTEST_BUNDLE_INVALID");
  });

  it.each<[string, Change]>([
    ["an unknown field", (json) => Object.assign(json, { comment: "hello" })],
    ["an unknown field deep inside", (json) => Object.assign(entryOf(json).logId, { comment: "hello" })],
    ["a field in snake case", (json) => Object.assign(json, { media_type: json.mediaType })],
    ["__proto__ as a field", (json) => Object.defineProperty(json, "__proto__", { value: {}, enumerable: true })],
    ["null where nobody writes it", (json) => Object.assign(json, { messageSignature: null })],
    ["two kinds of key", (json) => Object.assign(json.verificationMaterial, { publicKey: { hint: "" } })],
    [
      "a certificate beside the chain that is used",
      (json) => {
        json.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
        const { certificate } = json.verificationMaterial;
        json.verificationMaterial.x509CertificateChain = { certificates: [certificate] };
      },
    ],
    [
      "a checkpoint of so many lines that each would be tried",
      (json) => resigned(entryOf(json), (line) => line + "\u2014 w AAAAAAAA\n".repeat(60)),
    ],
    ["a keyid beside a certificate", (json) => Object.assign(json.dsseEnvelope.signatures[0], { keyid: "k" })],
    ["a number in place of its digits", (json) => Object.assign(entryOf(json), { logIndex: 0 })],
    [
      "a number with a zero before it",
      (json) => Object.assign(entryOf(json), { logIndex: `0${entryOf(json).logIndex}` }),
    ],
    ["a number that no double holds", (json) => Object.assign(entryOf(json), { logIndex: "9007199254740993" })],
    ["another media type's end", (json) => Object.assign(json, { mediaType: `${json.mediaType};x=1` })],
  ])("may not have %s", (_, change) => {
    expect(codeOf(altered(v1, change))).toBe("ATTEST_BUNDLE_INVALID");
  });

  it.each([
    ["white space", (text: string) => `${text.slice(0, 8)}\n${text.slice(8)}`],
    ["the URL-safe alphabet", (text: string) => text.replaceAll("+", "-").replaceAll("/", "_")],
    ["a letter that is none", (text: string) => `${text}!`],
    ["more padding", (text: string) => `${text}====`],
  ])("may not have base64 with %s", (_, change) => {
    const json: Json = JSON.parse(textOf(v1));
    for (const [holder, name] of base64Fields(json)) {
      const before = holder[name];
      holder[name] = change(before);
      if (holder[name] !== before) expect(codeOf(utf8(JSON.stringify(json))), name).toBe("ATTEST_BUNDLE_INVALID");
      holder[name] = before;
    }
  });

  it("may not have bits set behind the end of its base64", () => {
    const json: Json = JSON.parse(textOf(v1));
    const { canonicalizedBody } = entryOf(json);
    const { logId } = entryOf(json);
    expect([canonicalizedBody, logId.keyId].some((one) => one.endsWith("="))).toBe(true);
    logId.keyId = logId.keyId.replace(/.=$/, (end: string) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`);
    expect(codeOf(utf8(JSON.stringify(json)))).toBe("ATTEST_BUNDLE_INVALID");
  });
});

describe("JSON", () => {
  it("is refused for its size before it is read", () => {
    const parsed = parseStrictJson(anything, utf8("[1, 2]"), "it", 5);
    expect(parsed.ok ? "accepted" : parsed.error.code).toBe("SHAPE_TOO_LARGE");
    expect(parseStrictJson(anything, utf8("[1, 2]"), "it", 6)).toEqual({ ok: true, value: [1, 2] });
  });
});

describe("what a log entry says without a signature", () => {
  it.each<[string, 1 | 2, Change]>([
    ["another index, beside a promise", 1, (entry) => Object.assign(entry, { logIndex: "77" })],
    ["another index, beside a proof", 2, (entry) => Object.assign(entry, { logIndex: "77" })],
    ["a time that the log did not sign", 2, (entry) => Object.assign(entry, { integratedTime: "1700000000" })],
    ["another size", 1, (entry) => Object.assign(entry.inclusionProof, { treeSize: "1000" })],
    ["another root", 2, (entry) => Object.assign(entry.inclusionProof, { rootHash: base64(new Uint8Array(32)) })],
    ["another name for the log", 1, (entry) => resigned(entry, (line) => line.replace(/ \S+ /, " 127 "))],
    ["words between its signatures", 1, (entry) => resigned(entry, (line) => `so says\n${line}`)],
    ["words behind its signatures", 1, (entry) => resigned(entry, (line) => `${line}and so on\n`)],
    ["a signature that is no base64", 1, (entry) => resigned(entry, (line) => `${line}\u2014 witness !!!!\n`)],
    ["too many witnesses", 1, (entry) => resigned(entry, (line) => line + "\u2014 w AAAAAAAA\n".repeat(35))],
  ])("is refused: %s", (_, version, change) => {
    const bundle = altered(version === 1 ? v1 : v2, (json) => change(entryOf(json)));
    expect(codeOf(bundle)).toBe("ATTEST_LOG");
  });

  it("may be a witness's signature, whose key nobody here knows", () => {
    const bundle = altered(v2, (json) => resigned(entryOf(json), (line) => `${line}\u2014 witness.example AAAAAAAA\n`));
    expect(codeOf(bundle)).toBe("accepted");
  });

  it("is refused of an entry with neither promise nor proof of its index", () => {
    const keyId = Buffer.alloc(32);
    const entry = {
      ...{ logIndex: "1", logId: { keyId }, kindVersion: { kind: "dsse", version: "0.0.2" }, integratedTime: "0" },
      ...{ inclusionPromise: undefined, inclusionProof: undefined, canonicalizedBody: Buffer.alloc(1) },
    };
    expect(unsignedInEntry(entry)).toContain("index");
  });
});

describe("what surrounds the signed part of a timestamp", () => {
  const withToken = (change: (response: Element) => void) =>
    altered(v2, (json) => {
      const [one] = json.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
      const response = ASN1Obj.parseBuffer(Buffer.from(one.signedTimestamp, "base64"));
      change(response);
      one.signedTimestamp = base64(response.toDER());
    });

  it("is written again as it was when nothing is changed", () => {
    expect(codeOf(withToken(() => undefined))).toBe("accepted");
  });

  it.each<[string, (response: Element) => void]>([
    ["a status that refuses the request", (response) => at(response, 0, 0).value.fill(2)],
    ["words beside the status", (response) => at(response, 0).subs.push(at(response, 0, 0))],
    ["another version of the token", (response) => at(response, 1, 1, 0, 0).value.fill(9)],
    ["another digest than the signer's", (response) => at(response, 1, 1, 0, 1, 0, 0).value.set([3], 8)],
    ["a second element behind the signed one", (response) => repeat(at(response, 1, 1, 0, 2, 1, 0))],
    ["a second signer", (response) => repeat(signers(response))],
    ["another version of the signer", (response) => at(signers(response), 0, 0).value.fill(9)],
    ["an unknown signature algorithm", (response) => at(signers(response), 0, 4, 0).value.set([9], 7)],
    ["unsigned attributes", (response) => at(signers(response), 0).subs.push(at(signers(response), 0, 0))],
    ["something behind the token", (response) => response.subs.push(at(response, 0))],
  ])("is refused: %s", (_, change) => {
    expect(codeOf(withToken(change))).toBe("ATTEST_TIMESTAMP");
  });
});

describe("what surrounds the signed part of a certificate", () => {
  const withCertificate = (change: (certificate: Element) => void) =>
    altered(v1, (json) => {
      const certificate = ASN1Obj.parseBuffer(Buffer.from(json.verificationMaterial.certificate.rawBytes, "base64"));
      change(certificate);
      json.verificationMaterial.certificate.rawBytes = base64(certificate.toDER());
    });

  it.each<[string, (certificate: Element) => void]>([
    ["an unknown signature algorithm", (certificate) => at(certificate, 1, 0).value.set([9], 7)],
    [
      "parameters of the algorithm",
      (certificate) => at(certificate, 1).subs.push(ASN1Obj.parseBuffer(Buffer.of(5, 0))),
    ],
    ["unused bits in the signature", (certificate) => at(certificate, 2).value.set([7], 0)],
    ["something behind the signature", (certificate) => certificate.subs.push(at(certificate, 1))],
  ])("is refused: %s", (_, change) => {
    expect(codeOf(withCertificate(change))).toBe("ATTEST_CERTIFICATE");
  });
});

const { SALLYPORT_SUITES = "../shared/data" } = process.env;
const WRAPPED = resolve(
  import.meta.dirname,
  "../../..",
  SALLYPORT_SUITES,
  "sigstore/bundle-verify/rekor2-timestamp-with-incorrect-time_fail",
);

it.skipIf(!existsSync(WRAPPED))(
  `a real timestamp at a wrong time is refused for the time too, once its base64 has no line breaks${existsSync(WRAPPED) ? "" : " (SKIPPED: no suites)"}`,
  () => {
    const path = resolve(WRAPPED, "bundle.sigstore.json");
    const bundle = altered(readFileSync(path), (json) => {
      const [one] = json.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
      expect(one.signedTimestamp).toContain("\n");
      one.signedTimestamp = one.signedTimestamp.replaceAll("\n", "");
    });
    const root = unwrap(parseTrustedRoot(readFileSync(resolve(WRAPPED, "trusted_root.json"))));
    const artifact = { bytes: readFileSync(resolve(WRAPPED, "../a.txt")) };
    const verified = verifyArtifact(bundle, root, artifact, { identities: [] });
    expect(verified.ok ? "accepted" : verified.error.code).toBe("ATTEST_CERTIFICATE");
  },
);

type Element = ASN1Obj;

/** The element at a path of child numbers. */
function at(element: Element, ...path: readonly number[]): Element {
  return path.reduce((one, index) => {
    const next = one.subs[index];
    if (next === undefined) throw new Error(`no element ${index}`);
    return next;
  }, element);
}

function repeat(element: Element): void {
  element.subs.push(at(element, 0));
}

/** The last part of the token's signed data. */
function signers(response: Element): Element {
  const data = at(response, 1, 1, 0);
  return at(data, data.subs.length - 1);
}

/** Changes the checkpoint's signature lines. */
function resigned(entry: Json, change: (lines: string) => string): void {
  const { checkpoint } = entry.inclusionProof;
  const [head, lines] = checkpoint.envelope.split("\n\n");
  checkpoint.envelope = `${head}\n\n${change(lines)}`;
}

function base64Fields(json: Json): readonly [Json, string][] {
  const material = json.verificationMaterial;
  const [entry] = material.tlogEntries;
  return [
    [material.certificate, "rawBytes"],
    [material.timestampVerificationData.rfc3161Timestamps[0], "signedTimestamp"],
    [entry, "canonicalizedBody"],
    [entry.logId, "keyId"],
    [entry.inclusionPromise, "signedEntryTimestamp"],
    [entry.inclusionProof, "rootHash"],
    [json.dsseEnvelope, "payload"],
    [json.dsseEnvelope.signatures[0], "sig"],
  ];
}
