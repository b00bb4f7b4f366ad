/** Bundles of the kinds that door two does not take: signed by a key of one's own, or over bare bytes. */
import { generateKeyPairSync, sign } from "node:crypto";
import { bundleToJSON } from "@sigstore/bundle";
import {
  DSSEBundleBuilder,
  FulcioSigner,
  MessageSignatureBundleBuilder,
  RekorWitness,
  type Signer,
  TSAWitness,
} from "@sigstore/sign";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import type { FakeSigstore } from "../../fakes/sigstore.ts";
import { SUBJECT } from "./release.ts";

export interface OwnKey {
  readonly signer: Signer;
  readonly pem: string;
}

export function ownKey(hint: string): OwnKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const key = { $case: "publicKey" as const, publicKey: pem, hint };
  return { pem, signer: { sign: async (data) => ({ key, signature: sign("sha256", data, privateKey) }) } };
}

export function keyless({ tokenFor, fulcioUrl }: FakeSigstore): Signer {
  const identityProvider = { getToken: async () => tokenFor({ subject: SUBJECT }) };
  return new FulcioSigner({ fulcioBaseURL: fulcioUrl, identityProvider });
}

const witnesses = ({ rekorUrl, tsaUrl }: FakeSigstore) => [
  new RekorWitness({ rekorBaseURL: rekorUrl, majorApiVersion: 1 }),
  new TSAWitness({ tsaBaseURL: tsaUrl }),
];

export async function messageBundle(sigstore: FakeSigstore, signer: Signer, bytes: Uint8Array): Promise<Uint8Array> {
  const builder = new MessageSignatureBundleBuilder({ signer, witnesses: witnesses(sigstore) });
  return utf8(JSON.stringify(bundleToJSON(await builder.create({ data: Buffer.from(bytes) }))));
}

export async function envelopeBundle(
  sigstore: FakeSigstore,
  signer: Signer,
  payload: Uint8Array,
  type = "application/vnd.in-toto+json",
): Promise<Uint8Array> {
  const builder = new DSSEBundleBuilder({ signer, witnesses: witnesses(sigstore) });
  return utf8(JSON.stringify(bundleToJSON(await builder.create({ data: Buffer.from(payload), type }))));
}
