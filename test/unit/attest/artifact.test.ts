/** Bundles of every kind against one artifact: bound to its bytes, to a name or a pinned key, and to a verifiable time. */
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ArtifactBytes,
  judge,
  type PinnedKey,
  parsePinnedKey,
  parseTrustedRoot,
  type Signers,
  type TrustedRoot,
  verifyArtifact,
} from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { verifyDigest } from "../../conformance/sigstore/prehash.ts";
import { DEFAULT_ISSUER, type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { envelopeBundle, keyless, messageBundle, type OwnKey, ownKey } from "./bundles.ts";
import { altered, IDENTITY, type Json, question, refusals } from "./release.ts";

const BYTES = utf8("the artifact");
const OTHER: ArtifactBytes = { bytes: utf8("another artifact") };
const ARTIFACT: ArtifactBytes = { bytes: BYTES };
const DIGEST: ArtifactBytes = { sha256: sha256(BYTES), verifyDigest };
const NAMED: Signers = { identities: [IDENTITY] };

const statement = (changes: object = {}) =>
  utf8(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "artifact", digest: { sha256: sha256(BYTES) } }],
      predicateType: "https://example.com/any/v1",
      predicate: {},
      ...changes,
    }),
  );

let sigstore: FakeSigstore;
let trust: TrustedRoot;
let envelope: Uint8Array;
let message: Uint8Array;
let key: OwnKey;
let keyed: Uint8Array;
let keyedMessage: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  trust = unwrap(parseTrustedRoot(sigstore.trustedRoot));
  key = ownKey("key-1");
  [envelope, message, keyed, keyedMessage] = await Promise.all([
    envelopeBundle(sigstore, keyless(sigstore), statement()),
    messageBundle(sigstore, keyless(sigstore), BYTES),
    envelopeBundle(sigstore, key.signer, statement()),
    messageBundle(sigstore, key.signer, BYTES),
  ]);
});
afterAll(() => sigstore.close());

const ask = (bundle: Uint8Array, artifact: ArtifactBytes = ARTIFACT, signers: Signers = NAMED) =>
  verifyArtifact(bundle, trust, artifact, signers);
function codeOf(bundle: Uint8Array, artifact?: ArtifactBytes, signers?: Signers): string {
  const asked = ask(bundle, artifact, signers);
  return asked.ok ? "accepted" : asked.error.code;
}
const pinned = (pem: string, limits: Omit<PinnedKey, "key"> = {}): Signers => ({
  keys: [unwrap(parsePinnedKey(pem, limits))],
});

describe("an attestation", () => {
  it("holds for the artifact it speaks of, and says who signed it and when", () => {
    const held = unwrap(ask(envelope));
    expect(held.signer).toEqual(IDENTITY);
    expect(held.statement?.predicateType).toBe("https://example.com/any/v1");
    expect(held.signedTimesMs).toHaveLength(2);
    expect(codeOf(envelope, DIGEST)).toBe("accepted");
  });

  it("is refused for other bytes, which the library by itself does not compare", () => {
    expect(codeOf(envelope, OTHER)).toBe("ATTEST_SUBJECT_MISMATCH");
    const bundle = bundleFromJSON(JSON.parse(Buffer.from(envelope).toString()));
    const entity = toSignedEntity(bundle, Buffer.from("another artifact"));
    expect(() => new Verifier(trust.material).verify(entity)).not.toThrow();
  });

  it("may name its subject by SHA-512 alone, which bytes can be compared with and a SHA-256 cannot", async () => {
    const subject = [{ name: "artifact", digest: { sha512: sha512(BYTES) } }];
    const only512 = await envelopeBundle(sigstore, keyless(sigstore), statement({ subject }));
    expect(codeOf(only512)).toBe("accepted");
    expect(codeOf(only512, OTHER)).toBe("ATTEST_SUBJECT_MISMATCH");
    expect(codeOf(only512, DIGEST)).toBe("ATTEST_SUBJECT_MISMATCH");
  });

  it("is refused when the envelope says that its payload is of another type, however well it reads", async () => {
    const confused = await envelopeBundle(sigstore, keyless(sigstore), statement(), "application/json");
    expect(codeOf(confused)).toBe("ATTEST_BUNDLE_INVALID");
  });

  it("is refused when the payload says that it is another document", async () => {
    const confused = statement({ _type: "https://example.com/Report/v1" });
    expect(codeOf(await envelopeBundle(sigstore, keyless(sigstore), confused))).toBe("ATTEST_STATEMENT_TYPE");
  });
});

