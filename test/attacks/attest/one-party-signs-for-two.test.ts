/** One for two: two independent parties are asked for, and one of them makes itself look like both. */
import { ECDH, generateKeyPairSync } from "node:crypto";
import { describe, it } from "vitest";
import { signByKey } from "../../../attest/publisher/index.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseSigner } from "../../../runtime/kernel/signer.ts";
import { envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, IDENTITY, type Json, policy, statement } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, PROVENANCE, parsed, RULE, refuses, requiring } from "./door.ts";

const at = door();
const [ci, second, qa] = [newSigner(), newSigner(), newSigner()];
const PARTIES = [
  { name: "ci", identities: [IDENTITY], keys: [ci.publicPem, second.publicPem] },
  { name: "qa", keys: [qa.publicPem] },
];
const TWO = { ...PROVENANCE, parties: ["ci", "qa"], threshold: 2 };
const two = requiring([TWO], { parties: PARTIES });
const ONE_OF_TWO = "1 of 2 parties have signed what is asked for; missing: qa";

describe("a threshold of two parties", () => {
  it.each<[string, () => Promise<Uint8Array>]>([
    ["one signature", () => provenanceBy(ci)],
    ["the same envelope twice", async () => copies(await provenanceBy(ci), 2)],
    ["the same envelope sixteen times", async () => copies(await provenanceBy(ci), 16)],
    [
      "the same envelope in other white space",
      async () => lines(await provenanceBy(ci), spaced(await provenanceBy(ci))),
    ],
    ["one key twice in one envelope", () => provenanceBy(ci, ci)],
    ["one signature copied under the other's key id", async () => impersonating(await provenanceBy(ci))],
    ["two keys of one party in one envelope", () => provenanceBy(ci, second)],
    ["two keys of one party in two envelopes", async () => lines(await provenanceBy(ci), await provenanceBy(second))],
    ["one identity in two bundles", async () => lines(at.honest, await at.sign())],
    ["identity and key of one party", async () => lines(at.honest, await provenanceBy(ci))],
    [
      "a plain envelope and a bundle by one key",
      async () => lines(await provenanceBy(ci), await signByKey(statement(), ci)),
    ],
    ["a stranger for the other", async () => lines(await provenanceBy(ci), await provenanceBy(newSigner()))],
    ["the other about another build", async () => lines(at.honest, await signedElse())],
  ])("is not met by one of them: %s", async (_, evidence) => {
    accepts(at.ask(await provenanceBy(ci, qa), { policy: two }));
    accepts(at.ask(lines(at.honest, await provenanceBy(qa)), { policy: two }));
    refuses(at.ask(await evidence(), { policy: two }), "ATTEST_THRESHOLD", "refusal", ONE_OF_TWO);
  });

  it("is not met by one whose signature was bent into another that also holds", async () => {
    // ECDSA: with (r, s) also (r, n - s) is a signature of the same key.
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const key = unwrap(parseSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString()));
    const bent = { ...key, sign: async (bytes: Uint8Array) => mirrored(await key.sign(bytes)) };
    const parties = [
      { name: "ci", keys: [key.publicPem] },
      { name: "qa", keys: [qa.publicPem] },
    ];
    const asked = requiring([TWO], { parties });
    accepts(at.ask(await provenanceBy(key, qa), { policy: asked }));
    accepts(at.ask(await provenanceBy(bent, qa), { policy: asked }));
    refuses(at.ask(await provenanceBy(key, bent), { policy: asked }), "ATTEST_THRESHOLD", "refusal", ONE_OF_TWO);
  });

  it("is not lowered by a policy that names one signer as two: it is refused as it is read", () => {
    const crlf = qa.publicPem.replaceAll("\n", "\r\n");
    const unlike = (one: object, other: object) => ({
      ...{ ...policy(), evidence: [{ ...RULE, require: [TWO] }] },
      parties: [
        { name: "ci", ...one },
        { name: "qa", ...other },
      ],
    });
    const said = /must be a policy in which each party has a name, identities and keys of its own/;
    const key = { keys: [qa.publicPem] };
    sees(parsed(unlike(key, key)), "SHAPE_MISMATCH", "refusal", said);
    sees(parsed(unlike(key, { keys: [crlf] })), "SHAPE_MISMATCH", "refusal", said);
    sees(parsed(unlike(key, { keys: [`of the laboratory\n${qa.publicPem}`] })), "SHAPE_MISMATCH", "refusal", said);
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const respelled = unlike({ keys: [pem] }, { keys: [otherSpelling(pem)] });
    sees(parsed(respelled), "SHAPE_MISMATCH", "refusal", /must be an Ed25519 or P-256 public key as PEM/);
    const identity = { identities: [IDENTITY] };
    sees(parsed(unlike(identity, identity)), "SHAPE_MISMATCH", "refusal", said);
    const turned = { subject: IDENTITY.subject, issuer: IDENTITY.issuer };
    sees(parsed(unlike(identity, { identities: [turned] })), "SHAPE_MISMATCH", "refusal", said);
    const names = {
      ...policy(),
      parties: PARTIES,
      evidence: [{ ...RULE, require: [{ ...TWO, parties: ["ci", "ci"] }] }],
    };
    sees(parsed(names), "SHAPE_MISMATCH", "refusal", /no threshold above their number/);
  });
});

/** The same P-256 key with its point in compressed form: another SubjectPublicKeyInfo, so another id. */
function otherSpelling(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
  const point = ECDH.convertKey(der.subarray(-65), "prime256v1", undefined, undefined, "compressed");
  const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
  const base64 = Buffer.concat([head, Buffer.from(point)]).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
}

const copies = (one: Uint8Array, count: number) => lines(...Array.from({ length: count }, () => one));
const spaced = (one: Uint8Array) => concatBytes(utf8(" "), one);
const signedElse = () => envelope(statement({ sourceUri: "git+https://git.example/acme/other" }), qa);

function impersonating(evidence: Uint8Array): Uint8Array {
  return altered(evidence, (json: Json) => {
    json.signatures.push({ ...json.signatures[0], keyid: qa.keyId });
  });
}

/** s to n - s, in DER. */
function mirrored(signature: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const rLength = signature[3] ?? 0;
  const r = signature.subarray(2, 4 + rLength);
  const s = BigInt(`0x${Buffer.from(signature.subarray(6 + rLength)).toString("hex")}`);
  const hex = (order - s).toString(16).padStart(64, "0");
  const bytes = Buffer.from((hex[0] ?? "") >= "8" ? `00${hex}` : hex, "hex");
  return Buffer.concat([Buffer.of(0x30, r.length + 2 + bytes.length), r, Buffer.of(0x02, bytes.length), bytes]);
}