describe("a signature over bare bytes", () => {
  it("holds for these bytes, given themselves or by their digest", () => {
    expect(unwrap(ask(message))).toMatchObject({ signer: IDENTITY });
    expect(codeOf(message, DIGEST)).toBe("accepted");
    expect(codeOf(keyedMessage, DIGEST, pinned(key.pem))).toBe("accepted");
  });

  it("is refused for other bytes, given themselves or by their digest", () => {
    expect(codeOf(message, OTHER)).toBe("ATTEST_OTHER_BYTES");
    expect(codeOf(message, { sha256: sha256(utf8("another artifact")), verifyDigest })).toBe("ATTEST_OTHER_BYTES");
  });

  it("is refused when the bundle only says that it is over these bytes", () => {
    const digest = Buffer.from(sha256(utf8("another artifact")), "hex").toString("base64");
    const claims = altered(message, (json) => Object.assign(json.messageSignature.messageDigest, { digest }));
    expect(codeOf(claims, OTHER)).toBe("ATTEST_LOG");
    expect(codeOf(claims)).toBe("ATTEST_OTHER_BYTES");
  });

  it("is refused by its digest alone when nothing vouches for the signature", () => {
    expect(codeOf(message, { ...DIGEST, verifyDigest: () => false })).toBe("ATTEST_SIGNATURE");
    expect(codeOf(keyedMessage, DIGEST, pinned(ownKey("key-1").pem))).toBe("ATTEST_SIGNATURE");
  });

  it("is refused with a digest of a kind that cannot be compared", () => {
    const kind = (algorithm: string) =>
      altered(message, (json) => Object.assign(json.messageSignature.messageDigest, { algorithm }));
    expect(codeOf(kind("SHA3_256"))).toBe("ATTEST_BUNDLE_INVALID");
    expect(codeOf(kind("SHA2_512"), DIGEST)).toBe("ATTEST_BUNDLE_INVALID");
    expect(codeOf(kind("SHA2_512"))).toBe("ATTEST_OTHER_BYTES");
  });
});

describe("a name", () => {
  it("is who was asked for, or the bundle is refused", () => {
    const stranger = { issuer: DEFAULT_ISSUER, subject: `${IDENTITY.subject}-evil` };
    for (const one of [envelope, message]) {
      expect(codeOf(one, ARTIFACT, { identities: [stranger] })).toBe("ATTEST_SIGNER");
      expect(codeOf(one, ARTIFACT, { identities: [stranger, IDENTITY] })).toBe("accepted");
    }
  });

  it("may be asked for by a pattern", () => {
    const by = (subjectPattern: string) => ({ identities: [{ issuer: DEFAULT_ISSUER, subjectPattern }] });
    expect(codeOf(envelope, ARTIFACT, by(IDENTITY.subject.replace("/app/", "/*/")))).toBe("accepted");
    expect(codeOf(envelope, ARTIFACT, by(IDENTITY.subject.replace("/app/", "/apps*/")))).toBe("ATTEST_SIGNER");
  });

  it("must be asked for: nobody named means nobody accepted", () => {
    expect(codeOf(envelope, ARTIFACT, { identities: [] })).toBe("ATTEST_SIGNER");
    expect(codeOf(keyed, ARTIFACT, { keys: [] })).toBe("ATTEST_KEY");
  });
});

describe("a pinned key", () => {
  it("vouches for what it signed, and no signer's name is made up", () => {
    const held = unwrap(ask(keyed, ARTIFACT, pinned(key.pem)));
    expect(held.signer).toBeUndefined();
    expect(held.statement).toBeDefined();
    expect(codeOf(keyedMessage, ARTIFACT, pinned(key.pem))).toBe("accepted");
  });

  it("is refused when it is another one, also under the same name", () => {
    const other = ownKey("key-1");
    for (const one of [keyed, keyedMessage]) {
      expect(codeOf(one, ARTIFACT, pinned(other.pem))).toBe("ATTEST_SIGNATURE");
      expect(codeOf(one, ARTIFACT, pinned(other.pem, { hint: "key-1" }))).toBe("ATTEST_SIGNATURE");
      expect(codeOf(one, ARTIFACT, pinned(key.pem, { hint: "key-2" }))).toBe("ATTEST_KEY");
    }
  });

  it("holds within its time only, and any of its times may cover a signature", () => {
    const [past, always] = [
      { from: 0, to: 1 },
      { from: 0, to: 8.64e15 },
    ].map((validMs) => unwrap(parsePinnedKey(key.pem, { hint: "key-1", validMs }))) as [PinnedKey, PinnedKey];
    expect(codeOf(keyed, ARTIFACT, { keys: [past] })).toBe("ATTEST_KEY");
    expect(codeOf(keyed, ARTIFACT, { keys: [past, always] })).toBe("accepted");
  });

  it("lends its times to no other key of the same name", () => {
    const past = unwrap(parsePinnedKey(key.pem, { hint: "key-1", validMs: { from: 0, to: 1 } }));
    const other = unwrap(parsePinnedKey(ownKey("key-1").pem, { hint: "key-1" }));
    expect(codeOf(keyed, ARTIFACT, { keys: [past, other] })).toBe("ATTEST_KEY");
  });

  it("and a certificate do not stand in for each other", () => {
    expect(codeOf(envelope, ARTIFACT, pinned(key.pem))).toBe("ATTEST_KEY");
    expect(codeOf(keyed)).toBe("ATTEST_KEY");
  });

  it("that cannot be read is refused, not thrown", () => {
    for (const one of ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", new Uint8Array([48, 0])]) {
      const parsed = parsePinnedKey(one);
      expect(parsed.ok ? "accepted" : parsed.error.code).toBe("ATTEST_KEY");
    }
  });

  it("is what door two takes only where the policy names it", () => {
    expect(refusals(judge(question(sigstore, keyed)))).toEqual(["certificate: ATTEST_KEY"]);
    expect(refusals(judge(question(sigstore, message)))).toEqual(["bundle: ATTEST_BUNDLE_INVALID"]);
  });
});

describe("without a verifiable time", () => {
  const timeless = (json: Json) => {
    json.verificationMaterial.tlogEntries = [];
    json.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [] };
  };

  it("a bundle is refused, whatever kind it is", () => {
    expect(codeOf(altered(envelope, timeless))).toBe("ATTEST_NO_TIME");
    expect(codeOf(altered(message, timeless))).toBe("ATTEST_NO_TIME");
    expect(codeOf(altered(keyed, timeless), ARTIFACT, pinned(key.pem))).toBe("ATTEST_NO_TIME");
    expect(refusals(judge(question(sigstore, altered(envelope, timeless))))).toEqual(["timestamps: ATTEST_NO_TIME"]);
  });

  it("a bare envelope with a certificate is refused for what it is", () => {
    const { dsseEnvelope, verificationMaterial } = JSON.parse(Buffer.from(envelope).toString());
    const cert = verificationMaterial.certificate.rawBytes;
    const signatures = [{ ...dsseEnvelope.signatures[0], cert }];
    const bare = utf8(JSON.stringify({ ...dsseEnvelope, signatures }));
    expect(codeOf(bare)).toBe("ATTEST_NO_TIME");
    expect(refusals(judge(question(sigstore, bare)))).toEqual(["bundle: ATTEST_NO_TIME"]);
  });
});

describe("bounds", () => {
  it.each(["bundle+json;version=0.4", "bundle.v0.9+json", "bundle.v0.3+jsonp", "bundle+json;version=0.30"])(
    "refuse a version that is not known: %s",
    (version) => {
      const mediaType = `application/vnd.dev.sigstore.${version}`;
      expect(codeOf(altered(envelope, (json) => Object.assign(json, { mediaType })))).toBe("ATTEST_BUNDLE_INVALID");
    },
  );

  it.each<[string, (json: Json) => void]>([
    ["more certificates than any honest chain has", (json) => chained(json, 9)],
    ["an inclusion proof that nobody signed", (json) => delete chained(json, 1).inclusionProof.checkpoint],
  ])("refuse %s", (_, change) => {
    expect(codeOf(altered(envelope, change))).toBe("ATTEST_BUNDLE_INVALID");
    expect(codeOf(altered(envelope, (json) => void chained(json, 1)))).toBe("accepted");
  });

  /** As version 0.1 writes it; gives its log entry. */
  function chained(json: Json, count: number): Json {
    const { certificate, ...material } = json.verificationMaterial;
    json.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1";
    json.verificationMaterial = { ...material, x509CertificateChain: { certificates: Array(count).fill(certificate) } };
    return json.verificationMaterial.tlogEntries[0];
  }
});
